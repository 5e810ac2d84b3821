"""Reads the commands of package.json, Makefiles, shell scripts and READMEs, each with its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Script

_EXPORT = re.compile(r"^export\s+([A-Za-z_][A-Za-z0-9_]*)\s*[:?]?=\s*\S", re.MULTILINE | re.ASCII)
_RULE = re.compile(r"[^\t#=][^#=]*?:(?!=)[^;=]*;(?P<recipe>.*)")
_FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>```+|~~~+)(?:bash|sh|shell|console)\b[^\n]*\n"
    r"(?P<commands>.*?)^(?P=indent)(?P=fence)",
    re.MULTILINE | re.DOTALL,
)
_VARIABLE = re.compile(r"\$(?:\((?P<round>[^()]*)\)|\{(?P<curly>[^{}]*)\})")


def package(path: str, text: str) -> Iterator[Script]:
    """The scripts of a package.json, and the hooks that husky once kept and lint-staged keeps there."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise WorkspaceError(
            f"{path}:{error.lineno}: this is no JSON: {error.msg}.", "Mend that line and try again."
        ) from None
    except RecursionError:
        raise WorkspaceError(
            f"{path}:1: this is nested too deeply.", "Mend the file and try again."
        ) from None
    about = document if isinstance(document, dict) else {}
    husky = about.get("husky")
    places = (
        ("scripts", about.get("scripts")),
        ("hooks", husky.get("hooks") if isinstance(husky, dict) else None),
        ("lint-staged", about.get("lint-staged")),
    )
    for section, table in places:
        found = re.search(rf'"{section}"\s*:\s*\{{', text)
        for name, command in (table if isinstance(table, dict) else {}).items():
            key = text.find(json.dumps(name, ensure_ascii=False), found.end() if found else 0)
            line = text.count("\n", 0, max(key, 0)) + 1
            for one in command if isinstance(command, list) else [command]:
                if isinstance(one, str):
                    yield Script(path, line, one, folded=True)


def makefile(path: str, text: str) -> Iterator[Script]:
    """Every line of a recipe, with those that continue it; `$(NAME)` is left to make, `$$` is the shell's `$`."""
    given = frozenset(_EXPORT.findall(text))
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        start, block = at, lines[at]
        while lines[at].endswith("\\") and at + 1 < len(lines):
            at += 1
            block += "\n" + lines[at].removeprefix("\t")
        at += 1
        rule = _RULE.match(block)
        recipe = block[1:] if block.startswith("\t") else rule["recipe"] if rule else ""
        if recipe.strip():
            yield Script(path, start + 1, _of_make(recipe.lstrip("@-+ \t")), given)


def markdown(path: str, text: str) -> Iterator[Script]:
    """The fenced blocks of shell commands, prompts taken off; they are told and not run."""
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start("commands")) + 1
        commands = re.sub(r"^\s*\$ ", "", match["commands"], flags=re.MULTILINE)
        yield Script(path, line, commands, told=True, borrowed=True)


def shell(path: str, text: str) -> Iterator[Script]:
    """The file as it is."""
    yield Script(path, 1, text)


def _of_make(recipe: str) -> str:
    """As the shell gets it: make's own expressions stand as `${{ ... }}`, which nothing looks into."""
    kept = recipe.replace("$$", "\0")
    named = _VARIABLE.sub(lambda match: f"${{{{ {match['round'] or match['curly'] or ''} }}}}", kept)
    return named.replace("\0", "$")
