"""Lockfile and workspace: is what is locked what is asked for, and is it installed?"""

from __future__ import annotations

import os

from invoke.context import Context

from tasks._options import ROOT, dry, required
from tasks._task import task


@task(
    default=True,
    help={
        "from": "What to judge: index, worktree, HEAD or any revision. "
        "Default: index in a hook, HEAD in CI, else worktree.",
        "json": "Print one JSON object. Default: off.",
        "github": "Also print GitHub annotations. Default: on where GITHUB_ACTIONS is true.",
    },
)
def check(c: Context, *, from_: str = "", json: bool = False, github: bool = False) -> int:
    """Say whether every lock is what the manifests ask for, and whether a clone would have them all.

    Judges what will be committed; never rewrites a lock, never asks the network, asks uv only about a lock that
    is not evidently fresh. Exit 0 when all is well, 3 when there are findings, 2 when nobody can tell.

    Example: inv deps.check --from index
    """
    from workspace_checks.check import examine

    report = examine(ROOT, from_)
    if not (json or report.findings or report.notes):
        print(report.said)
        return 0
    from workspace_checks import say

    if json:
        from json import dumps

        print(dumps(say.document(report), indent=2))
    else:
        annotated = github or os.environ.get("GITHUB_ACTIONS") == "true"
        print(say.github(report) if annotated else say.lines(report))
    return report.exit_code


@task(
    help={
        "staged": "Lock what is staged and stage the result, as the commit hook does. Default: the work tree."
    }
)
def fix(c: Context, *, staged: bool = False) -> int:
    """Lock anew whatever is stale, and touch no edit that is not staged; resolves a conflicted lock.

    In a hook `[tool.workspace-checks] hook = "check"` in pyproject.toml makes it say what is wrong instead.

    Example: inv deps.fix --staged
    """
    from workspace_checks.fix import fix as fix_locks

    if dry(c):
        print(f"Would lock what is stale, {'of the index' if staged else 'of the work tree'}.")
        return 0
    done = fix_locks(ROOT, staged=staged)
    print("\n".join(done.lines))
    return done.exit_code


@task(help={"member": "Only this member, by its name; the others stay as installed. Default: all."})
def sync(c: Context, *, member: str = "") -> None:
    """Install every member of the workspace from the locks; refuses a stale lock, never rewrites it.

    Example: inv deps.sync --member ecs-local
    """
    from workspace_checks import sync as installer

    if dry(c):
        print("\n".join(f"Would run: {step}" for step in installer.plan(ROOT, member)))
        return
    installer.sync(ROOT, member)


@task(help={"path": "Folder of the new member, as seen from the root. Required."})
def add_member(c: Context, *, path: str = "") -> None:
    """Take a folder into the uv or pnpm workspace: its manifest's line, its source, its group.

    Example: inv deps.add-member --path infra/billing
    """
    from workspace_checks import manifest_member

    wanted = required("path", path, "the folder of the new member")
    _told(manifest_member.add(ROOT, wanted, dry=dry(c)), f"{wanted} is a member already.", dry=dry(c))


@task(
    help={
        "name": "The dependency, as members ask for it. Required.",
        "bound": 'The bound to write, as in ">=1.2,<2". Default: what all members allow together.',
    }
)
def align(c: Context, *, name: str = "", bound: str = "") -> None:
    """Give a dependency one bound in every member of the workspace; comments and order stay.

    Example: inv deps.align --name pyyaml
    """
    from workspace_checks import manifest_align

    wanted = required("name", name, "the name of a dependency")
    _told(
        manifest_align.align(ROOT, wanted, bound, dry=dry(c)), f"{wanted} has one bound already.", dry=dry(c)
    )


def _told(changes: list[str], none: str, *, dry: bool) -> None:
    print("\n".join(f"Would change {change}" if dry else change for change in changes) or none)
    if changes and not dry:
        print("Bring the lock to it with: inv deps.fix")
