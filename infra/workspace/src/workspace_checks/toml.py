"""Reads TOML, and says file and line where it cannot."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from workspace_checks.errors import WorkspaceError

_CONFLICT = r"(?m)^(?:<{7}|>{7}|\|{7}) ?|^={7}$"


def text(path: str, content: bytes) -> str:
    """The file as text; refused, with the line, where it is not UTF-8."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise WorkspaceError(
            f"{path}:{line}: not UTF-8.", "Save the file as UTF-8 and try again; TOML allows nothing else."
        ) from None


def read(path: str, content: bytes) -> dict[str, Any]:
    """The document; refused, with the line, where it does not parse or is in conflict."""
    written = text(path, content)
    try:
        return tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        line = conflict(written)
        if line:
            raise WorkspaceError(
                f"{path}:{line}: the marks of a merge conflict.", "Resolve it, stage the file and try again."
            ) from None
        at = re.search(r"\(at line (\d+)", str(error))
        number = at[1] if at else str(written.count("\n") + 1)
        what = str(error).partition(" (at ")[0]
        raise WorkspaceError(
            f"{path}:{number}: no valid TOML: {what}.", "Mend the line and try again."
        ) from None
    except RecursionError:
        raise WorkspaceError(f"{path}:1: nested too deeply.", "No manifest needs that: mend it.") from None


def conflict(written: str) -> int:
    """The first line that bears the marks of a merge conflict, or 0."""
    if "<<<<<<<" not in written and ">>>>>>>" not in written and "\n=======\n" not in written:
        return 0  # nearly always, and much faster
    match = re.search(_CONFLICT, written)
    return written.count("\n", 0, match.start()) + 1 if match else 0


def line_of(written: str, *needles: str) -> int:
    """The line where the first of the needles that is there stands; 1 where none is."""
    for needle in needles:
        at = written.find(needle)
        if at >= 0:
            return written.count("\n", 0, at) + 1
    return 1


def table(document: Any, *names: str) -> dict[str, Any]:
    """The table at that path, empty where there is none or something else."""
    found = document
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def strings(value: Any) -> list[str]:
    """The strings of a list; empty where it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
