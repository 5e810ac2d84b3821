"""Says whether uv.lock is what the manifests ask for. Reads only: the lock is never written."""

from __future__ import annotations

from pathlib import Path

from workspace_checks import tree, uv
from workspace_checks.errors import StaleLock, WorkspaceError

# `uv lock --check` ends with 1 when the lock would change, and with 2 when it cannot tell: a manifest or
# lock that does not parse, a member without its manifest, no matching Python, no network.
_FRESH, _STALE = 0, 1


def check(root: Path) -> str:
    """One line when the lock is fresh; `StaleLock` when it is not, `WorkspaceError` when nobody can tell."""
    lock = tree.repository(root) / "uv.lock"
    if not lock.is_file():
        raise StaleLock(f"{lock} is missing.", f"Run `{uv.typed(root)} lock` and commit uv.lock.")
    answer = uv.ask(root, "lock", "--check")
    if answer.code == _FRESH:
        return "uv.lock is fresh (work tree)."
    if answer.code == _STALE:
        raise StaleLock(
            "uv.lock is not what the pyproject.toml files ask for (work tree).",
            f"Run `{uv.typed(root)} lock` and commit uv.lock with the change.\nuv said:\n{answer.text}",
        )
    raise WorkspaceError(
        f"uv could not judge uv.lock (exit {answer.code}).",
        f"Mend what it names and try again. uv said:\n{answer.text}",
    )
