"""The loop of a deploy: look, let `rollout` decide, act, tell, until every service has its verdict.

One thread for all services of an environment: a look at ten services is one call. Before the loop a service
is planned, locked and launched; after it, `finish` hands back what was borrowed and closes the journal.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from ecs_deployment import (
    attention,
    diagnose,
    events,
    job,
    model,
    observe,
    rollout,
    rollout_back,
)
from ecs_deployment.begin import begin
from ecs_deployment.errors import Denied, DeployError, Unreachable
from ecs_deployment.finish import finish, hold, leave, proven, read_log_again
from ecs_deployment.guard import guarded, keep, keep_all, no_news, renew
from ecs_deployment.job import Job, Loop
from ecs_deployment.launch import perform
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import Effect, Observation, Part, Phase, RaiseAgain, State
from ecs_deployment.turns import Turns
from ecs_deployment.wording import short

_JITTER = 0.1
_BATCH = 10  # services in one DescribeServices
_SOON = 1.0  # seconds
_FRESH = 2.0  # seconds that an answer stands for a service whose turn comes after others'
_TELL = ("has started", "unable", "throttled", "unhealthy", "failed", "rolling back", "alarm")
_ORDINARY = "has started"


def drive(loop: Loop, jobs: list[Job], turns: Turns | None = None) -> None:
    """Take every job to its result. Raises nothing: whatever happens to one job is that job's result.

    `turns` are services that begin while the others roll; each becomes one of `jobs` when its turn comes.
    """
    for one in jobs:
        one.hands = replace(one.hands, meanwhile=partial(keep_all, loop, jobs))
        guarded(loop, one, partial(begin, loop, one))
        renew(loop, jobs)
    while True:
        if turns and not loop.interrupts.count and (begun := turns.next()):
            jobs.append(begun)
            begun.hands = replace(begun.hands, meanwhile=partial(keep_all, loop, jobs))
            guarded(loop, begun, partial(begin, loop, begun))
        active = [one for one in jobs if one.result is None]
        if loop.interrupts.count > 1:
            for one in active:
                leave(loop, one)
            return
        until_turn = turns.left() if turns and not loop.interrupts.count else None
        if not active and until_turn is None:
            return
        now = loop.clock.boottime()
        due = _due(loop, active, now)
        for one in due:
            if one.holding:
                guarded(loop, one, partial(hold, loop, one))
        _look(loop, [one for one in due if not one.holding and one.result is None], active)
        if not due:
            looks = [one.next_look - now for one in active]
            loop.interrupts.wait(min(looks if until_turn is None else [*looks, until_turn]))


def _due(loop: Loop, active: Sequence[Job], now: float) -> list[Job]:
    """Those whose look is due. Of many a batch, filled up with what is due in a moment: between two batches others
    begin, and ten services cost one call."""
    due = [one for one in active if one.next_look <= now or _is_asked_to_stop(loop, one)]
    if loop.pace is None or not due:
        return due
    soon = (one for one in active if one not in due and one.next_look <= now + _SOON)
    return sorted([*due, *soon], key=lambda one: one.next_look)[:_BATCH]


def _is_asked_to_stop(loop: Loop, one: Job) -> bool:
    """Whether a signal came that this job has not heard of; one that sees nothing keeps its own pace."""
    heard = one.state is not None and one.state.interrupted
    return bool(loop.interrupts.count) and not heard and one.blind_since is None


def _look(loop: Loop, due: Sequence[Job], active: Sequence[Job]) -> None:
    """Look at the services that are due, batched by cluster, and let each take its step.

    A read may hang for half a minute, so between two of them the locks of all that are `active` are kept.
    """
    by_cluster: dict[str, list[Job]] = {}
    now = loop.clock.boottime()
    for one in due:
        if one.blind_since is None:
            one.blind_since = now  # until it has seen something: how long a look takes that fails counts, too
        by_cluster.setdefault(one.plan.cluster, []).append(one)
    for cluster, jobs in by_cluster.items():
        left = deque(jobs)
        # Once for all of them, unless the steps of some take so long that the answer is old for the rest.
        while left:
            _look_at(loop, cluster, left, active)


def _look_at(loop: Loop, cluster: str, left: deque[Job], active: Sequence[Job]) -> None:
    """One DescribeServices, and the steps that it is fresh enough for; who got none is still in `left`."""
    try:
        found = loop.cloud.services(cluster, [one.plan.service for one in left])
    except Exception as error:  # noqa: BLE001 - a bug of the look is each job's result, and ends no other's
        while left:
            guarded(loop, left.popleft(), partial(_raise, error))
        return
    fresh_until = loop.clock.boottime() + _FRESH
    while left:
        one = left.popleft()
        service = found.get(one.plan.service)
        if service is None:
            no_news(loop, one, Unreachable("AWS does not show the service."))
        else:
            guarded(loop, one, partial(_step, loop, one, service))
            renew(loop, active)
        if loop.clock.boottime() > fresh_until:
            return


def _raise(error: Exception) -> None:
    raise error


def _step(loop: Loop, one: Job, service: model.Service) -> None:
    assert one.state is not None
    state = one.state
    interrupted = loop.interrupts.count > 0
    everything = interrupted and not state.interrupted
    now = loop.clock.boottime()
    parts = attention.EVERYTHING if everything else attention.needs(state, service, now, one.traffic())
    describe = state.fallback_deployment or state.newest
    try:
        parts = parts if one.denied is None else frozenset()
        snapshot = observe.complete(loop.cloud, service, parts, deployment=describe, since=state.created)
    except Denied as error:
        one.denied, parts, snapshot = error, frozenset(), model.Snapshot(service)
    now = loop.clock.boottime()
    one.blind_since = None
    log = _log(loop, one, snapshot) if Part.STOPPED in parts else ()
    seen = Observation(now, snapshot, parts, log, one.traffic(), interrupted)
    state, effects = rollout.step(state, seen)
    if effects and one.unsent_since is None:
        one.unsent_since = now
    for effect in effects:
        state = _act(loop, one, state, effect)
    for number in set(state.ours) - {"", *one.held.entry.deployments}:  # one of ours that arrived late
        with suppress(DeployError):
            one.held.add_deployment(number)
    # Only now: where an effect could not be sent, the next look asks for it again.
    one.state, one.unsent_since = state, None
    if everything:
        loop.sink(events.Said(one.plan.name, _answer_to_a_signal(state), "warning"))
    _tell(loop, one, snapshot, now)
    keep(loop, one)
    one.lease.renew(now)
    if one.denied and not one.rolls and not effects:
        finish(loop, one, Outcome.UNDECIDED, _unproven(one.denied))
    elif state.outcome is Outcome.DEPLOYED:
        proven(loop, one)
    elif state.outcome:
        read_log_again(loop, one, partial(_log, loop, one, one.seen or snapshot))
        finish(loop, one, state.outcome)
    else:
        pause = 0.0 if effects else attention.pause(state, now)
        jitter = random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - not a secret
        one.next_look = loop.clock.boottime() + pause * jitter


def _unproven(denied: Denied) -> diagnose.Cause:
    """Nothing rolls any more, and whether it is well may not be seen: what was borrowed goes back all the same."""
    return diagnose.Cause(f"The rollout is over, but could not be proven: {denied.what}", denied.cure)


def _act(loop: Loop, one: Job, state: State, effect: Effect) -> State:
    answer = perform(one.hands, state, effect)
    if isinstance(effect, RaiseAgain) and answer:
        text = f"Something set the service to 0: raised to {answer.desired} again."
        loop.sink(events.Said(one.plan.name, text, "warning"))
        return rollout.raised(state, answer)
    return rollout_back.went_back(state, answer) if answer else state


def _answer_to_a_signal(state: State) -> str:
    if state.phase is Phase.RETREATING:
        at_zero = state.plan.fallback.desired == 0
        back = "0" if at_zero else state.back_to.rsplit("/", 1)[-1]
        return f"Interrupted: going back to {back}. A second signal leaves at once."
    if state.phase is Phase.PROVING:
        return "Interrupted: the rollout is over, only its proof is finished."
    if state.phase is Phase.EMPTYING:
        return "Interrupted: its tasks drain and stop by themselves."
    return "Interrupted: the rollout is left to go on by itself."


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
    one.enter(attention.stage(one.state, snapshot.service, one.seen.targets), now)
    if one.probe and one.plan.was_asleep and _answers(one.seen):
        one.probe.start(count_from_first_success=True)
    for event in reversed(snapshot.service.events):
        if event.at >= one.state.created - 1 and event.id not in one.told:
            one.told.add(event.id)
            text = short(event.message)
            # The state of the targets is shown anyhow, and ECS says every time anew what it cannot do.
            if text not in one.told and any(word in text for word in _TELL):
                one.told.add(text)
                kind = "info" if _ORDINARY in text else "warning"
                loop.sink(events.Said(one.plan.name, text, kind))
    loop.sink(job.progress(one, now))


def _answers(seen: model.Snapshot) -> bool:
    """Whether a woken service can answer: before that, the task that was put to sleep may still be draining."""
    if seen.service.load_balancers:
        return any(target.state == "healthy" for target in seen.targets)
    return seen.service.running > 0


def _log(loop: Loop, one: Job, snapshot: model.Snapshot, chance: int = 0) -> tuple[str, ...]:
    """A failing container's last lines; a log that cannot be read must not hide the cause itself."""
    assert one.state is not None
    ours, deployed = frozenset(one.state.ours), one.plan.expectation.containers
    found = diagnose.failing_containers(snapshot.stopped, ours, deployed)
    if not found:
        return ()
    try:
        return tuple(loop.cloud.log_tail(one.plan.definition, *found[chance % len(found)]))
    except DeployError:
        return ()
