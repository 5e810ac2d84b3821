"""Reads [tool.workspace-checks.scripts] of pyproject.toml: what may go past the tree, and which scripts to read.

[tool.workspace-checks.scripts]
shell = [".ci/run"]
skip = ["tests/samples/*"]
allow = [
    { file = ".github/*", command = "pip install uv", reason = "nothing of the tree is installed yet" },
]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workspace_checks import toml
from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Allowance, Rules

_WHERE = "[tool.workspace-checks.scripts]"
_FIELDS = ("file", "command", "reason")


def read(text: str) -> Rules:
    """The rules in the text of pyproject.toml; refused, with the line, where one cannot be understood."""
    table = toml.table(toml.read("pyproject.toml", text.encode()), "tool", "workspace-checks", "scripts")
    unknown = sorted(set(table) - {"allow", "shell", "skip"})
    if unknown:
        raise WorkspaceError(
            f"pyproject.toml: {_WHERE} has no {unknown[0]}.", "It knows allow, shell and skip."
        )
    allow = tuple(_allowances(table.get("allow", []), text))
    return Rules(allow, _strings(table, "shell"), _strings(table, "skip"))


def _allowances(entries: Any, text: str) -> Iterator[Allowance]:
    for entry in entries if isinstance(entries, list) else [entries]:
        if (
            not isinstance(entry, dict)
            or set(entry) != set(_FIELDS)
            or not all(isinstance(entry[field], str) and entry[field].strip() for field in _FIELDS)
        ):
            raise WorkspaceError(
                f"pyproject.toml: an entry of allow under {_WHERE} is {entry!r}.",
                'Write it as { file = ".github/*", command = "pip install uv", reason = "why" }; all three are needed.',
            )
        yield Allowance(**entry, line=toml.line_of(text, f'"{entry["command"]}"', entry["command"]))


def _strings(table: dict[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise WorkspaceError(
            f"pyproject.toml: {key} under {_WHERE} is {value!r}.", 'Write it as [".ci/run", "scripts/*.sh"].'
        )
    return tuple(value)
