"""Failing deployments: circuit breaker, rollback, back-off, StopServiceDeployment."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from ecs_local import transitions
from ecs_local.alarms_model import Alarm, AlarmState
from ecs_local.profile import FARGATE
from ecs_local.scheduler_breaker import threshold
from ecs_local.simulate import Behaviour

from tests.local.worlds import BREAKER, CRASHING, GROUP, NEVER_READY, UNPULLABLE, Stage

NO_SECRET = Behaviour(secret=False)
BAD = {"crash": CRASHING, "unpullable": UNPULLABLE, "never ready": NEVER_READY, "no secret": NO_SECRET}


@pytest.mark.parametrize(
    ("desired", "wish", "expected"),
    [
        (0, None, 3),
        (1, None, 3),
        (7, None, 4),
        (25, None, 13),
        (400, None, 200),
        (800, None, 200),
        (1, {"type": "COUNT", "value": 1}, 1),
        (10, {"type": "COUNT", "value": 2}, 2),
        (10, {"type": "BOUNDED_PERCENT", "value": 10}, 3),
        (10, {"type": "UNBOUNDED_PERCENT", "value": 10}, 1),
        (1000, {"type": "UNBOUNDED_PERCENT", "value": 50}, 500),
        (1000, {"type": "BOUNDED_PERCENT", "value": 50}, 200),
    ],
)
def test_threshold(desired: int, wish: dict[str, Any] | None, expected: int) -> None:
    breaker = BREAKER | ({"thresholdConfiguration": wish} if wish else {})
    assert threshold(Stage(desired=desired, deploymentCircuitBreaker=breaker).service) == expected


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_revision_is_rolled_back_to_the_old_deployment(kind: str) -> None:
    stage = Stage(deploymentCircuitBreaker=BREAKER, behaviours={"app:2": BAD[kind]})
    first = stage.up()
    second = stage.deploy("2")
    assert stage.until_over() == "ROLLBACK_SUCCESSFUL"
    messages = stage.messages()
    failed = messages.index(f"(deployment {second.id}) deployment failed: tasks failed to start.")
    assert messages[failed + 1] == f"rolling back to deployment {first.id}."
    assert messages[-2:] == [f"(deployment {first.id}) deployment completed.", "has reached a steady state."]
    assert [(each.id, each.rollout_state) for each in stage.service.deployments] == [(first.id, "COMPLETED")]
    assert second.rollout_state == "FAILED"
    assert second.rollout_state_reason == "ECS deployment circuit breaker: tasks failed to start."
    wish = stage.service.service_deployments[0]
    assert (wish.breaker_status, wish.failure_count, wish.threshold) == ("TRIGGERED", 3, 3)
    assert wish.rollback is not None
    assert wish.rollback["serviceRevisionArn"].endswith(first.id.removeprefix("ecs-svc/"))
    assert len(stage.service.service_deployments) == 2  # the rollback is no deployment of its own
    assert wish.target_revision.endswith(second.id.removeprefix("ecs-svc/"))


def test_the_healthy_old_task_serves_all_the_time() -> None:
    stage = Stage(deploymentCircuitBreaker=BREAKER, behaviours={"app:2": CRASHING})
    stage.up()
    (old,) = stage.tasks
    stage.deploy("2")
    stage.until_over()
    assert stage.tasks == [old]
    assert [target.state for target in stage.group.targets.values()] == ["healthy"]


def test_stop_reasons_are_the_recorded_ones() -> None:
    stops = {}
    for kind, behaviour in BAD.items():
        stage = Stage(deploymentCircuitBreaker=BREAKER, behaviours={"app:1": behaviour})
        stage.deploy("1")
        stage.until_over()
        stage.run(30)
        stops[kind] = {(task.stop_code, task.stopped_reason) for task in stage.world.tasks.values()}
    assert stops == {
        "crash": {("EssentialContainerExited", "Essential container in task exited")},
        "unpullable": {("TaskFailedToStart", "CannotPullContainerError: app:1: not found")},
        "never ready": {
            ("ServiceSchedulerInitiated", f"Task failed ELB health checks in (target-group {GROUP})")
        },
        "no secret": {("TaskFailedToStart", "ResourceInitializationError: unable to pull secrets")},
    }


@pytest.mark.parametrize("breaker", [BREAKER, {"enable": True, "rollback": False}])
def test_a_first_deployment_that_fails_stalls(breaker: dict[str, Any]) -> None:
    stage = Stage(deploymentCircuitBreaker=breaker, behaviours={"app:1": CRASHING})
    deployment = stage.deploy("1")
    assert stage.until_over() == "STOPPED"
    started = len(stage.world.tasks)
    stage.run(600)
    assert (deployment.status, deployment.rollout_state) == ("PRIMARY", "FAILED")
    assert len(stage.world.tasks) == started == 3


def test_without_rollback_the_old_tasks_go_on() -> None:
    stage = Stage(
        deploymentCircuitBreaker={"enable": True, "rollback": False}, behaviours={"app:2": CRASHING}
    )
    first = stage.up()
    stage.deploy("2")
    assert stage.until_over() == "STOPPED"
    stage.run(60)
    assert [task.started_by for task in stage.tasks] == [first.id]
    assert [each.status for each in stage.service.deployments] == ["PRIMARY", "ACTIVE"]


def test_with_floor_zero_nothing_runs_while_it_fails() -> None:
    stage = Stage(low=0, behaviours={"app:2": CRASHING})
    stage.up()
    stage.deploy("2")
    stage.run(30)
    assert not [target for target in stage.group.targets.values() if target.state == "healthy"]


def test_without_breaker_it_tries_for_ever_and_ever_more_slowly() -> None:
    stage = Stage(profile=FARGATE, behaviours={"app:1": UNPULLABLE})
    deployment = stage.deploy("1")
    stage.run(6 * 3600)
    assert deployment.rollout_state == "IN_PROGRESS"
    starts = sorted(task.created_at for task in stage.world.tasks.values())
    assert starts[-1] - starts[-2] == pytest.approx(900, abs=60)
    said = [each for each in stage.messages() if each.startswith("is unable to consistently start tasks")]
    assert len(said) == 1
    assert deployment.failed_tasks > 20


def test_a_new_deployment_starts_without_the_pause_of_the_old() -> None:
    stage = Stage(profile=FARGATE, behaviours={"app:1": UNPULLABLE})
    stage.deploy("1")
    stage.run(3600)
    stage.deploy("2")
    began = stage.now
    assert stage.until_over() == "SUCCESSFUL"
    assert stage.now - began < 120


def test_three_unresolved_digests_fail_a_large_service_too() -> None:
    stage = Stage(desired=40, deploymentCircuitBreaker=BREAKER, behaviours={"app:2": UNPULLABLE})
    stage.up()
    stage.deploy("2")
    assert threshold(stage.service) == 20
    assert stage.until_over() == "ROLLBACK_SUCCESSFUL"
    assert stage.service.service_deployments[0].failure_count < 20


def test_a_count_of_one_gives_the_quickest_verdict() -> None:
    breaker = BREAKER | {"thresholdConfiguration": {"type": "COUNT", "value": 1}}
    stage = Stage(deploymentCircuitBreaker=breaker, behaviours={"app:2": CRASHING})
    stage.up()
    second = stage.deploy("2")
    assert stage.until_over() == "ROLLBACK_SUCCESSFUL"
    assert sum(task.started_by == second.id for task in stage.world.tasks.values()) == 1


@pytest.mark.parametrize(("resets", "expected"), [(True, (0, 0)), (False, (2, 2))])
def test_a_healthy_task_resets_the_count_unless_told_otherwise(
    resets: bool, expected: tuple[int, int]
) -> None:
    stage = Stage(
        deploymentCircuitBreaker=BREAKER | {"resetOnHealthyTask": resets}, behaviours={"app:1": CRASHING}
    )
    deployment = stage.deploy("1")
    stage.simulation.run(until=lambda: deployment.failed_tasks == 2)
    stage.simulation.become("app:1", Behaviour())
    assert stage.until_over() == "SUCCESSFUL"
    wish = stage.service.service_deployments[0]
    assert (deployment.failed_tasks, wish.failure_count) == expected


def test_a_rollback_that_fails_ends_as_rollback_failed() -> None:
    stage = Stage(low=0, high=100, deploymentCircuitBreaker=BREAKER, behaviours={"app:2": CRASHING})
    stage.up()
    stage.deploy("2")
    stage.simulation.become("app:1", UNPULLABLE)
    assert stage.until_over() == "ROLLBACK_FAILED"
    stage.run(60)
    assert stage.primary.rollout_state == "FAILED"
    assert not stage.tasks


def test_a_stop_request_rolls_back_without_any_breaker() -> None:
    stage = Stage(behaviours={"app:2": NEVER_READY})
    first = stage.up()
    second = stage.deploy("2")
    stage.run(1)
    wish = stage.service.service_deployments[0]
    transitions.stop_service_deployment(stage.world, stage.service, wish, stage.now)
    assert wish.status == "ROLLBACK_REQUESTED"
    stage.run(0)
    assert wish.status == "ROLLBACK_IN_PROGRESS"
    assert stage.until_over() == "ROLLBACK_SUCCESSFUL"
    assert [each.id for each in stage.service.deployments] == [first.id]
    assert second.rollout_state == "FAILED"


def test_a_stop_request_with_nothing_to_go_back_to_stops() -> None:
    stage = Stage(behaviours={"app:1": NEVER_READY})
    stage.deploy("1")
    stage.run(1)
    wish = stage.service.service_deployments[0]
    transitions.stop_service_deployment(stage.world, stage.service, wish, stage.now)
    assert wish.status == "STOP_REQUESTED"
    assert stage.until_over() == "STOPPED"


def test_a_rollback_goes_to_what_completed_even_at_zero() -> None:
    stage = Stage(
        desired=0, deploymentCircuitBreaker=BREAKER, behaviours={"app:2": CRASHING, "app:3": CRASHING}
    )
    stage.up()
    unproven = stage.deploy("2")
    assert stage.until_over() == "SUCCESSFUL"
    stage.scale(1)
    stage.deploy("3")
    stage.simulation.run(until=lambda: stage.primary.id == unproven.id)
    assert stage.until_over() == "ROLLBACK_FAILED"


def test_the_latest_desired_count_decides() -> None:
    stage = Stage(desired=1, deploymentCircuitBreaker=BREAKER)
    stage.deploy("1")
    stage.scale(10)
    assert stage.service.service_deployments[0].threshold == 5


WATCHED = {"alarmNames": ["errors"], "enable": True, "rollback": True}


def _alarm(stage: Stage, state: AlarmState) -> None:
    stage.world.alarms["errors"] = Alarm(
        "errors", "arn", {"ActionsEnabled": False}, 0.0, 0.0, 0.0, inf, state=state
    )


@pytest.mark.parametrize("rollback", [True, False])
def test_an_alarm_that_goes_off_fails_the_deployment(rollback: bool) -> None:
    stage = Stage(alarms=WATCHED | {"rollback": rollback})
    first = stage.up("1")
    _alarm(stage, "OK")
    second = stage.deploy("2")
    stage.run(0.5)
    _alarm(stage, "ALARM")
    assert stage.until_over() == ("ROLLBACK_SUCCESSFUL" if rollback else "STOPPED")
    assert second.rollout_state_reason == "ECS deployment failed: alarm detected."
    assert f"(deployment {second.id}) deployment failed: alarm detected." in stage.messages()
    assert (stage.primary is first) is rollback


@pytest.mark.parametrize(
    "alarms", [WATCHED, WATCHED | {"enable": False}, WATCHED | {"alarmNames": ["other"]}]
)
def test_an_alarm_that_went_off_before_is_ignored(alarms: dict[str, Any]) -> None:
    """The deployment may be what mends it (developer guide); and so is one that nobody watches."""
    stage = Stage(alarms=alarms)
    stage.up("1")
    _alarm(stage, "ALARM")
    stage.deploy("2")
    assert stage.until_over() == "SUCCESSFUL"
