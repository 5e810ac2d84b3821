"""Brings every lock to what its manifests ask for: of the work tree, or exactly of what is staged.

Staged, it locks a snapshot of the index and stages the result. What is edited and not staged takes no part in
that and is never touched: the lock on disk is written only where it holds nothing of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workspace_checks import fix_write, git, judge, memo, relock, runner, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.examine import case_of, fresh
from workspace_checks.findings import FOUND
from workspace_checks.judge import Case, Part
from workspace_checks.snapshot import snapshot
from workspace_checks.tree import INDEX, WORKTREE, Tree
from workspace_checks.uv_lock_ask import KEPT, needs_all


@dataclass(frozen=True)
class Fixed:
    """What was done, a line each. `exit_code` is 3 where a hook must be run once more."""

    lines: tuple[str, ...]
    exit_code: int = 0


def fix(root: Path, *, staged: bool, environ: Mapping[str, str] | None = None) -> Fixed:
    """Lock what is stale, of the index (`staged`) or of the work tree; a lock that is fresh stays as it is."""
    given = os.environ if environ is None else environ
    place = tree.where(root)
    loaded = tree.load(place, INDEX if staged else WORKTREE)
    said = memo.recall(loaded, memo.key(loaded))
    if said is not None:
        return Fixed((f"{said} ({loaded.label}); nothing to do.",))
    case = case_of(loaded)
    if staged and runner.in_hook(given) and judge.config(case.contents).get("hook") == "check":
        return _checked(root)
    parts = judge.judge(case._replace(unmerged=loaded.unmerged)).parts
    due = [part for part in parts if part.stale or part.unsure]
    if not due:
        return Fixed((f"{fresh([part.lock for part in parts])} ({loaded.label}); nothing to do.",))
    locks = {part.lock: _locked(loaded, case, part) for part in due}
    changed = {path: content for path, content in locks.items() if content != case.contents.get(path)}
    if not changed:
        return Fixed((f"{fresh([part.lock for part in parts])} ({loaded.label}), says uv; nothing to do.",))
    if not staged:
        for path, content in changed.items():
            fix_write.replace(loaded.place.root / path, content)
        return Fixed(tuple(f"{path} was locked anew; commit it with the change." for path in changed))
    if commit := runner.of_some_paths(place, given):
        raise _refused(loaded, commit)
    return _stage(loaded, changed, runner.hidden(given))


def _checked(root: Path) -> Fixed:
    """The setting `hook = "check"`: a hook says what is wrong, and mends nothing."""
    from workspace_checks import check, say

    report = check.examine(root, INDEX)
    return Fixed((say.lines(report),), report.exit_code)


def _locked(loaded: Tree, case: Case, part: Part) -> bytes:
    """What the lock should hold, made in a snapshot. Locking starts from the lock there is, ours in a conflict."""
    now = fix_write.start(loaded, case, part.lock)
    if part.workspace is None:
        kept = {
            path: content for path, content in case.contents.items() if not path.startswith(judge.WORKFLOWS)
        }
    else:
        kept = {path: content for path, content in case.contents.items() if path.rpartition("/")[2] in KEPT}
    kept.pop(part.lock, None)
    if now:
        kept[part.lock] = now
    whole = part.workspace is None or needs_all(part.workspace, case)
    with snapshot(loaded, kept, folders=part.workspace.empty if part.workspace else (), whole=whole) as root:
        if whole and not now:
            (root / part.lock).unlink(missing_ok=True)
        folder = (root / part.lock).parent
        if part.workspace is None:
            relock.with_pnpm(folder, loaded.place.root)
        else:
            relock.with_uv(folder)
        try:
            return (root / part.lock).read_bytes()
        except FileNotFoundError:
            raise WorkspaceError(
                f"{part.lock} was not written.", "Lock by hand, to see what the tool says about it."
            ) from None


def _refused(loaded: Tree, commit: str) -> WorkspaceError:
    """`git commit -- path`: git would commit those paths alone, and leave the lock out."""
    if runner.told(loaded.place, commit):
        return WorkspaceError(
            "The lock is stale: refused, as said above.", "Run the command that stands there."
        )
    names = git.run(loaded.place.root, "diff", "--cached", "--name-only", "-z").decode(
        errors="surrogateescape"
    )
    paths = " ".join(judge.quoted(name) for name in names.split("\0") if name)
    return WorkspaceError(
        "The lock is stale, and `git commit` with paths would leave the new one out of the commit.",
        f"Run `git add {paths} && git commit` instead: the lock goes in with it.",
    )


def _stage(loaded: Tree, changed: Mapping[str, bytes], hidden: bytes) -> Fixed:
    """Put the locks into the index, and on disk where nothing is lost by it."""
    lines, again = [], False
    for path, content in changed.items():
        before = loaded.ids.get(path)
        fix_write.stage(loaded.place, path, content)
        if runner.hides(hidden, path):
            again = True
            lines.append(
                f"{path} was locked anew and staged; the edit of yours that is not staged stays as it is."
            )
        elif fix_write.may_replace(loaded, path, before, content):
            fix_write.replace(loaded.place.root / path, content)
            lines.append(f"{path} was locked anew and staged.")
        else:
            lines.append(
                f"{path} was locked anew and staged; on disk it holds edits that are not, and is as it was."
            )
    if again:
        lines.append("Run `git commit` again.")
    return Fixed(tuple(lines), FOUND if again else 0)
