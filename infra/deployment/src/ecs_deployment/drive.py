"""The loop of a deploy: look, let `rollout` decide, act, tell, until every service has its verdict.

One thread for all services of an environment: a look at ten services is one call. Before the loop a service
is planned, locked and launched; after it, what was borrowed goes back and the journal is closed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ecs_deployment import attention, borrow, debts, diagnose, events, job, lease, model, observe, rollout
from ecs_deployment.borrow import Settlement
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import CloudError, DeployError, Throttled, Unreachable
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.job import Job
from ecs_deployment.journal import Overtaken
from ecs_deployment.launch import launch, perform
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import GoBackTo, Limits, Observation, Part, Phase, RaiseAgain
from ecs_deployment.wording import short

_JITTER = 0.1
_LOG_TRIES = 4
_LOG_PAUSE = 0.5
_TELL = ("has started", "registered 1 targets", "unable", "unhealthy", "failed", "rolling back", "alarm")


@dataclass(frozen=True)
class Loop:
    """What the loop is given: the world, time, and where to tell."""

    cloud: Cloud
    clock: Clock
    sink: events.Sink
    interrupts: Interrupts
    limits: Limits
    blind_patience: float = 120.0  # seconds without any answer before a rollout is called undecided


def drive(loop: Loop, jobs: Sequence[Job]) -> None:
    """Take every job to its result. Never raises for what AWS does: that is a result too."""
    for one in jobs:
        _guarded(loop, one, lambda one=one: _launch(loop, one))  # type: ignore[misc]
    while active := [one for one in jobs if one.result is None]:
        if loop.interrupts.count > 1:
            for one in active:
                _leave(loop, one)
            return
        now = loop.clock.boottime()
        due = [one for one in active if one.next_look <= now or (loop.interrupts.count and not _told(one))]
        if due:
            _look(loop, due)
        else:
            loop.interrupts.wait(min(one.next_look for one in active) - now)


def _launch(loop: Loop, one: Job) -> None:
    now = loop.clock.boottime()
    one.enter("preparing", one.began)
    for line in one.plan.story:
        loop.sink(events.Said(one.plan.name, line))
    if not one.plan.rolls:  # nothing to do but to hand back what an earlier run left
        _finish(loop, one, Outcome.UNCHANGED)
        return
    one.lease.renew(now)
    revision, answer = launch(one.hands, one.plan)
    if answer is None:
        _finish(loop, one, Outcome.INTERRUPTED)
        return
    one.state = rollout.begin(one.plan, revision, answer, loop.limits, now)
    one.seen = model.Snapshot(answer)
    one.enter("starting", now)
    one.next_look = now
    loop.sink(events.Said(one.plan.name, f"Rolling out {revision.rsplit('/', 1)[-1]} as {one.state.newest}."))


def _look(loop: Loop, due: Iterable[Job]) -> None:
    """Look at the services that are due, batched by cluster, and let each take its step."""
    by_cluster: dict[str, list[Job]] = {}
    for one in due:
        by_cluster.setdefault(one.plan.cluster, []).append(one)
    for cluster, jobs in by_cluster.items():
        try:
            found = loop.cloud.services(cluster, [one.plan.service for one in jobs])
        except (Throttled, Unreachable) as error:
            for one in jobs:
                _no_news(loop, one, error)
            continue
        except DeployError as error:
            for one in jobs:
                _stop_undecided(loop, one, error)
            continue
        for one in jobs:
            if one.plan.service in found:
                service = found[one.plan.service]
                _guarded(loop, one, lambda one=one, service=service: _step(loop, one, service))  # type: ignore[misc]
            else:
                _no_news(loop, one, Unreachable("AWS does not show the service."))


def _step(loop: Loop, one: Job, service: model.Service) -> None:
    assert one.state is not None
    if one.holding:
        _hold(loop, one, *one.holding)
        return
    state = one.state
    interrupted = loop.interrupts.count > 0
    parts = attention.EVERYTHING if interrupted and not state.interrupted else attention.needs(state, service)
    describe = state.fallback_deployment or state.newest
    snapshot = observe.complete(loop.cloud, service, parts, deployment=describe, since=state.created)
    now = loop.clock.boottime()
    one.blind_since = None
    log = _log(loop, one, snapshot) if Part.STOPPED in parts else ()
    seen = Observation(now, snapshot, parts, log, one.traffic(), interrupted)
    one.state, effects = rollout.step(state, seen)
    _tell(loop, one, snapshot, now)
    for effect in effects:
        answer = perform(one.hands, one.state, effect)
        if isinstance(effect, RaiseAgain) and answer:
            one.state = rollout.raised(one.state, answer)
            loop.sink(
                events.Said(one.plan.name, "Something set the service to 0: raised to 1 again.", "warning")
            )
        elif isinstance(effect, GoBackTo) and answer:
            one.state = rollout.went_back(one.state, answer)
    one.held.renew_if_due()
    one.lease.renew(now)
    if one.state.outcome in (Outcome.DEPLOYED, Outcome.DEPLOYED_WITH_LOSS):
        _hold(loop, one, one.state.outcome, now + lease.PATIENCE)
        return
    if one.state.outcome:
        _finish(loop, one, one.state.outcome)
        return
    pause = 0.0 if effects else attention.pause(one.state, now)
    one.next_look = loop.clock.boottime() + pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - not a secret


def _hold(loop: Loop, one: Job, outcome: Outcome, until: float) -> None:
    """Proven. If scale-in is ours to resume, wait until that would not put the service to sleep at once."""
    suspended = any(debt.what == debts.SUSPENSION for debt in one.held.entry.debts)
    now = loop.clock.boottime()
    first = one.holding is None
    one.lease.renew(now, at_once=first)
    waits = suspended and one.lease.honoured and not loop.interrupts.count and now < until
    if not waits or not one.lease.stands_in_alarm():
        _finish(loop, one, outcome)
        return
    one.held.renew_if_due()
    one.holding = (outcome, until)
    one.next_look = now + lease.LOOK
    if first:
        one.enter("handing back", now)
        text = "Proven. Scale-in is resumed once the idle alarm has seen the deploy (at most four minutes)."
        loop.sink(events.Said(one.plan.name, text, "good"))


def _tell(loop: Loop, one: Job, snapshot: model.Snapshot, now: float) -> None:
    """Pass on where the service stands; parts that were not read keep their last value on screen."""
    assert one.state is not None
    last = one.seen
    one.seen = replace(
        snapshot,
        running=snapshot.running or (last.running if last else ()),
        stopped=snapshot.stopped or (last.stopped if last else ()),
        targets=snapshot.targets or (last.targets if last else ()),
        deployment=snapshot.deployment or (last.deployment if last else None),
    )
    one.enter(attention.stage(one.state, snapshot.service), now)
    if one.probe and one.plan.was_asleep and one.stages[-1][0] != "starting":
        one.probe.start(count_from_first_success=True)
    for event in reversed(snapshot.service.events):
        if event.at >= one.state.created - 1 and event.id not in one.told:
            one.told.add(event.id)
            if any(word in event.message for word in _TELL):
                kind = (
                    "info" if "has started" in event.message or "registered" in event.message else "warning"
                )
                loop.sink(events.Said(one.plan.name, short(event.message), kind))
    loop.sink(job.progress(one, now))


def _log(loop: Loop, one: Job, snapshot: model.Snapshot) -> tuple[str, ...]:
    """The failing container's last lines; a log that cannot be read must not hide the cause itself."""
    assert one.state is not None
    found = diagnose.failing_container(snapshot.stopped, frozenset(one.state.ours))
    if found is None:
        return ()
    try:
        definition = loop.cloud.task_definition(one.state.revision)
        return tuple(loop.cloud.log_tail(definition, *found))
    except DeployError:
        return ()


def _read_log_again(loop: Loop, one: Job) -> None:
    """Logs arrive some seconds after the container is gone, so a cause without lines gets another chance."""
    assert one.state is not None
    cause = one.state.cause
    if cause is None or one.seen is None or any(line.startswith(diagnose.LOG) for line in cause.evidence):
        return
    if diagnose.failing_container(one.seen.stopped, frozenset(one.state.ours)) is None:
        return
    for _ in range(_LOG_TRIES):
        if log := _log(loop, one, one.seen):
            evidence = (*cause.evidence, *diagnose.quoted(log))
            one.state = replace(one.state, cause=replace(cause, evidence=evidence))
            return
        loop.interrupts.wait(_LOG_PAUSE)


def _finish(loop: Loop, one: Job, outcome: Outcome) -> None:
    """Hand back, close the journal, tell. What still rolls keeps what was borrowed for it."""
    state = one.state
    rolls_on = outcome is Outcome.UNDECIDED or (
        outcome in (Outcome.INTERRUPTED, Outcome.FAILED)
        and state is not None
        and state.phase is Phase.ROLLING
    )
    overtaken = outcome is Outcome.SUPERSEDED
    if state is not None:
        _read_log_again(loop, one)
        one.enter("handing back", loop.clock.boottime())
    settlement = Settlement()
    if rolls_on and one.held.entry.debts:
        names = ", ".join(debt.what for debt in one.held.entry.debts)
        settlement = Settlement(
            owed=(f"{names}: owed until the rollout is over; the next deploy hands it back",)
        )
    elif not rolls_on:
        settlement = _settle(loop, one, overtaken=overtaken)
    proven = outcome in (Outcome.DEPLOYED, Outcome.DEPLOYED_WITH_LOSS)
    one.result = job.result(one, outcome, settlement, loop.clock.boottime())
    _close(one, outcome, proven=proven)
    loop.sink(events.Finished(one.result))


def _settle(loop: Loop, one: Job, *, overtaken: bool) -> Settlement:
    try:
        if overtaken:
            one.held.fence()
        return borrow.give_back(loop.cloud, one.held, one.plan.cluster, one.plan.service)
    except DeployError as error:
        names = ", ".join(debt.what for debt in one.held.entry.debts)
        return (
            Settlement(owed=(f"{names} could not be handed back: {error.what}",)) if names else Settlement()
        )


def _close(one: Job, outcome: Outcome, *, proven: bool) -> None:
    assert one.result is not None
    try:
        one.held.close(outcome.value, proven=proven, cause=one.result.cause)
        one.held.prune()
    except DeployError as error:
        note = f"The journal entry could not be closed: {error.what}"
        one.result = replace(one.result, notes=(*one.result.notes, note))


def _guarded(loop: Loop, one: Job, act: Callable[[], None]) -> None:
    """Run one job's step; what AWS refuses becomes news, or that job's result, and never stops the others."""
    try:
        act()
    except Overtaken as error:
        _stop_with(loop, one, Outcome.SUPERSEDED, error)
    except (Throttled, Unreachable) as error:
        _no_news(loop, one, error) if one.state else _stop_undecided(loop, one, error)
    except CloudError as error:
        _stop_undecided(loop, one, error)
    except DeployError as error:
        _stop_with(loop, one, Outcome.REFUSED if one.state is None else Outcome.UNDECIDED, error)


def _no_news(loop: Loop, one: Job, error: CloudError) -> None:
    """A look that failed tells nothing; only a long series of them ends the wait."""
    now = loop.clock.boottime()
    one.blind_since = one.blind_since if one.blind_since is not None else now
    if now - one.blind_since > loop.blind_patience:
        _stop_undecided(loop, one, error)
    else:
        one.next_look = now + min(1.0 + (now - one.blind_since) / 4, 10.0)


def _stop_undecided(loop: Loop, one: Job, error: DeployError) -> None:
    """Nothing is known any more. Before the service was touched that is a refusal, after it undecided."""
    touched = one.state is not None or bool(getattr(error, "effect_unknown", False))
    _stop_with(loop, one, Outcome.UNDECIDED if touched else Outcome.REFUSED, error)


def _stop_with(loop: Loop, one: Job, outcome: Outcome, error: DeployError) -> None:
    cause = diagnose.Cause(error.what, error.cure)
    if one.state is not None:
        one.state = replace(one.state, cause=cause)
    _finish(loop, one, outcome)
    assert one.result is not None
    one.result = replace(one.result, cause=error.what, advice=error.cure)


def _leave(loop: Loop, one: Job) -> None:
    """The second signal: go at once. Everything that is owed has been in the journal since before it was taken."""
    names = ", ".join(debt.what for debt in one.held.entry.debts)
    owed = (f"{names}: owed; the next deploy of this service hands it back",) if names else ()
    if one.state is not None and one.state.cause is None:
        one.state = replace(
            one.state, cause=diagnose.Cause("Interrupted twice.", "Run the same command to go on.")
        )
    one.result = job.result(one, Outcome.INTERRUPTED, Settlement(owed=owed), loop.clock.boottime())
    one.result = replace(one.result, summary="Left at once: the rollout may still be going on.")
    loop.sink(events.Finished(one.result))


def _told(one: Job) -> bool:
    """Whether the rollout knows that the user wants to stop."""
    return one.state is not None and one.state.interrupted
