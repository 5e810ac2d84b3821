"""Lockfile and workspace: is what is locked what is asked for, and is it installed?"""

from __future__ import annotations

import os

from tasks import _given as options
from tasks._given import Given
from tasks._options import GITHUB
from tasks._place import ROOT
from tasks._task import task

FROM = options.text(
    "from",
    "What to judge: index, worktree, HEAD or any revision. Default: index in a hook, HEAD in CI, else worktree.",
)
JSON = options.switch("json", "Print one JSON object. Default: off.")
STAGED = options.switch(
    "staged", "Lock what is staged and stage the result, as the commit hook does. Default: the work tree."
)
MEMBER = options.text("member", "Only this member, by its name; the others stay as installed. Default: all.")
PATH = options.needed(
    "path", "Folder of the new member, as seen from the root. Required.", "the folder of the new member"
)
NAME = options.needed("name", "The dependency, as members ask for it. Required.", "the name of a dependency")
BOUND = options.text(
    "bound", 'The bound to write, as in ">=1.2,<2". Default: what all members allow together.'
)


@task(FROM, JSON, GITHUB, default=True)
def check(given: Given) -> int:
    """Say whether every lock is what the manifests ask for, and whether a clone would have them all.

    Judges what will be committed; never rewrites a lock, never asks the network, asks uv only about a lock that
    is not evidently fresh. Exit 0 when all is well, 3 when there are findings, 2 when nobody can tell.

    Example: inv deps.check --from index
    """
    from workspace_checks.check import examine

    report = examine(ROOT, given[FROM])
    if not (given[JSON] or report.findings or report.notes):
        print(report.said)
        return 0
    from workspace_checks import say

    if given[JSON]:
        from json import dumps

        print(dumps(say.document(report), indent=2))
    else:
        annotated = given[GITHUB] or os.environ.get("GITHUB_ACTIONS") == "true"
        print(say.github(report) if annotated else say.lines(report))
    return report.exit_code


@task(STAGED)
def fix(given: Given) -> int:
    """Lock anew whatever is stale, and touch no edit that is not staged; resolves a conflicted lock.

    In a hook `[tool.workspace-checks] hook = "check"` in pyproject.toml makes it say what is wrong instead.

    Example: inv deps.fix --staged
    """
    from workspace_checks.fix import fix as fix_locks

    if given.dry:
        print(f"Would lock what is stale, {'of the index' if given[STAGED] else 'of the work tree'}.")
        return 0
    done = fix_locks(ROOT, staged=given[STAGED])
    print("\n".join(done.lines))
    return done.exit_code


@task(MEMBER)
def sync(given: Given) -> None:
    """Install every member of the workspace from the locks; refuses a stale lock, never rewrites it.

    Example: inv deps.sync --member ecs-local
    """
    from workspace_checks import sync as installer

    if given.dry:
        print("\n".join(f"Would run: {step}" for step in installer.plan(ROOT, given[MEMBER])))
        return
    installer.sync(ROOT, given[MEMBER])


@task(PATH)
def add_member(given: Given) -> None:
    """Take a folder into the uv or pnpm workspace: its manifest's line, its source, its group.

    Example: inv deps.add-member --path infra/billing
    """
    from workspace_checks import manifest_member

    changes = manifest_member.add(ROOT, given[PATH], dry=given.dry)
    _told(changes, f"{given[PATH]} is a member already.", dry=given.dry)


@task(NAME, BOUND)
def align(given: Given) -> None:
    """Give a dependency one bound in every member of the workspace; comments and order stay.

    Example: inv deps.align --name pyyaml
    """
    from workspace_checks import manifest_align

    changes = manifest_align.align(ROOT, given[NAME], given[BOUND], dry=given.dry)
    _told(changes, f"{given[NAME]} has one bound already.", dry=given.dry)


def _told(changes: list[str], none: str, *, dry: bool) -> None:
    print("\n".join(f"Would change {change}" if dry else change for change in changes) or none)
    if changes and not dry:
        print("Bring the lock to it with: inv deps.fix")
