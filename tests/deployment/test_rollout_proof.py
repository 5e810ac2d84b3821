"""The proof of a rollout whose tasks die: ECS completes it in a pause in which they run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import attention, model
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import GoBackTo, Observation, Part, Phase

from tests.deployment import builders as b
from tests.deployment.test_rollout import DONE, PROVEN, begun, walk, well

DIED = b.failed(2, started_at=4.0, stopped_at=6.0)  # it ran for two seconds
NEEDED = 1.5 * 2 + 1


def after_a_death(now: float, *dead: model.Task, number: int = 2) -> Observation:
    runs = replace(b.task(number, b.NEW), started_by="ecs-svc/2")
    return well(now, stopped=dead or (DIED,), running=(runs,), targets=(b.target(number),))


def test_what_runs_has_to_outlive_what_died() -> None:
    state, _ = walk(begun(), [after_a_death(10.0), after_a_death(10.0 + NEEDED - 0.5)])
    assert (state.outcome, state.phase) == (None, Phase.PROVING)
    assert "longer than those that failed" in state.waiting_for
    state, _ = walk(state, [after_a_death(10.0 + NEEDED)])
    assert state.outcome is Outcome.DEPLOYED


def test_another_task_in_its_place_begins_anew() -> None:
    state, _ = walk(begun(), [after_a_death(10.0), after_a_death(13.9, number=3)])
    state, _ = walk(state, [after_a_death(14.1, number=3)])
    assert state.outcome is None
    assert walk(state, [after_a_death(18.0, number=3)])[0].outcome is Outcome.DEPLOYED


def test_a_late_death_costs_a_minute_and_no_more() -> None:
    late = replace(DIED, stopped_at=4.0 + 900)
    state, _ = walk(begun(), [after_a_death(1000.0, late), after_a_death(1059.0, late)])
    assert state.outcome is None
    assert walk(state, [after_a_death(1060.0, late)])[0].outcome is Outcome.DEPLOYED


def test_a_loop_is_not_proven_between_two_deaths() -> None:
    plan = b.planned(fallback=PROVEN)
    state, effects = walk(begun(plan), [after_a_death(10.0, DIED, DIED, DIED)])
    assert effects == [GoBackTo(b.OLD, None)]
    assert state.cause
    assert "exited with code 1" in state.cause.text


@pytest.mark.parametrize(
    ("changes", "started", "more"),
    [({}, 1, False), ({}, 2, True), ({"failed_tasks": 1}, 1, True)],
)
@pytest.mark.parametrize("phase", [Phase.ROLLING, Phase.PROVING])
def test_the_stopped_tasks_are_read_for_the_proof_where_one_died(
    phase: Phase, changes: dict[str, Any], started: int, more: bool
) -> None:
    begins = tuple(
        model.Event(str(n), 5.0 + n, "(service app) has started 1 tasks: (task 0a1b).")
        for n in range(started)
    )
    seen = replace(b.service(replace(DONE, **changes)), events=begins)
    state = replace(begun(), phase=phase, last=seen)
    wanted = attention.needs(state, seen, now=9.0)
    assert wanted == attention.FOR_THE_PROOF | ({Part.STOPPED} if more else set())
