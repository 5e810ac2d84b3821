"""Lockfile and workspace: is what is locked what is asked for, and is it installed?"""

from __future__ import annotations

from invoke.context import Context

from tasks._options import ROOT, dry
from tasks._task import task


@task(default=True)
def check(c: Context) -> None:
    """Say whether uv.lock is what the manifests ask for; never rewrites it.

    Exit 0 when it is, 3 when it is not, 2 when uv is missing or cannot tell.

    Example: inv deps.check
    """
    from workspace_checks.check import check as check_lock

    print(check_lock(ROOT))


@task
def sync(c: Context) -> None:
    """Install every member of the workspace from the lock; refuses a stale lock, never rewrites it.

    Example: inv deps.sync
    """
    from workspace_checks.sync import ARGUMENTS
    from workspace_checks.sync import sync as sync_members

    if dry(c):
        print(f"Would run: uv {' '.join(ARGUMENTS)}")
        return
    sync_members(ROOT)
