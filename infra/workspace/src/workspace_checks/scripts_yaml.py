"""Reads workflows, composite actions and hook configurations, each command with the line it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Script, Use

if TYPE_CHECKING:
    import yaml

_POSIX = re.compile(r"(.*/)?(ba|da|z)?sh\b")
_NO_COMMAND = frozenset({"fail", "pygrep"})  # languages of hooks whose entry is a pattern or a message
_LATER = re.compile(r"\b([A-Za-z_][A-Za-z0-9_]*)=.*GITHUB_ENV")


def workflow(path: str, text: str) -> Iterator[Script | Use]:
    """The `run` of every step and the `uses` of every job and step; `env` counts at all three levels."""
    top = _mapping(_document(path, text))
    for job in _mapping(top.get("jobs")).values():
        about = _mapping(job)
        shell = _default_shell(about) or _default_shell(top)
        yield from _uses(path, about)
        yield from _steps(path, about.get("steps"), _names(top) | _names(about), shell, borrowed=False)


def action(path: str, text: str) -> Iterator[Script | Use]:
    """The same of a composite action, whose caller may set more."""
    runs = _mapping(_mapping(_document(path, text)).get("runs"))
    yield from _steps(path, runs.get("steps"), frozenset(), "", borrowed=True)


def hooks(path: str, text: str) -> Iterator[Script | Use]:
    """The entry of every hook of this repository, and the id of every hook of another one."""
    for repository in _items(_mapping(_document(path, text)).get("repos")):
        about = _mapping(repository)
        local = _text(about.get("repo")) in {"local", "meta"}
        for node in _items(about.get("hooks")):
            hook = _mapping(node)
            name, entry = hook.get("id"), hook.get("entry")
            if entry is not None and _text(hook.get("language")) not in _NO_COMMAND:
                words = [_text(entry), *(_text(argument) for argument in _items(hook.get("args")))]
                yield Script(path, _line(entry), " ".join(words), folded=True)
            elif name is not None and not local:
                yield Use(path, _line(name), "hook", _text(name))


def _steps(
    path: str, steps: yaml.Node | None, given: frozenset[str], shell: str, *, borrowed: bool
) -> Iterator[Script | Use]:
    for node in _items(steps):
        step = _mapping(node)
        yield from _uses(path, step)
        run = step.get("run")
        spoken = _text(step.get("shell")) or shell
        if run is None or (spoken and not _POSIX.match(spoken)):
            continue
        yield _script(path, run, given | _names(step), borrowed=borrowed)
        given = given | frozenset(_LATER.findall(_text(run)))  # set for the steps after it


def _uses(path: str, about: Mapping[str, yaml.Node]) -> Iterator[Use]:
    uses = about.get("uses")
    if uses is not None and not _text(uses).startswith("."):
        yield Use(path, _line(uses), "action", _text(uses).partition("@")[0])


def _script(path: str, node: yaml.Node, given: frozenset[str], *, borrowed: bool) -> Script:
    literal = getattr(node, "style", None) == "|"
    line = _line(node) + (1 if literal else 0)
    return Script(path, line, _text(node), given, folded=not literal, borrowed=borrowed)


def _default_shell(about: Mapping[str, yaml.Node]) -> str:
    return _text(_mapping(_mapping(about.get("defaults")).get("run")).get("shell"))


def _names(about: Mapping[str, yaml.Node]) -> frozenset[str]:
    """The variables that an `env` sets; one that is set to nothing is as good as not set."""
    return frozenset(name for name, value in _mapping(about.get("env")).items() if _text(value).strip())


def _document(path: str, text: str) -> yaml.Node | None:
    """The document as nodes, which know their lines; nothing is constructed from it."""
    import yaml

    loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise WorkspaceError(
            f"{path}:{line}: this is no YAML: {error.problem or error.context or 'it cannot be read'}.",
            "Mend that line and try again.",
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = str(error).splitlines() or ["it cannot be read"]
        raise WorkspaceError(
            f"{path}:1: this is no YAML: {said[0]}.", "Mend the file and try again."
        ) from None


def _mapping(node: yaml.Node | None) -> Mapping[str, yaml.Node]:
    pairs = node.value if node is not None and getattr(node, "id", "") == "mapping" else []
    return {_text(key): value for key, value in pairs}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value) if node is not None and getattr(node, "id", "") == "sequence" else []


def _text(node: yaml.Node | None) -> str:
    return str(node.value) if node is not None and getattr(node, "id", "") == "scalar" else ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
