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
        (state(phase=Phase.RETREATING), rolling(new(1), OLD), attention.FOR_THE_PROOF),
        (state(phase=Phase.RETREATING), rolling(b.deployment()), attention.FOR_THE_PROOF),
    ],
)
def test_calls_are_spent_where_something_changed(
    known: State, service: model.Service, parts: frozenset[Part]
) -> None:
    assert attention.needs(known, service, now=10.0) == parts


def test_now_and_then_the_deployment_is_asked_for_its_own_sake() -> None:
    assert attention.needs(state(asked=100.0), rolling(), now=159.0) == NONE
    assert attention.needs(state(asked=100.0), rolling(), now=161.0) == {Part.DEPLOYMENT}


def test_the_first_looks_are_quick_and_grow() -> None:
    pauses = [attention.pause(state(), now) for now in (0.0, 0.5, 2.0, 8.0, 16.0, 300.0)]
    assert pauses == pytest.approx([0.25, 0.25, 1.0, 4.0, 7.0, 7.0])


@pytest.mark.parametrize(("first_change", "expected"), [(0.2, 0.25), (4.0, 0.54), (20.0, 2.7), (60.0, 3.0)])
def test_the_pace_of_this_ecs_is_kept(first_change: float, expected: float) -> None:
    runs = state(first_change=first_change, progressed=100.0, last=rolling(new(1), OLD))
    assert attention.pause(runs, 100.0) == pytest.approx(expected)


@pytest.mark.parametrize(("since", "expected"), [(1.0, 0.25), (20.0, 1.0), (60.0, 3.0), (600.0, 3.0)])
@pytest.mark.parametrize("phase", [Phase.ROLLING, Phase.PROVING, Phase.RETREATING])
def test_the_longer_nothing_changes_the_rarer_are_the_looks(
    phase: Phase, since: float, expected: float
) -> None:
    runs = state(phase=phase, first_change=0.2, progressed=100.0, last=rolling(new(1), OLD))
    assert attention.pause(runs, 100.0 + since) == pytest.approx(expected)


def test_a_task_that_starts_and_the_first_half_of_the_tail_are_looked_at_less_often() -> None:
    starting = state(first_change=20.0)
    assert attention.pause(starting, 30.0) == pytest.approx(2.5 * 0.135 * 20)
    done = rolling(new(1), replace(OLD, running=0), events=(STOPPED, DRAINING))
    completing = state(first_change=20.0, old_gone=60.0, progressed=60.0, last=done)
    assert attention.pause(completing, 60.0 + 39.0) == pytest.approx(2.5 * 0.135 * 20)
    assert attention.pause(completing, 60.0 + 41.0) == pytest.approx(0.135 * 20)


def test_draining_is_looked_at_less_often() -> None:
    service = rolling(new(1), OLD, events=(DRAINING,))
    draining = state(first_change=20.0, last=service)
    assert attention.pause(draining, 100.0) == pytest.approx(2.5 * 0.135 * 20)
    assert attention.pause(replace(draining, first_change=60.0), 100.0) == 7.0
    proving = replace(draining, phase=Phase.PROVING, progressed=100.0)
    assert attention.pause(proving, 100.0) == pytest.approx(0.135 * 20)


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


def test_a_quiet_look_costs_one_call() -> None:
    seen, _ = walk(begun(), [look(b.service(RUNNING, OLD_ONE), 2.0)])
    assert attention.needs(seen, b.service(RUNNING, OLD_ONE), 3.0) == frozenset()


def test_a_failed_start_is_worth_the_stopped_tasks() -> None:
    seen, _ = walk(begun(), [look(ANSWER)])
    needed = attention.needs(seen, b.service(replace(STARTED, failed_tasks=1), OLD_ONE), 3.0)
    assert Part.STOPPED in needed


def test_the_end_is_worth_everything_the_proof_rests_on() -> None:
    assert attention.needs(begun(), b.service(DONE), 3.0) >= attention.FOR_THE_PROOF


@pytest.mark.parametrize(
    ("first_change", "least", "most"), [(0.2, 0.2, 0.3), (20.0, 2.0, 3.0), (120.0, 3.0, 3.0)]
)
def test_the_pace_follows_the_world(first_change: float, least: float, most: float) -> None:
    seen, _ = walk(begun(), [look(ANSWER, 0.05), look(b.service(RUNNING, OLD_ONE), first_change)])
    assert least <= attention.pause(seen, first_change + 1) <= most
