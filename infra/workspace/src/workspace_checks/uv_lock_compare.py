"""Two lists of requirements, a manifest's and its lock's: what was added, removed or changed, and what is in doubt."""

from __future__ import annotations

from collections.abc import Iterator

from workspace_checks.findings import Finding
from workspace_checks.uv_lock_manifest import Project
from workspace_checks.uv_lock_markers import Bounds, Same
from workspace_checks.uv_lock_requirements import Requirement, compare


class Drift:
    """What was found: `stale` are differences, `unsure` what only uv can judge, `doubtful` what it then means."""

    def __init__(self) -> None:
        self.stale: list[Finding] = []
        self.unsure: list[str] = []
        self.doubtful: list[Finding] = []

    def say(self, path: str, line: int, code: str, message: str) -> None:
        """Add a difference."""
        self.stale.append(Finding(path, line, code, message))


def compare_lists(
    project: Project,
    where: str,
    asked: list[Requirement],
    locked: list[Requirement],
    python: Bounds,
    found: Drift,
) -> None:
    """Two sets of requirements; what is in both is struck off first."""
    here, there = set(asked), set(locked)
    if here == there and not any(one.odd for one in here):
        return
    left = list(dict.fromkeys(one for one in asked if one.odd or one not in there))
    right = list(dict.fromkeys(one for one in locked if one.odd or one not in here))
    names = sorted({one.name for one in (*left, *right)})
    for name in names:
        ours = [one for one in left if one.name == name]
        theirs = [one for one in right if one.name == name]
        for one in list(ours):
            match = next((other for other in theirs if compare(one, other, python) is Same.YES), None)
            if match is not None:
                ours.remove(one)
                theirs.remove(match)
        # What is asked for twice, beside the same extra, uv may write as one: the difference may be none.
        beside = [[_extra(one) for one in side if one.name == name] for side in (asked, locked)]
        twice = any(len(set(extras)) < len(extras) for extras in beside)
        _differ(project, where.removesuffix(": "), ours, theirs, python, found, twice=twice)


def _differ(
    project: Project,
    where: str,
    ours: list[Requirement],
    theirs: list[Requirement],
    python: Bounds,
    found: Drift,
    *,
    twice: bool,
) -> None:
    """Say how two lists of one name differ, or that it takes uv to tell whether they do."""
    odd = next((one for one in (*ours, *theirs) if one.odd), None)
    doubt = bool(ours and theirs) and compare(ours[0], theirs[0], python) is Same.UNSURE
    said = list(_differences(project, f"{where}: " if where else "", ours, theirs))
    if odd or doubt or (twice and said):
        name = (*ours, *theirs)[0].name
        found.unsure.append(f"{project.path}: {name}{f', for {odd.odd}' if odd else ''}")
        found.doubtful += said
    else:
        found.stale += said


def _differences(
    project: Project, prefix: str, ours: list[Requirement], theirs: list[Requirement]
) -> Iterator[Finding]:
    if ours and theirs:
        message = f"{prefix}{ours[0]} is asked for; uv.lock has {theirs[0]}."
        yield Finding(project.path, _line(project, ours[0]), "D003", message)
        return
    for one in ours:
        message = f"{prefix}{one} was added; uv.lock has no such entry."
        yield Finding(project.path, _line(project, one), "D003", message)
    for one in theirs:
        line = project.line("dependencies", "[dependency-groups]")
        yield Finding(project.path, line, "D003", f"{prefix}{one} was removed; it is still in uv.lock.")


def _extra(requirement: Requirement) -> str:
    """The extra that asks for it, as its marker says; empty where none does."""
    return requirement.marker.partition("extra == '")[2].partition("'")[0]


def _line(project: Project, requirement: Requirement) -> int:
    text = requirement.text
    return project.line(f'"{text}"', f"'{text}'", text, requirement.name)
