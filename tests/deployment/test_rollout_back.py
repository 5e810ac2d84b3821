"""The way back that does not lead anywhere, and a rollout that is still under way when the time is up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import attention, model, rollout, rollout_back, rollout_evident
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import Limits, Part, Phase, State

from tests.deployment import builders as b
from tests.deployment.test_rollout import OLD_ONE, PROVEN, RUNNING, STARTED, begun, look, walk

BACK = b.deployment(3, b.OLD, running=0, rollout_state="IN_PROGRESS", created_at=5.0)
CRASHED = tuple(b.failed(3, task_definition=b.OLD, created_at=10.0 + n) for n in range(3))


def retreating(**changes: Any) -> State:
    """Our rollout failed, and the update that leads back has been answered."""
    plan = b.planned(fallback=PROVEN)
    failing = tuple(b.failed(2) for _ in range(3))
    state, effects = walk(begun(plan), [look(b.service(STARTED, OLD_ONE), stopped=failing)])
    assert effects
    assert state.phase is Phase.RETREATING
    return replace(state, **changes)


def test_an_earlier_revision_that_crashes_too_is_not_waited_out() -> None:
    state, _ = walk(retreating(), [look(b.service(BACK), now=9.0, stopped=CRASHED)])
    assert state.outcome is Outcome.FAILED
    assert state.way_back
    assert "exited with code 1" in state.way_back.text
    assert state.cause
    assert state.cause.text != "", "why it had to go back at all still stands"


def test_where_nothing_else_is_known_to_work_a_failure_is_left_as_it_is() -> None:
    same = b.planned(fallback=replace(PROVEN, revision=b.NEW, proven=False))
    same = replace(same, expectation=replace(same.expectation, revision=b.NEW))
    failing = tuple(b.failed(2) for _ in range(3))
    state, effects = walk(begun(same), [look(b.service(STARTED, OLD_ONE), stopped=failing)])
    assert (state.outcome, effects) == (Outcome.FAILED, [])


def test_what_is_to_be_left_is_only_watched_where_ecs_goes_back_all_the_same() -> None:
    plan = b.planned(fallback=replace(PROVEN, revision=b.OLD.replace(":1", ":9")), leave=True)
    ours = replace(begun(plan), limits=Limits(roll_back=False))
    primary = replace(BACK, id="ecs-svc/1", created_at=1.0)
    back = look(b.service(primary), deployment=b.rollout_of(2, "ROLLBACK_IN_PROGRESS"))
    state, effects = walk(ours, [back, back])
    assert effects == []
    assert (state.phase, state.back_to) == (Phase.RETREATING, b.OLD)


@pytest.mark.parametrize(
    "seen",
    [
        look(b.service(BACK), now=9.0, stopped=CRASHED[:2]),
        # Failures from before our deploy, and those of our own revision, say nothing about the way back.
        look(b.service(BACK), now=9.0, stopped=tuple(replace(t, created_at=1.0) for t in CRASHED)),
        look(b.service(BACK), now=9.0, stopped=tuple(b.failed(2, created_at=10.0) for _ in range(4))),
        look(b.service(replace(BACK, running=1)), now=9.0, stopped=CRASHED),
    ],
)
def test_as_long_as_it_is_not_evident_it_is_waited_for(seen: rollout.Observation) -> None:
    state, _ = walk(retreating(), [seen])
    assert state.outcome is None


def test_a_scaler_that_takes_it_down_on_the_way_back_is_named_but_not_at_once() -> None:
    asleep = b.service(replace(BACK, rollout_state="COMPLETED"), desired=0)
    state, _ = walk(retreating(), [look(asleep, now=30.0)])
    assert state.outcome is None
    state, _ = walk(state, [look(asleep, now=80.0)])
    assert state.outcome is Outcome.FAILED
    assert state.way_back
    assert "set the desired count to 0" in state.way_back.text


def test_the_stopped_tasks_of_the_way_back_are_read_when_there_is_news_and_none_runs() -> None:
    news = b.service(BACK, events=(model.Event("9", 11.0, "(service app) has started 1 tasks: (task x)."),))
    state = retreating(last=b.service(BACK))
    assert attention.needs(state, news, now=12.0) == {Part.STOPPED}
    assert attention.needs(state, b.service(BACK), now=12.0) == frozenset()


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ("operations are being throttled. Will try again later.", " AWS throttles the start of tasks."),
        ("", ""),
    ],
)
def test_who_runs_out_of_time_is_told_what_it_hangs_on(event: str, cause: str) -> None:
    events = (model.Event("1", 9.0, f"(service app) {event}"),) if event else ()
    hanging = b.service(RUNNING, OLD_ONE, events=events)
    state, _ = walk(begun(no_progress=10.0), [look(hanging, now=1.0), look(hanging, now=20.0)])
    assert state.outcome is Outcome.UNDECIDED
    assert state.cause
    waits = "The time was up while still waiting for new tasks to be healthy, 1 old one to drain."
    assert state.cause.text == waits + cause
    assert "a longer --timeout" in state.cause.advice


LOSSES = model.Traffic(10, 3, 3, 900)


def test_lost_requests_are_told_by_the_task_that_failed() -> None:
    state, _ = walk(
        begun(max_errors=0), [look(b.service(RUNNING, OLD_ONE), stopped=(b.failed(2),), traffic=LOSSES)]
    )
    assert state.cause
    assert state.cause.text.startswith("Container app exited with code 1")
    assert state.cause.text.endswith("3 requests were lost during the rollout, 3 in a row.")
    alone, _ = walk(begun(max_errors=0), [look(b.service(RUNNING, OLD_ONE), traffic=LOSSES)])
    assert alone.cause
    assert alone.cause.text == "3 requests were lost during the rollout, 3 in a row."


def test_while_requests_are_lost_it_is_asked_why() -> None:
    state, _ = walk(begun(), [look(b.service(RUNNING, OLD_ONE))])
    assert attention.needs(state, b.service(RUNNING, OLD_ONE), 2.0) == frozenset()
    assert attention.needs(state, b.service(RUNNING, OLD_ONE), 2.0, LOSSES) == {Part.STOPPED, Part.TARGETS}


def test_before_the_time_is_called_everything_is_looked_at() -> None:
    state, _ = walk(begun(no_progress=10.0), [look(b.service(RUNNING, OLD_ONE), now=1.0)])
    assert attention.needs(state, b.service(RUNNING, OLD_ONE), now=12.0) == attention.EVERYTHING


@pytest.mark.parametrize(("desired", "allowed"), [(1, 3), (6, 3), (7, 4), (25, 13)])
def test_half_of_the_desired_tasks_may_fail_and_at_least_three(desired: int, allowed: int) -> None:
    assert rollout_evident.failures_allowed(desired) == allowed


def test_a_look_from_before_our_rollout_does_not_prove_the_way_back() -> None:
    """It shows the earlier revision, well and completed, while both rollouts are only about to begin."""
    before = {"running": (b.task(),), "targets": (b.target(),)}
    state = rollout_back.went_back(retreating(), b.service(BACK))
    for now in (9.0, 12.0):
        state, _ = rollout.step(state, look(b.service(), now, **before))
        assert state.outcome is None
    arrived = b.service(replace(BACK, running=1, rollout_state="COMPLETED"))
    well = {"running": (b.task(3, b.OLD),), "targets": (b.target(3),)}
    assert rollout.step(state, look(arrived, 14.0, **well))[0].outcome is Outcome.ROLLED_BACK
    # Where it stands, ECS has gone back by itself, to that deployment's own id.
    assert rollout.step(state, look(b.service(), 16.0, **before))[0].outcome is Outcome.ROLLED_BACK
