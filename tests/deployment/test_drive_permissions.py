"""Permissions that are missing in the middle: what was borrowed goes back, and the outcome says what is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from ecs_deployment import model
from ecs_deployment.errors import Denied
from ecs_deployment.outcome import Outcome

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, crashes

BORROWED = b.planned(
    content=b.definition(image="new").content,
    configuration={"minimumHealthyPercent": 100, "maximumPercent": 200},
    debts=(b.FLOOR, b.SUSPENSION),
    fallback=replace(b.planned().fallback, by_ecs=False),
)


def world(progress: Callable[[MemoryCloud, str], None] = completes) -> World:
    made = World(floor=0)
    made.cloud.progress = progress
    made.cloud.scalable["app"] = b.scaling()
    return made


def denied(action: str) -> Denied:
    return Denied(f"The credentials may not call {action}.", f"Allow {action} for this principal.")


@pytest.mark.parametrize("part", ["tasks", "targets"])
def test_a_proof_that_may_not_be_read_is_undecided_and_hands_back(part: str) -> None:
    place = world()
    place.cloud.refuse(denied("ecs:DescribeTasks"), part)
    (result,) = place.drive(place.job(BORROWED))
    assert result.outcome is Outcome.UNDECIDED
    assert "ecs:DescribeTasks" in result.cause + result.advice
    assert (place.floor(), place.cloud.scalable["app"].suspended.scale_in) == (0, False)
    assert place.entry().debts == ()
    primary = place.live().primary
    assert primary
    assert primary.rollout_state == "COMPLETED", "not before the rollout was over"


def test_stop_reasons_that_may_not_be_read_do_not_keep_it_from_ending() -> None:
    place = world(crashes)
    place.cloud.refuse(denied("ecs:ListTasks"), "stopped_tasks", "tasks")
    job = place.job(BORROWED)
    (result,) = place.drive(job, no_progress=60.0)
    assert result.outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("operation", ["suspend", "register", "update_service", "read_parameter"])
def test_a_change_that_is_not_allowed_is_a_refusal_and_leaves_nothing(operation: str) -> None:
    place = world()
    job = place.job(BORROWED)
    place.cloud.refuse(denied("the:Action"), operation)
    (result,) = place.drive(job)
    assert result.outcome is Outcome.REFUSED
    assert "the:Action" in result.cause + result.advice
    assert (place.floor(), place.cloud.scalable["app"].suspended.scale_in) == (0, False)
    place.cloud.refuse(None, operation)
    assert place.entry().debts == ()


def test_without_the_newer_view_the_rollout_state_of_our_id_decides() -> None:
    place = world()
    place.cloud.refuse(denied("ecs:ListServiceDeployments"), "service_deployment")
    (result,) = place.drive(place.job(BORROWED))
    assert result.outcome is Outcome.DEPLOYED


def test_an_alarm_that_may_not_be_told_is_not_waited_for() -> None:
    place = world()
    place.cloud.alarm = model.IdleAlarm("idle", "ALARM", leased=True)
    place.cloud.refuse(denied("cloudwatch:PutMetricData"), "report_activity")
    (result,) = place.drive(place.job(replace(BORROWED, idle=place.cloud.alarm)))
    assert result.outcome is Outcome.DEPLOYED
    assert place.cloud.sent("report_activity") == 1
    assert place.cloud.sent("alarm_state") == 0
    assert any("cloudwatch:PutMetricData" in note and "sleep at once" in note for note in result.notes)
