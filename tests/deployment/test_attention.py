"""Where to look next, how soon, and what the wait is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import attention, model
from ecs_deployment.rollout_state import Limits, Observation, Part, Phase, State
from hypothesis import given
from hypothesis import strategies as st

from tests.deployment import builders as b
from tests.deployment.test_rollout import ANSWER, DONE, OLD_ONE, RUNNING, STARTED, begun, look, walk

NONE: frozenset[Part] = frozenset()
OLD = b.deployment(status="ACTIVE")
DRAINING = model.Event("1", 50.0, "(service app, taskSet x) has begun draining connections on 1 tasks.")
STOPPED = model.Event("2", 60.0, "(service app) has stopped 1 running tasks: (task x).")


def new(running: int = 0, rollout_state: str = "IN_PROGRESS", **changes: Any) -> model.Deployment:
    return b.deployment(2, b.NEW, running=running, rollout_state=rollout_state, **changes)


def rolling(*deployments: model.Deployment, **changes: Any) -> model.Service:
    return b.service(*(deployments or (new(), OLD)), **changes)


def state(**changes: Any) -> State:
    made = State(
        b.planned(), b.NEW, ("ecs-svc/2",), Limits(), began=0.0, progressed=0.0, created=2.0, last=rolling()
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("known", "service", "parts"),
    [
        (state(), rolling(), NONE),
        (state(last=None), rolling(), NONE),
        (state(), rolling(new(1), OLD), {Part.TARGETS}),
        (state(last=rolling(new(1), OLD)), rolling(new(1), OLD), NONE),
        (state(last=rolling(new(1), OLD)), rolling(new(1), OLD, events=(DRAINING,)), {Part.TARGETS}),
        (state(), rolling(new(failed_tasks=1), OLD), {Part.STOPPED, Part.DEPLOYMENT, Part.TARGETS}),
        (
            state(last=rolling(new(1), OLD)),
            rolling(new(0), OLD),
            {Part.STOPPED, Part.DEPLOYMENT, Part.TARGETS},
        ),
        (state(), rolling(new(1, "COMPLETED")), attention.FOR_THE_PROOF),
        (state(), rolling(new(0, "FAILED"), OLD), attention.EVERYTHING),
        (state(), rolling(b.deployment(3), new(status="ACTIVE")), attention.EVERYTHING),
        (state(), rolling(b.deployment(3)), attention.EVERYTHING),
        (state(), rolling(desired=0), attention.EVERYTHING),
        (state(phase=Phase.PROVING), rolling(new(1, "COMPLETED")), attention.FOR_THE_PROOF),
        (
            state(phase=Phase.RETREATING),
            rolling(b.deployment(3, running=0, rollout_state="IN_PROGRESS")),
            NONE,
        ),
        (state(phase=Phase.RETREATING), rolling(new(1), OLD), attention.FOR_THE_PROOF | {Part.STOPPED}),
        (state(phase=Phase.RETREATING), rolling(b.deployment()), attention.FOR_THE_PROOF | {Part.STOPPED}),
    ],
)
def test_calls_are_spent_where_something_changed(
    known: State, service: model.Service, parts: frozenset[Part]
) -> None:
    assert attention.needs(known, service, now=10.0) == parts


def test_now_and_then_the_deployment_is_asked_for_its_own_sake() -> None:
    assert attention.needs(state(asked=100.0), rolling(), now=159.0) == NONE
    assert attention.needs(state(asked=100.0), rolling(), now=161.0) == {Part.DEPLOYMENT}


@pytest.mark.parametrize(
    ("listed", "now", "again"),
    [(2, 110.0, True), (2, 125.0, False), (3, 110.0, False), (0, 110.0, True)],
)
def test_stopped_tasks_are_listed_again_while_the_list_lags_behind_the_count(
    listed: int, now: float, again: bool
) -> None:
    service = rolling(new(failed_tasks=3), OLD)
    known = state(last=service, asked=105.0, failures=listed)
    assert (Part.STOPPED in attention.needs(known, service, now)) is again


def test_news_is_worth_a_look_at_the_hook_that_was_waited_for() -> None:
    hooked = state(asked=105.0, waiting_for="the lifecycle hook smoke-test to be answered")
    assert attention.needs(hooked, rolling(), now=110.0) == NONE
    assert Part.DEPLOYMENT in attention.needs(hooked, rolling(events=(DRAINING,)), now=110.0)


@pytest.mark.parametrize(("no_progress", "ends"), [(60.0, 3600.0), (600.0, 3600.0), (14400.0, 86400.0)])
def test_more_patience_without_progress_is_more_patience_in_all(no_progress: float, ends: float) -> None:
    limits = Limits(no_progress=no_progress)
    assert not attention.out_of_time(state(limits=limits, progressed=ends - 1), ends)
    assert attention.out_of_time(state(limits=limits, progressed=ends), ends + 1)


def test_the_first_looks_are_quick_and_grow() -> None:
    pauses = [attention.pause(state(), now) for now in (0.0, 0.5, 2.0, 8.0, 16.0, 300.0)]
    assert pauses == pytest.approx([0.25, 0.25, 1.0, 4.0, 7.0, 7.0])


HEALTHY_SOON = rolling(new(1), OLD)


@pytest.mark.parametrize(
    ("first_change", "now", "expected"),
    [
        (0.2, 2.0, 0.25),  # embedded
        (0.2, 5.0, 0.25),
        (0.2, 10.0, 0.7),
        (2.0, 20.0, 1.7),
        (16.0, 24.0, 2.16),  # Fargate
        (20.0, 21.0, 2.7),
        (60.0, 61.0, 3.0),
    ],
)
@pytest.mark.parametrize("phase", [Phase.ROLLING, Phase.PROVING])
def test_the_pace_of_this_ecs_is_kept(phase: Phase, first_change: float, now: float, expected: float) -> None:
    runs = state(phase=phase, first_change=first_change, last=HEALTHY_SOON)
    assert attention.pause(runs, now) == pytest.approx(expected)


@pytest.mark.parametrize("phase", [Phase.ROLLING, Phase.PROVING, Phase.RETREATING])
@pytest.mark.parametrize("first_change", [None, 0.2, 2.0, 24.0])
def test_after_half_a_minute_the_looks_are_three_seconds_apart(
    phase: Phase, first_change: float | None
) -> None:
    runs = state(phase=phase, first_change=first_change, last=HEALTHY_SOON)
    assert [attention.pause(runs, now) for now in (33.0, 180.0, 1800.0)] == pytest.approx([3.0] * 3)


def test_the_way_back_is_a_rollout_of_its_own() -> None:
    back = state(phase=Phase.RETREATING, first_change=0.2, phase_began=100.0, last=HEALTHY_SOON)
    assert [attention.pause(back, 100.0 + s) for s in (1.0, 10.0, 60.0)] == pytest.approx([0.25, 0.7, 3.0])


def test_a_first_task_that_was_pending_at_once_is_still_waited_for_with_patience() -> None:
    pending = state(first_change=0.5, last=rolling(new(pending=1), OLD))
    assert [attention.pause(pending, now) for now in (1.0, 4.0, 20.0)] == pytest.approx([0.5, 2.0, 7.0])
    failing = state(first_change=0.5, last=rolling(new(pending=1, failed_tasks=1), OLD))
    assert [attention.pause(failing, now) for now in (1.0, 4.0, 20.0)] == pytest.approx([0.25, 0.25, 4.25])


def test_most_of_the_tail_is_looked_at_less_often() -> None:
    done = rolling(new(1), replace(OLD, running=0), events=(STOPPED, DRAINING))
    tail = state(first_change=20.0, old_gone=120.0, last=done)
    assert [attention.pause(tail, 120.0 + s) for s in (49.0, 51.0, 78.0)] == [7.0, 3.0, 3.0]
    short = replace(tail, old_gone=40.0)  # nothing here took as long as Fargate's tail
    assert [attention.pause(short, 40.0 + s) for s in (19.0, 21.0)] == [7.0, 3.0]


def test_draining_is_looked_at_less_often() -> None:
    service = rolling(new(1), OLD, events=(DRAINING,))
    draining = state(first_change=16.0, last=service)
    assert attention.pause(draining, 20.0) == pytest.approx(2.5 * 0.135 * 16)
    assert attention.pause(draining, 100.0) == 7.0
    assert attention.pause(replace(draining, phase=Phase.PROVING), 20.0) == pytest.approx(0.135 * 16)


@pytest.mark.parametrize("first", [1.0, 2.0, 6.0, 16.0, 24.0])
def test_a_rollout_of_three_minutes_costs_as_many_looks_however_soon_its_first_task_showed(
    first: float,
) -> None:
    """Running 20 s later, healthy after 45 s more, the old one stopped at 100, completed at 180 s."""
    known, now, looks = state(), 0.0, 0
    while now < 180.0:
        now += attention.pause(known, now)
        looks += 1
        events = (STOPPED,) * (now > 100) + (DRAINING,) * (now > first + 65)
        old = (replace(OLD, running=int(now < 100)),)
        seen = rolling(
            new(int(now > first + 20), pending=int(first < now <= first + 20)), *old, events=events
        )
        known = replace(
            known,
            last=seen,
            first_change=known.first_change or (now if now > first else None),
            old_gone=known.old_gone or (now if attention.old_gone(known, seen) else None),
        )
    assert looks <= 50, "with 40 fixed calls, and what few of these looks bring besides: 90"
    assert now <= 183.0


@given(st.floats(0, 5000), st.one_of(st.none(), st.floats(0, 5000)))
def test_no_pause_is_longer_than_seven_seconds_or_shorter_than_a_quarter(
    now: float, first: float | None
) -> None:
    assert 0.25 <= attention.pause(state(first_change=first), now) <= 7.0


@pytest.mark.parametrize(
    ("service", "stage"),
    [
        (rolling(), "starting"),
        (rolling(OLD), "starting"),
        (rolling(new(1), OLD), "becoming healthy"),
        (rolling(new(1), OLD, events=(DRAINING,)), "draining"),
        (rolling(new(1, failed_tasks=1), OLD, events=(DRAINING,)), "becoming healthy"),
        (rolling(new(1), replace(OLD, running=0), events=(STOPPED, DRAINING)), "completing"),
        (rolling(new(1)), "completing"),
        (rolling(new(1), OLD, desired=2, events=(DRAINING,)), "becoming healthy"),
    ],
)
def test_the_stage_of_a_rollout(service: model.Service, stage: str) -> None:
    assert attention.stage(state(), service, (b.target(1, "draining"), b.target(2, "healthy"))) == stage


def test_from_zero_there_is_no_old_task_and_the_new_one_still_has_to_become_healthy() -> None:
    assert attention.stage(state(), rolling(new(1)), (b.target(2, "initial"),)) == "becoming healthy"
    assert attention.stage(state(), replace(rolling(new(1)), load_balancers=())) == "completing"


@pytest.mark.parametrize(("phase", "stage"), [(Phase.PROVING, "proving"), (Phase.RETREATING, "rolling back")])
def test_later_phases_name_themselves(phase: Phase, stage: str) -> None:
    assert attention.stage(state(phase=phase), rolling()) == stage


@pytest.mark.parametrize(
    ("snapshot", "words"),
    [
        (b.snapshot(rolling()), "ECS to start the new task"),
        (b.snapshot(rolling(OLD)), "ECS to start the new task"),
        (b.snapshot(rolling(new(pending=1), OLD)), "1 of 1 new tasks to run"),
        (b.snapshot(rolling(new(1, pending=2), OLD, desired=3)), "2 of 3 new tasks to run"),
        (b.snapshot(rolling(new(1), OLD)), "new tasks to be healthy, 1 old one to drain"),
        (
            b.snapshot(rolling(new(2), replace(OLD, running=2), desired=2)),
            "new tasks to be healthy, 2 old ones to drain",
        ),
        (b.snapshot(rolling(new(1)), targets=(b.target(2, "initial"),)), "the new target to be healthy"),
        (b.snapshot(rolling(new(1))), "ECS to complete the deployment"),
        (b.snapshot(rolling(new(1)), targets=()), "the new target to be healthy"),
        (
            b.snapshot(rolling(), deployment=b.rollout_of(2, "IN_PROGRESS", waiting_hook="smoke-test")),
            "the lifecycle hook smoke-test to be answered",
        ),
    ],
)
def test_the_wait_has_a_name(snapshot: model.Snapshot, words: str) -> None:
    assert attention.waiting_for(state(), Observation(1.0, snapshot, attention.EVERYTHING)) == words


def test_targets_that_were_not_read_this_time_wait_on() -> None:
    seen = Observation(1.0, b.snapshot(rolling(new(1)), targets=()), frozenset())
    assert (
        attention.waiting_for(state(waiting_for="the new target to be healthy"), seen)
        == "the new target to be healthy"
    )
    assert attention.waiting_for(state(), seen) == "ECS to complete the deployment"


def test_a_hook_that_was_not_asked_for_this_time_is_waited_for_on() -> None:
    hook = b.rollout_of(2, "IN_PROGRESS", waiting_hook="smoke-test")
    named = attention.waiting_for(
        state(), Observation(1.0, b.snapshot(rolling(), deployment=hook), frozenset({Part.DEPLOYMENT}))
    )
    unread = Observation(8.0, b.snapshot(rolling()), frozenset())
    assert attention.waiting_for(state(waiting_for=named), unread) == named
    answered = replace(unread, read=frozenset({Part.DEPLOYMENT}))
    assert attention.waiting_for(state(waiting_for=named), answered) == "ECS to start the new task"


def test_a_quiet_look_costs_one_call() -> None:
    seen, _ = walk(begun(), [look(b.service(RUNNING, OLD_ONE), 2.0)])
    assert attention.needs(seen, b.service(RUNNING, OLD_ONE), 3.0) == frozenset()


def test_a_failed_start_is_worth_the_stopped_tasks() -> None:
    seen, _ = walk(begun(), [look(ANSWER)])
    needed = attention.needs(seen, b.service(replace(STARTED, failed_tasks=1), OLD_ONE), 3.0)
    assert Part.STOPPED in needed


def test_the_end_is_worth_everything_the_proof_rests_on() -> None:
    assert attention.needs(begun(), b.service(DONE), 3.0) >= attention.FOR_THE_PROOF
