"""The check of a tree that no memo knows: judged here, confirmed or decided by uv, with a cure for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from workspace_checks import git, judge, memo, tree
from workspace_checks.check import FRESH, STALE, Report
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import Finding
from workspace_checks.judge import Case, Part
from workspace_checks.tree import HEAD, INDEX, WORKTREE, Tree
from workspace_checks.uv_lock_manifest import Known

_ADD, _FIX = "git add ", "inv deps.fix"
_EDITS = ("inv deps.add-member", "inv deps.align")


def examined(loaded: Tree, name: str) -> Report:
    """The report on this tree. What was fresh without a finding, and by our own judgement, is remembered."""
    from workspace_checks import untracked

    case = case_of(loaded)
    ignored: list[str] = []
    if loaded.source == WORKTREE:
        case, ignored = untracked.with_ignored(loaded, case)
    judged = judge.judge(case)
    if isinstance(case.known, _Known):
        case.known.save()
    locks = [part.lock for part in judged.parts]
    clean = not judged.beside and not any(part.stale or part.unsure for part in judged.parts)
    stale: list[Finding] = []
    notes: list[str] = []
    for part in judged.parts:
        found, doubts = _confirmed(loaded, case, part)
        stale += found
        notes += doubts
    beside = [*judged.beside, *untracked.untracked(loaded, case, judged, ignored)]
    if stale:
        beside += untracked.left_behind(loaded, case)
    said = fresh(locks)
    if clean and not beside and not stale:
        memo.remember(loaded, name, said, judged.patterns)
    # A merge is resolved where it is open: in the index.
    staged = loaded.source == INDEX or any(one.code == "D002" and _open(loaded, one.path) for one in stale)
    cure = f"{_FIX} --staged" if staged else _FIX
    explained = any(one.code == "D014" for one in beside)
    findings = sorted(
        [*beside, *(one._replace(cure=one.cure or ("" if explained else cure)) for one in stale)]
    )
    return Report(
        loaded.label,
        f"{said} ({loaded.label}).",
        STALE if stale else FRESH,
        tuple(findings),
        tuple(notes),
        command(findings, loaded.source),
    )


def case_of(loaded: Tree) -> Case:
    """Its files, read."""

    def before(path: str) -> bytes:
        same = loaded.source not in (INDEX, WORKTREE)
        return b"" if same else tree.blobs_of(loaded.place, [f"{HEAD}:{path}"])[0]

    return Case(
        tree.read(loaded, loaded.ids),
        partial(tree.folders, loaded),
        tuple(loaded.unmerged),
        tuple(loaded.special),
        before,
        _Known(loaded),
    )


class _Known(Known):
    """By the ids of a tree, from the file that is kept beside the repository."""

    def __init__(self, loaded: Tree) -> None:
        super().__init__()
        self._ids = loaded.ids
        self._facts = memo.facts(loaded.place)
        self._here: dict[str, Any] = {}

    def get(self, path: str) -> Any:
        if path not in self._here:
            name = self._ids.get(path)
            self._here[path] = self._facts.get(name) if name else None
        return self._here[path]

    def learn(self, path: str, what: dict[str, Any] | bool) -> None:
        self._here[path] = what
        name = self._ids.get(path)
        if name:
            self._facts.learn(name, what)

    def save(self) -> None:
        """Write down what was learnt."""
        self._facts.save()


def fresh(locks: list[str]) -> str:
    """`uv.lock is fresh`, for as many as there are."""
    if len(locks) == 1:
        return f"{locks[0]} is fresh"
    return f"{', '.join(locks[:-1])} and {locks[-1]} are fresh"


def command(findings: Sequence[Finding], source: str) -> str:
    """The cures that are commands, in an order that works, as one line.

    What a task writes into a manifest has to be staged before `deps.fix --staged` can see it.
    """
    adds = [one.cure.removeprefix(_ADD) for one in findings if one.cure.startswith(_ADD)]
    edits = list(dict.fromkeys(one.cure for one in findings if one.cure.startswith(_EDITS)))
    edited = [one.path for one in findings if one.cure.startswith(_EDITS)]
    edited += ["pyproject.toml" for one in findings if one.cure.startswith(_EDITS[0])]
    last = list(dict.fromkeys(one.cure for one in findings if one.cure.startswith(_FIX)))
    line = [f"{_ADD}{' '.join(dict.fromkeys(adds))}"] if adds else []
    line += sorted(edits, key=lambda cure: _EDITS.index(next(one for one in _EDITS if cure.startswith(one))))
    if edits and source == INDEX:
        line.append(f"{_ADD}{' '.join(judge.quoted(path) for path in dict.fromkeys(edited))}")
        last = last or [f"{_FIX} --staged"]
    elif edits:
        last = last or [_FIX]
    return " && ".join([*line, *last])


def _open(loaded: Tree, path: str) -> bool:
    return bool(git.attempt(loaded.place.root, "ls-files", "--unmerged", "-z", "--", path).stdout)


def _confirmed(loaded: Tree, case: Case, part: Part) -> tuple[list[Finding], list[str]]:
    """What stands of a part's findings once uv was asked, and what is to be said."""
    if part.workspace is None or not part.readable or not (part.stale or part.unsure):
        return part.stale, []
    from workspace_checks import uv, uv_lock_ask

    try:
        word, text = uv_lock_ask.ask(loaded, case, part)
    except uv.Missing:
        if part.stale:
            return part.stale, []
        reasons = "; ".join(part.unsure)
        raise WorkspaceError(
            f"{part.lock}: only uv can judge it ({reasons}), and uv was not found.",
            "Install uv, beside this Python or on PATH, and try again.",
        ) from None
    if word is uv_lock_ask.Word.FRESH:
        return [], [
            f"{one.path}:{one.line}: {one.message} uv finds {part.lock} fresh nevertheless, so this is no finding. "
            "Please report it."
            for one in part.stale
        ]
    if part.stale:
        return part.stale + part.doubtful, []
    if word is uv_lock_ask.Word.STALE:
        if part.doubtful:
            return part.doubtful, []
        lines = [f"uv would change it, judging {reason.partition(': ')[2]}." for reason in part.unsure[:1]]
        return [Finding(part.lock, 1, "D003", lines[0])], []
    raise WorkspaceError(f"{part.lock}: uv could not judge it ({part.unsure[0]}).", f"uv said:\n{text}")
