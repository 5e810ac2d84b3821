"""Is every lock what its manifests ask for? Judged by what will be committed, and always said of what.

    load (index, work tree or commit) -> memo -> judge -> uv, where the judgement is not "fresh" -> Report

A fresh lock costs one or two short git processes and some reading; nothing is written but the memo. A commit waits for
this: its modules hold no dataclass, which would compile its methods anew in every process (0.2 to 0.7 ms each).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workspace_checks import memo, tree
from workspace_checks.errors import StaleLock
from workspace_checks.tree import WORKTREE

if TYPE_CHECKING:
    from workspace_checks.findings import Finding

FRESH, STALE = "fresh", "stale"


class Report(NamedTuple):
    """What a check found. `verdict` is about the locks alone; `findings` has what is wrong beside them too."""

    source: str
    said: str
    verdict: str = FRESH
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """What the reader should know and that is no finding."""
    command: str = ""
    """One command line that cures whatever a command can cure."""
    remembered: bool = False

    @property
    def exit_code(self) -> int:
        """0, or 3 when there is a finding."""
        return 3 if self.findings else 0


def check(root: Path) -> str:
    """One line when the locks of the work tree are fresh; `StaleLock` when one is not.

    `WorkspaceError` when nobody can tell. What is wrong beside the locks is for `examine` to say.
    """
    report = examine(root, WORKTREE)
    if report.verdict == FRESH:
        return report.said
    first = next(one for one in report.findings if one.code not in _BESIDE)
    raise StaleLock(
        f"{first.path}:{first.line}: {first.code} {first.message}",
        f"Run `{report.command or 'inv deps.check'}` first; `inv deps.check` shows every finding.",
    )


_BESIDE = ("D005", "D006", "D011", "D012", "D014")


def examine(root: Path, source: str = "", environ: Mapping[str, str] | None = None) -> Report:
    """Judge the repository of `root`: its index, worktree, HEAD or a revision; left out, by where this runs."""
    place = tree.where(root)
    chosen = source or tree.default_source(os.environ if environ is None else environ)
    loaded = tree.load(place, chosen)
    name = memo.key(loaded)
    said = memo.recall(loaded, name)
    if said is not None:
        return Report(loaded.label, f"{said} ({loaded.label}).", remembered=True)
    from workspace_checks import examine as thorough  # only when something changed

    return thorough.examined(loaded, name)
