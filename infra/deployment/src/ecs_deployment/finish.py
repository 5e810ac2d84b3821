"""The end of a deploy: hand back, close the journal, tell. What still rolls keeps what was borrowed for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ecs_deployment import borrow, debts, diagnose, events, job, lease, rollout
from ecs_deployment.borrow import Settlement
from ecs_deployment.errors import DeployError
from ecs_deployment.job import Holding, Job, Loop
from ecs_deployment.journal import OFF_CURE, Overtaken
from ecs_deployment.journal_say import command
from ecs_deployment.outcome import BY_A_SIGNAL, Outcome
from ecs_deployment.patience import patiently
from ecs_deployment.rollout_state import Phase

_FIRST_TRAFFIC = 1.0
_LOG_PAUSES = (0.25, 0.5, 1.0, 2.0)  # seconds between two reads of a log whose lines are on their way


def finish(loop: Loop, one: Job, outcome: Outcome, cause: diagnose.Cause | None = None) -> None:
    """End with this outcome; `cause` replaces what the rollout itself knows."""
    now = loop.clock.boottime()
    if one.state is not None:
        one.enter("handing back", now)
        one.state = replace(one.state, cause=cause or one.state.cause)
    settled = one.holding.settled if one.holding else Settlement()
    unknown = outcome in (Outcome.UNDECIDED, Outcome.UNEXPECTED) and one.denied is None
    if not unknown and not one.rolls and not one.holds_out:
        settled += _guarded(one, lambda: _give_back_configuration(one))
    if not unknown and (not one.rolls or outcome is Outcome.SUPERSEDED):
        # During somebody else's rollout ECS itself holds scale-in back, so the suspension need not wait for it.
        settled += _guarded(one, lambda: borrow.resume(one.hands, *_place(one)))
    if one.plan.was_asleep and not one.plan.sleeps_again and _is_undone(one, outcome):
        _put_to_sleep(one)
    settled += _still_owed(one)
    one.result = job.result(one, outcome, settled, loop.clock.boottime())
    if cause and one.state is None:
        one.result = replace(one.result, cause=cause.text, advice=cause.advice)
    _close(one, outcome)
    loop.sink(events.Finished(one.result))


def _is_undone(one: Job, outcome: Outcome) -> bool:
    """Whether the service runs again what it ran before, and is awake for it."""
    if outcome is Outcome.INTERRUPTED:
        arrived = one.state is not None and one.state.phase is Phase.RETREATING and not one.rolls
        return arrived and one.seen is not None and one.seen.service.desired > 0
    return outcome is Outcome.ROLLED_BACK or (outcome is Outcome.DEPLOYED and one.plan.action == "abort")


def proven(loop: Loop, one: Job) -> None:
    """The rollout is proven: that is written down first. Only resuming scale-in may still have to wait."""
    assert one.state is not None
    if one.probe and one.plan.was_asleep:
        loop.interrupts.wait(
            _FIRST_TRAFFIC
        )  # it has only just begun to answer: a second of requests is its proof
    traffic = one.probe.stop(unless=lambda: loop.interrupts.count > 0) if one.probe else None
    outcome = rollout.with_traffic(one.state, traffic)
    one.state = replace(one.state, outcome=outcome)
    try:
        one.held.prove()
    except DeployError as error:
        one.notes.append(f"The proof is not in the journal: {error.what}")
    one.enter("handing back", loop.clock.boottime())
    hold_from_now(loop, one, outcome)


def hold_from_now(loop: Loop, one: Job, outcome: Outcome) -> None:
    """Hand back all but scale-in, and begin to wait for the idle alarm."""
    settled = _guarded(one, lambda: _give_back_configuration(one))
    one.holding = Holding(loop.clock.boottime(), outcome, settled)
    one.lease.renew(one.holding.since, at_once=True)
    hold(loop, one)


def hold(loop: Loop, one: Job) -> None:
    """Resume scale-in once that would not put the service to sleep at once; wait for that at most four minutes."""
    assert one.holding is not None
    now = loop.clock.boottime()
    waited = now - one.holding.since
    suspended = any(debt.what == debts.SUSPENSION for debt in one.held.entry.debts)
    waits = suspended and one.lease.honoured and not loop.interrupts.count and waited < lease.PATIENCE
    if not waits or not one.lease.stands_in_alarm():
        if suspended and one.plan.idle is not None and not one.lease.honoured:
            why = one.lease.refused or "The idle alarm knows nothing of deploys."
            one.notes.append(f"{why} So the service may go to sleep at once.")
        elif suspended and loop.interrupts.count:
            one.notes.append(
                "Interrupted while the idle alarm was waited for: the service may go to sleep at once."
            )
        finish(loop, one, one.holding.outcome)
        return
    if one.next_look <= one.holding.since:
        proof = "" if one.holding.outcome is Outcome.UNCHANGED else "Proven. "
        text = "Scale-in is resumed once the idle alarm has seen the deploy (at most four minutes)."
        loop.sink(events.Said(one.plan.name, proof + text, "good"))
    with suppress(DeployError):
        one.held.renew_if_due()
    one.lease.renew(now)
    one.next_look = now + lease.pause(waited)


def leave(loop: Loop, one: Job, *, silently: bool = False) -> None:
    """The second signal: go at once. Everything that is owed has been in the journal since before it was taken.

    `silently`: the third one, the journal does not get a last word either. A next run finds its writer gone.
    """
    one.result = job.result(one, Outcome.INTERRUPTED, _still_owed(one), loop.clock.boottime())
    entry, sleeps = one.held.entry, one.plan.action == "sleep"
    advice = f"`{command(entry, 'resume')}` goes on from here, `{command(entry, 'abort')}` undoes it."
    if sleeps:  # it rolls nothing out that a run could go on with
        advice = f"`{command(entry, 'status')}` tells whether it is at 0."
    elif not one.held.kept:
        advice = OFF_CURE
    why = f"Interrupted again while {one.stages[-1][0] if one.stages else 'preparing'}: left at once."
    known = one.result.cause if one.result.cause != BY_A_SIGNAL else ""
    one.result = replace(
        one.result, cause=known or why, advice=advice, unsettled=not sleeps or one.result.unsettled
    )
    if one.state is None and one.holding is None:  # torn out of the very calls that begin a rollout
        what = "it was set to 0" if sleeps else "the rollout began"
        one.result = replace(one.result, summary=f"Whether {what} is not known.")
    if not silently:
        _close(one, Outcome.INTERRUPTED)
    loop.sink(events.Finished(one.result))


def read_log_again(loop: Loop, one: Job, read: Callable[[int], tuple[str, ...]]) -> None:
    """Logs arrive some seconds after the container is gone, so a cause without lines gets more chances.

    `read` gets the number of the chance: another task of the same deploy may have told more.
    """
    cause = one.state.cause if one.state else None
    if one.state is None or cause is None or one.seen is None:
        return
    if any(line.startswith(diagnose.LOG) for line in cause.evidence):
        return
    if not diagnose.failing_containers(one.seen.stopped, frozenset(one.state.ours)):
        return
    for chance, pause in enumerate((0.0, *_LOG_PAUSES)):
        loop.interrupts.wait(pause)
        if log := read(chance):
            evidence = (*cause.evidence, *diagnose.quoted(log))
            one.state = replace(one.state, cause=replace(cause, evidence=evidence))
            return


def _place(one: Job) -> tuple[str, str]:
    return one.plan.cluster, one.plan.service


def _give_back_configuration(one: Job) -> Settlement:
    return borrow.give_back_configuration(
        one.hands, *_place(one), than=one.seen.service if one.seen else None
    )


def _guarded(one: Job, act: Callable[[], Settlement]) -> Settlement:
    """What cannot be handed back stays in the journal, and the note says why."""
    try:
        return act()
    except Overtaken:  # what is still owed says already that whoever has the lock hands it back
        return Settlement()
    except DeployError as error:
        one.notes.append(f"Handing back failed: {error.what}")
        return Settlement()


def _still_owed(one: Job) -> Settlement:
    """Whatever is still in the journal, and who hands it back."""
    entry, holds_out = one.held.entry, one.holds_out
    if not one.held.kept:
        return Settlement(owed=borrow.by_hand(entry.debts, holds_out=holds_out))
    return Settlement(owed=borrow.still_owed(entry, lost=one.held.lost, holds_out=holds_out))


def _put_to_sleep(one: Job) -> None:
    """A sleeper without a scaler would stay awake after a rollback: it goes back to where it was."""
    try:
        patiently(one.hands, lambda: one.hands.cloud.update_service(*_place(one), desired=0))
        one.notes.append("The service was at 0 and nothing scales it down, so it was put back to 0.")
    except DeployError as error:
        one.notes.append(f"The service was at 0 and is awake at 1 now: {error.what}")


def _close(one: Job, outcome: Outcome) -> None:
    assert one.result is not None
    found = bool(one.state and one.state.proven)
    try:
        one.held.close(outcome.value, proven=found, cause=one.result.cause)
        one.held.prune()
    except DeployError as error:
        note = f"The journal entry could not be closed: {error.what}"
        one.result = replace(one.result, notes=(*one.result.notes, note))
