"""Reads YAML, and says file and line where it cannot."""

from __future__ import annotations

from typing import Any

from workspace_checks import toml
from workspace_checks.errors import WorkspaceError


def read(path: str, content: bytes | str) -> Any:
    """The document, refused with its line where it does not parse or is in conflict."""
    import yaml

    written = content if isinstance(content, str) else toml.text(path, content)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where it was built in: ten times as fast
    try:
        return yaml.load(written, Loader=loader)  # noqa: S506 - both loaders are the safe one
    except yaml.YAMLError as error:
        line = toml.conflict(written)
        if line:
            raise WorkspaceError(
                f"{path}:{line}: the marks of a merge conflict.", "Resolve it, stage the file and try again."
            ) from None
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise WorkspaceError(
            f"{path}:{mark.line + 1 if mark else 1}: no valid YAML: {what}.", "Mend the line and try again."
        ) from None
