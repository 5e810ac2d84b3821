"""Facts, targets, standalone tasks, identifiers: what changes the world, one at a time."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import replace

import pytest
from ecs_local import ids, transitions
from ecs_local.facts import (
    ContainerHealth,
    Fact,
    ImageResolved,
    ProcessExited,
    ProcessStarted,
    StartFailed,
    TargetChecked,
)
from ecs_local.profile import FARGATE, FAST, PROFILES, Profile
from ecs_local.simulate import Behaviour
from ecs_local.step import next_moment, step
from ecs_local.transitions import counts
from ecs_local.world import Health, Task, World
from ecs_local.world_balancer import Target, TargetGroup

from tests.local.worlds import GROUP, Stage

MISMATCH = "Health checks failed with these codes: [503]"


def checks(group: TargetGroup, pattern: str) -> Target:
    """Register a target, check it by the pattern (`+` passes, `-` fails) and return it."""
    world = World(target_groups={group.arn: group})
    transitions.register_target(group, "10.0.0.1", 80, 0.0)
    for each in pattern:
        reason = ("", "") if each == "+" else ("Target.ResponseCodeMismatch", MISMATCH)
        transitions.observe(world, TargetChecked(group.arn, "10.0.0.1", 80, each == "+", *reason), 1.0)
    return group.targets["10.0.0.1", 80]


@pytest.mark.parametrize(
    ("pattern", "state", "reason"),
    [
        ("", "initial", "Elb.RegistrationInProgress"),
        ("+", "healthy", ""),
        ("-", "initial", "Elb.InitialHealthChecking"),
        ("-+", "healthy", ""),
        ("--", "unhealthy", "Target.ResponseCodeMismatch"),
        ("+-", "healthy", ""),
        ("+-+-", "healthy", ""),
        ("+--", "unhealthy", "Target.ResponseCodeMismatch"),
        ("--++", "unhealthy", "Target.ResponseCodeMismatch"),
        ("--+++", "healthy", ""),
        ("--++-+++", "healthy", ""),
    ],
)
def test_health_checks_become_states(pattern: str, state: str, reason: str) -> None:
    target = checks(TargetGroup(GROUP, "app", healthy_threshold=3, unhealthy_threshold=2), pattern)
    assert (target.state, target.reason) == (state, reason)


def test_a_draining_target_is_not_checked_any_more() -> None:
    group = TargetGroup(GROUP, "app")
    target = checks(group, "+")
    assert transitions.deregister_target(group, "10.0.0.1", 80, 5.0)
    assert not transitions.deregister_target(group, "10.0.0.1", 80, 6.0)
    transitions.observe(World(target_groups={GROUP: group}), TargetChecked(GROUP, "10.0.0.1", 80, False), 7.0)
    assert (target.state, target.reason) == ("draining", "Target.DeregistrationInProgress")
    assert target.draining_since == 5.0


def test_a_stranger_leaves_its_group_after_the_delay() -> None:
    group = TargetGroup(GROUP, "app", deregistration_delay=10)
    world = World(profile=FARGATE, target_groups={GROUP: group})
    transitions.register_target(group, "10.0.0.1", 80, 0.0)
    transitions.deregister_target(group, "10.0.0.1", 80, 1.0)
    assert next_moment(world, 1.0) == 11.0
    step(world, 10.9)
    assert group.targets
    step(world, 11.0)
    assert not group.targets
    assert next_moment(world, 11.0) is None


def lone_task(stage: Stage) -> Task:
    return transitions.run_task(stage.world, "main", stage.definition("1"), stage.now, started_by="me")


def test_a_standalone_task_lives_and_ends_unreplaced() -> None:
    stage = Stage(desired=0, behaviours={"app:1": Behaviour(crashes_after=5.0)})
    task = lone_task(stage)
    seen = []

    def look() -> bool:
        if task.last_status not in seen:
            seen.append(task.last_status)
        return task.last_status == "STOPPED"

    assert stage.simulation.run(until=look)
    assert seen == ["PROVISIONING", "PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"]
    assert (task.group, task.started_by, task.stop_code) == ("family:app", "me", "EssentialContainerExited")
    assert task.containers[0].exit_code == 1
    assert (task.pull_started_at, task.pull_stopped_at) == pytest.approx((0.05, 0.15))
    assert not stage.world.standalone_tasks
    stage.run(3601)
    step(stage.world, stage.now)
    assert not stage.world.tasks


def test_stop_task_does_not_drain_first() -> None:
    stage = Stage()
    stage.up()
    (task,) = stage.tasks
    transitions.stop_task(stage.world, task, "", "UserInitiated", stage.now)
    assert task.last_status == "STOPPING"
    assert (task.stop_code, task.stopped_reason) == ("UserInitiated", "Task stopped by user")
    (target,) = stage.group.targets.values()
    stage.run(FAST.begin_stop / 2)
    assert target.state == "healthy"  # the load balancer does not know yet
    stage.run(FAST.begin_stop)
    assert target.state == "draining"
    assert stage.simulation.run(until=lambda: counts(stage.service).running == 1 and task not in stage.tasks)


@pytest.mark.parametrize("status", ["PROVISIONING", "PENDING"])
def test_a_task_stopped_before_its_process_has_nothing_to_terminate(status: str) -> None:
    stage = Stage(desired=0)
    task = lone_task(stage)
    stage.simulation.run(until=lambda: task.last_status == status)
    transitions.stop_task(stage.world, task, "why", "UserInitiated", stage.now)
    assert task.last_status == "DEPROVISIONING"


def test_a_task_stopped_while_its_process_starts_waits_for_the_exit() -> None:
    stage = Stage(desired=0)
    task = lone_task(stage)
    stage.simulation.run(until=lambda: task.pull_stopped_at is not None)
    transitions.stop_task(stage.world, task, "why", "UserInitiated", stage.now)
    assert task.last_status == "STOPPING"
    transitions.observe(stage.world, ProcessStarted(task.arn, "app"), stage.now)
    assert task.last_status == "STOPPING"
    transitions.observe(stage.world, ProcessExited(task.arn, "app", None), stage.now)
    assert task.last_status == "DEPROVISIONING"


def test_facts_about_the_unknown_change_nothing() -> None:
    stage = Stage()
    stage.up()
    (task,) = stage.tasks
    facts: list[Fact] = [
        ImageResolved("nobody", "app", "sha256:0"),
        ProcessExited(task.arn, "sidecar", 1),
        StartFailed("nobody", "app", "why"),
        ContainerHealth("nobody", "app", "HEALTHY"),
        TargetChecked("nowhere", "10.0.0.1", 80, False),
        TargetChecked(GROUP, "10.0.0.1", 80, False),
    ]
    before = replace(task)
    for fact in facts:
        transitions.observe(stage.world, fact, stage.now)
    assert task == before


def two_containers(stage: Stage) -> Task:
    arn = stage.definition("1")
    containers = stage.world.task_definitions[arn].content["containerDefinitions"]
    containers.append({"name": "helper", "image": "helper:1", "essential": False})
    containers.append({"name": "sidecar", "image": "sidecar:1", "healthCheck": {"command": ["CMD", "true"]}})
    task = transitions.run_task(stage.world, "main", arn, 0.0)
    assert stage.simulation.run(until=lambda: task.last_status == "RUNNING")
    return task


def test_a_container_that_is_not_essential_may_go() -> None:
    stage = Stage(desired=0)
    task = two_containers(stage)
    transitions.observe(stage.world, ProcessExited(task.arn, "helper", 0), stage.now)
    assert task.last_status == "RUNNING"
    transitions.observe(stage.world, ProcessExited(task.arn, "app", 3), stage.now)
    assert task.last_status == "STOPPING"  # the sidecar is still there
    assert stage.simulation.run(until=lambda: task.last_status == "STOPPED")
    assert [each.exit_code for each in task.containers] == [3, 0, 0]


@pytest.mark.parametrize(
    ("app", "sidecar", "expected"),
    [
        ("UNKNOWN", "HEALTHY", "UNKNOWN"),
        ("HEALTHY", "HEALTHY", "HEALTHY"),
        ("HEALTHY", "UNHEALTHY", "UNHEALTHY"),
        ("UNKNOWN", "UNHEALTHY", "UNHEALTHY"),
    ],
)
def test_health_of_a_task_is_that_of_its_essential_containers(
    app: Health, sidecar: Health, expected: str
) -> None:
    stage = Stage(desired=0)
    task = two_containers(stage)
    seen: dict[str, Health] = {"app": app, "sidecar": sidecar, "helper": "UNHEALTHY"}
    for name, health in seen.items():
        transitions.observe(stage.world, ContainerHealth(task.arn, name, health), stage.now)
    assert task.health == expected


def test_later_tasks_are_pinned_to_the_digest_of_the_first() -> None:
    stage = Stage()
    deployment = stage.up()
    stage.scale(2)
    stage.run(3)
    first, second = stage.tasks
    assert first.containers[0].pinned_digest is None
    assert second.containers[0].pinned_digest == deployment.image_digests["app"]
    stage.deploy("1")
    stage.run(0.2)
    assert stage.tasks[-1].containers[0].pinned_digest is None  # a new deployment asks the registry again


def test_a_deleted_service_drains_and_is_gone() -> None:
    stage = Stage(desired=2)
    stage.up()
    transitions.delete_service(stage.world, stage.service, stage.now)
    assert stage.service.status == "DRAINING"
    assert stage.simulation.run(until=lambda: stage.service.status == "INACTIVE", limit=60)
    assert not stage.tasks
    assert stage.simulation.run()
    assert next_moment(stage.world, stage.now) is None


def test_at_most_a_hundred_events_are_kept() -> None:
    stage = Stage()
    stage.up()
    for turn in range(80):
        stage.scale(1 + turn % 2)
        stage.run(5)
    assert len(stage.service.events) == 100


def test_nothing_is_left_to_wait_for_in_a_steady_service() -> None:
    stage = Stage()
    stage.up()
    stage.run(60)
    assert step(stage.world, stage.now) == []
    assert next_moment(stage.world, stage.now) is None


def test_a_moment_that_passes_after_the_step_is_not_lost() -> None:
    stage = Stage()
    stage.deploy("1")
    step(stage.world, 0.0)
    first = next_moment(stage.world, 0.0)
    assert first is not None
    assert next_moment(stage.world, first + 5.0) == first
    step(stage.world, first + 5.0)
    later = next_moment(stage.world, first + 5.0)
    assert later is not None
    assert later > first + 5.0


def test_steady_is_repeated_after_six_hours() -> None:
    stage = Stage()
    stage.up()
    said = len(stage.messages())
    step(stage.world, stage.now + 5 * 3600)
    assert len(stage.messages()) == said
    step(stage.world, stage.now + 6 * 3600)
    assert stage.messages()[said:] == ["has reached a steady state."]


def test_identifiers_have_amazons_shapes() -> None:
    world = World(seed=3)
    assert re.fullmatch(r"[0-9a-f]{32}", ids.task_id(world))
    assert re.fullmatch(r"[1-9][0-9]{18}", ids.deployment_number(world))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", ids.event_id(world))
    assert re.fullmatch(r"[A-Za-z0-9_-]{21}", ids.service_deployment_id(world))
    assert ids.arn(world, "task", "main", "1") == "arn:aws:ecs:eu-west-3:000000000000:task/main/1"


def test_addresses_are_loopback_and_distinct() -> None:
    world = World(seed=3)
    drawn = [ids.address(world) for _ in range(70_000)]
    assert len(set(drawn)) == len(drawn)
    assert "127.0.0.1" not in drawn
    assert all(ipaddress.ip_address(each).is_loopback for each in drawn[::1000])
    assert ids.address(World(seed=4)) not in drawn


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_speed_shortens_a_rollout_in_proportion(profile: Profile) -> None:
    took = []
    for factor in (1.0, 10.0):
        stage = Stage(delay=30, profile=profile.at_speed(factor))
        stage.up()
        stage.deploy("2")
        began = stage.now
        stage.until_over()
        took.append(stage.now - began)
    assert took[0] / took[1] == pytest.approx(10, rel=0.5)
