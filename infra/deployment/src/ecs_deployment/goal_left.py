"""Going on with what an earlier run left unfinished: resume finishes it, abort undoes it. Pure; newest first.

What the world did meanwhile decides: the run may never have begun, its rollout may still go on or be over, it may
lead back already (by ECS's breaker or by that run itself), or somebody else's deployment may have taken its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from ecs_deployment import model, wording
from ecs_deployment.goal import Adopted, Goal, short
from ecs_deployment.journal_entry import Entry
from ecs_deployment.journal_history import newest_readable, tag_of
from ecs_deployment.when import moment

_UNSETTLED = frozenset({"", "interrupted", "undecided", "unexpected", "superseded"})
_NO_ROLLOUT = {"sleep": "inv app.sleep", "apply": "inv infra.apply"}


@dataclass(frozen=True)
class WayBack:
    """Where the service goes if a run is undone. `at_zero`: it was asleep and nothing has proven it."""

    revision: str
    proven: bool
    at_zero: bool


class Where(Enum):
    """Where the rollout of an earlier run stands."""

    NOT_BEGUN = auto()
    FORWARD = auto()  # on its revision, rolling or over
    BACK = auto()  # on the way back, or back
    OTHERS = auto()  # somebody else's deployment is in place


def resume(seen: model.Service, entries: Sequence[Entry]) -> Goal:
    """Finish the last run: follow its rollout, begin it, or see it go back."""
    entry, older = _left(seen, entries)
    if entry is None:
        return Goal(nothing=f"Nothing to resume{_since(entries)}.")
    goal = Goal(tag=entry.tag, before=entry.before, was_asleep=entry.asleep, story=_story(entry, entries))
    if settled := _only_owes(entry, goal, seen, older):
        return settled
    match where(entry, older, seen):
        case Where.NOT_BEGUN if entry.revision:
            proven = any(e.proven and e.revision == entry.revision for e in older)
            at_zero = entry.action == "abort" and entry.asleep and not proven
            return replace(
                goal, before="", revision=entry.revision, wakes=entry.action == "wake", at_zero=at_zero
            )
        case Where.NOT_BEGUN:
            return replace(goal, before="", image=entry.digest or entry.tag)
        case Where.FORWARD:
            return _following(goal, entry, older, seen)
        case Where.BACK:
            return replace(goal, revision=entry.revision, adopts=Adopted(own(entry, older), leads_back=True))
        case _:
            return _taken_over(goal, entry, older, seen)


def abort(seen: model.Service, entries: Sequence[Entry]) -> Goal:
    """Undo the last run: to the revision before it, proven; at 0 where it was asleep and unproven."""
    entry, older = _left(seen, entries)
    if entry is None:
        return Goal(
            nothing=f"Nothing to abort{_since(entries)}; `inv app.rollback` goes back from what is proven."
        )
    goal = Goal(before=entry.before, was_asleep=entry.asleep, story=_story(entry, entries))
    if settled := _only_owes(entry, goal, seen, older):
        return settled
    stands, back = where(entry, older, seen), way_back(entry, older)
    if stands is Where.NOT_BEGUN:
        tag = tag_of(older, seen.task_definition)
        return replace(goal, tag=tag, nothing="That run had not begun to roll, so there is nothing to undo.")
    if stands is Where.OTHERS:
        return _taken_over(replace(goal, tag=entry.tag), entry, older, seen)
    if stands is Where.FORWARD and back.revision in ("", entry.revision):
        note = "That run rolled the revision that was in place before, so it is finished instead of undone."
        return replace(_following(goal, entry, older, seen), tag=entry.tag, notes=(note,))
    tag = tag_of(older, back.revision)
    replaces = seen.primary.id if seen.primary else ""
    goal = replace(goal, tag=tag, before="", revision=back.revision, at_zero=back.at_zero, replaces=replaces)
    if (
        stands is Where.BACK
        and not back.at_zero
        and seen.primary
        and seen.primary.task_definition == back.revision
    ):
        return replace(goal, adopts=Adopted((seen.primary.id,)))
    return goal


def way_back(entry: Entry, older: Sequence[Entry]) -> WayBack:
    """The revision before the run if it was known to work, else the last one that was proven."""
    proven = list(dict.fromkeys(e.revision for e in older if e.proven and e.revision))
    # What an unfinished run rolled out and nobody proved served no better than what we are to undo.
    suspect = {e.revision for e in older if e.revision and not e.outcome} - set(proven)
    if entry.before in proven or (entry.before and not entry.asleep and entry.before not in suspect):
        return WayBack(entry.before, proven=True, at_zero=False)
    if others := [revision for revision in proven if revision != entry.revision]:
        return WayBack(others[0], proven=True, at_zero=False)
    return WayBack(entry.before, proven=False, at_zero=entry.asleep)


def own(entry: Entry, older: Sequence[Entry]) -> tuple[str, ...]:
    """The deployments that the run itself started or followed, without those it only took over with the lock."""
    if entry.action == "resume":
        return entry.deployments
    inherited = {number for e in older for number in e.deployments}
    return tuple(number for number in entry.deployments if number not in inherited)


def where(entry: Entry, older: Sequence[Entry], seen: model.Service) -> Where:
    """Where the run's rollout stands by now."""
    primary, mine = seen.primary, own(entry, older)
    if primary is None:
        return Where.OTHERS
    on_it = bool(entry.revision) and primary.task_definition == entry.revision
    if primary.id in mine:
        return Where.FORWARD if on_it else Where.BACK
    rolling = _rolls(seen)
    # It died before it had written down which deployment its UpdateService had started.
    if on_it and (rolling or entry.revision != entry.before):
        return Where.FORWARD
    if mine:
        back = primary.task_definition == way_back(entry, older).revision
        return Where.BACK if back else Where.OTHERS
    inherited = primary.id in entry.deployments
    as_before = primary.task_definition == entry.before and not rolling
    return Where.NOT_BEGUN if inherited or as_before else Where.OTHERS


def _left(seen: model.Service, entries: Sequence[Entry]) -> tuple[Entry | None, Sequence[Entry]]:
    """The run that has to be gone on with, and those before it; None where the last one left nothing."""
    for entry in (e for e in entries if e.readable):
        older = [e for e in entries if e.number < entry.number]
        did_nothing = not own(entry, older) and not _unnoted(entry, older, seen)
        if entry.outcome == "refused" or (entry.outcome == "interrupted" and did_nothing):
            continue  # it took the lock and did nothing with it: the one before it still speaks
        if entry.action in _NO_ROLLOUT and seen.desired and _rolls(seen):
            left, before = _left(seen, older)
            if left is not None and _still_moves(left, before, seen):
                return left, before  # it took over a rollout that nobody has brought to its end
        open_ = entry.outcome in _UNSETTLED or _stands_failed(entry, older, seen)
        unproven = open_ and not entry.proven and _still_moves(entry, older, seen)
        return (entry if not entry.outcome or entry.debts or unproven else None), older
    return None, ()


def _still_moves(entry: Entry, older: Sequence[Entry], seen: model.Service) -> bool:
    """Whether the closed run's own rollout waits for a verdict, or is still on its way back."""
    primary, mine = seen.primary, own(entry, older)
    if primary is None or not mine:
        return _unnoted(entry, older, seen)
    if _rolls(seen):
        return where(entry, older, seen) in (Where.FORWARD, Where.BACK)
    # At 0 nothing of it is left to be proven: it was put there, by the run itself or since.
    return bool(seen.desired) and primary.id in mine and primary.task_definition == entry.revision


def _stands_failed(entry: Entry, older: Sequence[Entry], seen: model.Service) -> bool:
    """Whether what failed is in place still: it was left, ECS gave it up, or its way back took too long."""
    given_up = seen.primary is not None and seen.primary.rollout_state == "FAILED"
    ours = entry.outcome == "failed" and where(entry, older, seen) in (Where.FORWARD, Where.BACK)
    return ours and (given_up or _rolls(seen))


def _rolls(seen: model.Service) -> bool:
    return seen.primary is not None and seen.primary.rollout_state == "IN_PROGRESS"


def _unnoted(entry: Entry, older: Sequence[Entry], seen: model.Service) -> bool:
    """Whether the run's own rollout is in place, though it was torn away before it could note its deployment."""
    if seen.primary is None or own(entry, older):
        return False
    inherited = {number for e in older for number in e.deployments}
    return seen.primary.id not in inherited and where(entry, older, seen) is Where.FORWARD


def _only_owes(entry: Entry, goal: Goal, seen: model.Service, older: Sequence[Entry]) -> Goal | None:
    """The goal where nothing is left to roll, but perhaps something to hand back."""
    in_place = tag_of((entry, *older), seen.task_definition)
    if entry.action in _NO_ROLLOUT:
        return replace(goal, tag=in_place, nothing=f"That run rolled nothing out. {_again(entry)}")
    lost = entry.outcome == "superseded" and where(entry, older, seen) is Where.OTHERS
    if entry.outcome in _UNSETTLED and not entry.proven and not lost:
        return None
    if _stands_failed(entry, older, seen):
        return None
    if _rolls(seen):
        return _taken_over(goal, entry, older, seen)
    proven = f"{short(entry.revision)} was proven: only" if entry.proven else "Only"
    return replace(goal, tag=in_place, nothing=f"{proven} what it still owed is handed back.")


def _following(goal: Goal, entry: Entry, older: Sequence[Entry], seen: model.Service) -> Goal:
    mine, primary = own(entry, older), seen.primary
    assert primary is not None
    ours = mine if primary.id in mine else (*mine, primary.id)
    # The newest is the one in place: after another one of ours it would be taken for a stranger's.
    ours = (*(number for number in ours if number != primary.id), primary.id)
    return replace(goal, revision=entry.revision, adopts=Adopted(ours))


def _taken_over(goal: Goal, entry: Entry, older: Sequence[Entry], seen: model.Service) -> Goal:
    by = seen.primary.id if seen.primary else "nothing"
    return replace(goal, revision=entry.revision, adopts=Adopted(own(entry, older), taken_over_by=by))


def _story(entry: Entry, entries: Sequence[Entry]) -> tuple[str, ...]:
    newest = newest_readable(entries)
    if newest is None or newest is entry or newest.action not in _NO_ROLLOUT:
        return (_told(entry),)
    return f"{_told(newest)} {_again(newest)}", _told(entry)


def _again(entry: Entry) -> str:
    command = f"{_NO_ROLLOUT[entry.action]} --env {entry.environment} --service {entry.service}"
    return f"`{command}` does it again."


def _told(entry: Entry) -> str:
    end = f"ended {wording.outcome(entry.outcome)}" if entry.outcome else "never ended"
    tag = f" of {entry.tag}" if entry.tag else ""
    return f"The {entry.action}{tag} by {entry.owner or 'somebody'}, begun {moment(entry.started)}, {end}."


def _since(entries: Sequence[Entry]) -> str:
    entry = newest_readable(entries)
    if entry is None:
        return ": the journal has no run of this service"
    tag = f" of {entry.tag}" if entry.tag else ""
    return f": the last run ({entry.action}{tag}, {moment(entry.started)}) ended {wording.outcome(entry.outcome)}"
