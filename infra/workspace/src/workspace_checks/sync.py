"""Installs every member from the lock, which is never rewritten."""

from __future__ import annotations

from pathlib import Path

from workspace_checks import uv
from workspace_checks.check import check
from workspace_checks.errors import WorkspaceError

# --locked, not --frozen: a lock that went stale in between ends the run and is left alone.
ARGUMENTS = ("sync", "--locked", "--all-packages")


def sync(root: Path) -> None:
    """Bring the project's environment to the lock, all members included; refused while the lock is stale."""
    check(root)
    code = uv.show(root, *ARGUMENTS)
    if code != 0:
        raise WorkspaceError(
            f"uv sync ended with exit {code}; uv.lock is as it was.", "uv names the reason above: mend it."
        )
