"""Whole rollouts in memory: order, floor, ceiling, draining, scaling."""

from __future__ import annotations

import pytest
from ecs_local import transitions
from ecs_local.profile import FARGATE
from ecs_local.scheduler_rollout import envelope
from ecs_local.simulate import Behaviour
from ecs_local.transitions import counts

from tests.local.worlds import BREAKER, GROUP, NEVER_READY, Stage

EARLY = {"enable": True, "healthyPercent": 50}


@pytest.mark.parametrize(
    ("desired", "low", "high", "floor", "ceiling"),
    [
        (0, 100, 200, 0, 0),
        (0, 0, 100, 0, 0),
        (1, 100, 200, 1, 2),
        (1, 50, 200, 1, 2),
        (1, 1, 200, 1, 2),
        (1, 0, 200, 0, 2),
        (1, 50, 100, 1, 1),
        (1, 0, 100, 0, 1),
        (1, 100, 100, 1, 1),
        (1, 100, 150, 1, 1),
        (2, 100, 200, 2, 4),
        (2, 50, 200, 1, 4),
        (2, 50, 100, 1, 2),
        (2, 100, 100, 2, 2),
        (3, 67, 150, 3, 4),
        (4, 50, 200, 2, 8),
        (4, 0, 100, 0, 4),
    ],
)
def test_floor_rounds_up_and_ceiling_down(
    desired: int, low: int, high: int, floor: int, ceiling: int
) -> None:
    limits = envelope(desired, {"minimumHealthyPercent": low, "maximumPercent": high})
    assert (limits.floor, limits.ceiling) == (floor, ceiling)


def test_defaults_are_those_of_a_replica_service() -> None:
    assert envelope(3, {}) == envelope(3, {"minimumHealthyPercent": 100, "maximumPercent": 200})


def test_a_rollout_tells_the_recorded_story() -> None:
    stage = Stage(delay=30, profile=FARGATE)
    old = stage.up()
    (first,) = stage.tasks
    said = len(stage.messages())
    new = stage.deploy("2")
    assert stage.until_over() == "SUCCESSFUL"
    (second,) = stage.tasks
    assert stage.messages()[said:] == [
        f"has started 1 tasks: (task {second.id}).",
        f"registered 1 targets in (target-group {GROUP})",
        f"deregistered 1 targets in (target-group {GROUP})",
        "has begun draining connections on 1 tasks.",
        f"has stopped 1 running tasks: (task {first.id}).",
        f"(deployment {new.id}) deployment completed.",
        "has reached a steady state.",
    ]
    assert first.stopped_reason == f"Scaling activity initiated by (deployment {new.id})"
    assert first.stop_code == "ServiceSchedulerInitiated"
    assert [each.id for each in stage.service.deployments] == [new.id]
    assert old.status == "INACTIVE"
    assert new.rollout_state_reason == f"ECS deployment {new.id} completed."
    events = list(reversed(stage.service.events))[said:]
    assert events[3].created_at - events[2].created_at == pytest.approx(0.001)
    assert events[4].created_at - events[2].created_at == pytest.approx(30, abs=0.01)
    assert events[5].created_at - events[4].created_at == pytest.approx(78, abs=10)
    assert events[6].created_at - events[5].created_at == pytest.approx(0.001)
    assert stage.now - new.created_at < 160


def test_the_full_deregistration_delay_is_paid() -> None:
    stage = Stage(delay=300, profile=FARGATE)
    stage.up()
    stage.deploy("2")
    began = stage.now
    stage.until_over()
    assert 400 < stage.now - began < 474


def test_the_answer_shows_the_new_deployment_at_zero() -> None:
    stage = Stage(desired=2)
    stage.up()
    new = stage.deploy("2")
    assert (new.status, new.rollout_state, new.desired_count, new.failed_tasks) == (
        "PRIMARY",
        "IN_PROGRESS",
        0,
        0,
    )
    assert counts(stage.service, new) == (0, 0)
    old = stage.service.deployments[1]
    assert (old.status, old.rollout_state, old.desired_count) == ("ACTIVE", "COMPLETED", 2)
    assert counts(stage.service, old) == (2, 0)
    assert stage.service.service_deployments[0].status == "PENDING"


def test_counts_climb_and_fall_in_steps() -> None:
    stage = Stage(desired=4, low=50, high=100)
    stage.up()
    new = stage.deploy("2")
    old = stage.service.deployments[1]
    seen = set()

    def look() -> bool:
        seen.add((new.desired_count, old.desired_count))
        return new.rollout_state == "COMPLETED"

    assert stage.simulation.run(until=look)
    assert {(0, 4), (0, 2), (2, 2), (2, 0), (4, 0)} <= seen


def test_floor_zero_stops_the_old_task_with_the_start_of_the_new() -> None:
    stage = Stage(low=0)
    stage.up()
    (first,) = stage.tasks
    stage.deploy("2")
    stage.simulation.run(until=lambda: len(stage.tasks) == 2)
    started = stage.messages()[-3]
    assert started.startswith("has started 1 tasks")
    assert first.desired_status == "STOPPED"
    assert next(iter(stage.group.targets.values())).state == "draining"


def test_below_a_hundred_old_tasks_go_first() -> None:
    stage = Stage(desired=2, low=50, high=100)
    stage.up()
    stage.deploy("2")
    stage.run(0.15)
    assert sum(task.desired_status == "RUNNING" for task in stage.tasks) == 1
    assert stage.until_over() == "SUCCESSFUL"


@pytest.mark.parametrize(
    ("desired", "low", "high"), [(1, 100, 100), (1, 50, 100), (2, 100, 100), (1, 100, 150)]
)
def test_where_nothing_may_start_or_stop_it_says_so_once(desired: int, low: int, high: int) -> None:
    stage = Stage(desired=desired, low=low, high=high)
    stage.up()
    stage.deploy("2")
    stage.run(3600)
    stuck = [each for each in stage.messages() if each.startswith("was unable to stop or start tasks")]
    assert len(stuck) == 1
    assert stage.primary.rollout_state == "IN_PROGRESS"
    stage.service.configuration["maximumPercent"] = 200
    assert stage.until_over() == "SUCCESSFUL"


def test_zero_tasks_complete_at_once_and_prove_nothing() -> None:
    stage = Stage(desired=0)
    deployment = stage.deploy("1")
    stage.run(0)
    assert deployment.rollout_state == "COMPLETED"
    assert not stage.world.tasks
    assert stage.messages() == [
        f"(deployment {deployment.id}) deployment completed.",
        "has reached a steady state.",
    ]


def test_from_zero_only_the_new_version_is_started() -> None:
    stage = Stage(desired=0)
    stage.up()
    stage.scale(1)
    new = stage.deploy("2")
    assert stage.until_over() == "SUCCESSFUL"
    assert {task.started_by for task in stage.world.tasks.values()} == {new.id}


def test_from_zero_on_fargate_is_quick() -> None:
    stage = Stage(desired=0, profile=FARGATE)
    stage.up()
    stage.scale(1)
    stage.deploy("2")
    began = stage.now
    stage.until_over()
    assert stage.now - began < 100


def test_a_new_target_gets_old_traffic_only_after_it_is_healthy() -> None:
    stage = Stage(grace=600, behaviours={"app:2": Behaviour(ready_after=3.0)})
    stage.up()
    (first,) = stage.tasks
    stage.deploy("2")
    stage.run(2.5)
    assert first.desired_status == "RUNNING"
    assert stage.until_over() == "SUCCESSFUL"


def test_load_balancer_and_container_check_must_both_pass() -> None:
    stage = Stage(checked=True)
    stage.deploy("1")
    stage.simulation.run(until=lambda: stage.primary.had_healthy)
    (task,) = stage.tasks
    assert task.health == "HEALTHY"
    assert stage.until_over() == "SUCCESSFUL"


def test_without_any_check_a_task_counts_after_its_time() -> None:
    stage = Stage(balanced=False, profile=FARGATE)
    stage.deploy("1")
    stage.simulation.run(until=lambda: stage.primary.had_healthy)
    (task,) = stage.tasks
    assert task.started_at is not None
    assert stage.now - task.started_at == pytest.approx(40)


def test_a_busy_target_is_drained_until_idle_or_the_delay_is_over() -> None:
    stage = Stage(delay=20)
    stage.up()
    stage.deploy("2")
    (old,) = stage.group.targets.values()
    old.in_flight = 1
    stage.simulation.run(until=lambda: old.state == "draining")
    began = stage.now
    stage.run(10)
    assert old in stage.group.targets.values()
    old.in_flight, old.idle_since = 0, stage.now
    stage.run(1)
    assert old not in stage.group.targets.values()
    assert stage.now < began + 20


def test_a_target_that_never_gets_idle_is_let_go_after_the_delay() -> None:
    stage = Stage(delay=7)
    stage.up()
    stage.deploy("2")
    (old,) = stage.group.targets.values()
    old.in_flight = 1
    stage.simulation.run(until=lambda: old.state == "draining")
    began = stage.now
    stage.simulation.run(until=lambda: old not in stage.group.targets.values())
    assert stage.now - began == pytest.approx(7)


def test_scaling_is_no_deployment() -> None:
    stage = Stage()
    first = stage.up()
    stage.scale(3)
    stage.run(5)
    assert counts(stage.service) == (3, 0)
    stage.scale(1)
    stage.run(5)
    assert counts(stage.service) == (1, 0)
    assert [each.id for each in stage.service.deployments] == [first.id]
    assert first.rollout_state == "COMPLETED"
    *_, steady, stopped = stage.messages()
    assert steady == "has reached a steady state."  # as recorded: before the drained tasks are stopped
    assert stopped.startswith("has stopped 2 running tasks: (task ")
    assert len(stage.service.service_deployments) == 1


def test_scale_out_during_a_rollout_grows_both_revisions() -> None:
    stage = Stage(behaviours={"app:2": Behaviour(ready_after=30.0)}, grace=3600)
    first = stage.up()
    second = stage.deploy("2")
    stage.run(1)
    stage.scale(2)
    stage.run(2)
    assert counts(stage.service, first).running == 2
    assert counts(stage.service, second).running == 2
    assert stage.until_over() == "SUCCESSFUL"
    assert {task.started_by for task in stage.tasks} == {second.id}


def test_scaled_to_zero_in_mid_rollout_it_completes_at_nothing() -> None:
    stage = Stage(behaviours={"app:2": NEVER_READY})
    stage.up()
    stage.deploy("2")
    stage.run(0.5)
    stage.scale(0)
    assert stage.until_over() == "SUCCESSFUL"
    assert not stage.tasks


def test_a_dead_task_is_replaced_by_its_own_revision_in_mid_rollout() -> None:
    stage = Stage(behaviours={"app:2": Behaviour(ready_after=20.0)}, high=300, grace=3600)
    first = stage.up()
    stage.deploy("2")
    stage.run(1)
    old = next(task for task in stage.tasks if task.started_by == first.id)
    transitions.stop_task(stage.world, old, "by hand", "UserInitiated", stage.now)
    stage.run(2)
    again = [task for task in stage.tasks if task.started_by == first.id]
    assert [task.last_status for task in again] == ["RUNNING"]
    assert again != [old]
    assert stage.until_over() == "SUCCESSFUL"


def test_an_unhealthy_task_goes_after_its_replacement_is_healthy() -> None:
    stage = Stage(behaviours={"app:1": Behaviour(sick_after=3.0)})
    stage.up()
    (sick,) = stage.tasks
    stage.simulation.run(until=lambda: len(stage.tasks) == 2)
    assert sick.desired_status == "RUNNING"
    assert stage.messages()[-1].endswith("Amazon ECS replaced 1 tasks due to an unhealthy status.")
    unhealthy = (
        f"(task {sick.id}) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason Health checks"
    )
    assert stage.messages()[-2].startswith(unhealthy)
    stage.simulation.run(until=lambda: sick.last_status == "STOPPED", limit=60)
    assert sick.stopped_reason == f"Task failed ELB health checks in (target-group {GROUP})"


def test_without_room_an_unhealthy_task_is_stopped_first() -> None:
    stage = Stage(high=100, behaviours={"app:1": Behaviour(sick_after=3.0)})
    stage.up()
    (sick,) = stage.tasks
    assert stage.simulation.run(until=lambda: sick.desired_status == "STOPPED", limit=60)
    assert stage.tasks == [sick]
    assert stage.simulation.run(
        until=lambda: counts(stage.service).running == 1 and sick not in stage.tasks, limit=9
    )


def test_checks_that_fail_in_the_grace_period_do_not_count() -> None:
    stage = Stage(
        grace=60, behaviours={"app:1": Behaviour(ready_after=4.0)}, deploymentCircuitBreaker=BREAKER
    )
    stage.group.healthy_threshold = 2
    stage.deploy("1")
    assert stage.until_over() == "SUCCESSFUL"
    assert len(stage.world.tasks) == 1


def test_a_second_deployment_supersedes_the_first() -> None:
    stage = Stage(behaviours={"app:2": Behaviour(ready_after=60.0)})
    stage.up()
    second = stage.deploy("2")
    stage.run(1)
    third = stage.deploy("3")
    superseded = stage.service.service_deployments[1]
    assert (superseded.status, superseded.stopped_at) == ("STOPPED", stage.now)
    assert (second.status, second.rollout_state) == ("ACTIVE", "IN_PROGRESS")
    assert stage.until_over() == "SUCCESSFUL"
    assert [each.id for each in stage.service.deployments] == [third.id]
    assert {task.started_by for task in stage.tasks} == {third.id}


@pytest.mark.parametrize("cleanup", ["DEFERRED", "BLOCKING"])
def test_early_success(cleanup: str) -> None:
    criteria = EARLY | {"sourceServiceRevisionCleanup": cleanup}
    stage = Stage(desired=2, low=50, delay=300, profile=FARGATE, earlySuccessCriteria=criteria)
    first = stage.up()
    stage.deploy("2")
    began = stage.now
    assert stage.until_over() == "SUCCESSFUL"
    others = [task for task in stage.tasks if task.started_by == first.id]
    if cleanup == "DEFERRED":
        assert stage.now - began < 100
        assert others
        assert stage.simulation.run(until=lambda: stage.service.steady_since is not None)
        stage.run(600)
    assert not [task for task in stage.tasks if task.started_by == first.id]
    assert counts(stage.service) == (2, 0)


def test_the_same_seed_gives_the_same_history() -> None:
    stages = [Stage(desired=3, seed=seed) for seed in (7, 7, 8)]
    for stage in stages:
        stage.up()
        stage.deploy("2")
        stage.until_over()
    first, again, other = (
        [(each.id, each.created_at, each.message) for each in s.service.events] for s in stages
    )
    assert first == again
    assert first != other
