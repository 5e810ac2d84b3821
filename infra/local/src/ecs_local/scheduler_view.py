"""Reading a service: which tasks count, which are healthy, which must be replaced.

`Census` is taken once for each look at a service; the rules of the other scheduler modules read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecs_local.world import Content, Deployment, Service, ServiceDeployment, Task, World
from ecs_local.world_balancer import Target, TargetGroup

ALIVE = frozenset({"PROVISIONING", "PENDING", "ACTIVATING", "RUNNING"})
"""What counts towards the ceiling: a task that is DEACTIVATING or later does not (botocore, maximumPercent)."""

ONGOING = frozenset(
    {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
)
REPEAT_AFTER = 6 * 3600.0
"""Seconds until ECS says again what it has said before (developer guide, service event messages)."""


@dataclass(frozen=True)
class Complaint:
    """Why a task is to be replaced: `group` is None when it is the container's own check."""

    group: str | None
    port: int
    reason: str


@dataclass(frozen=True)
class Census:
    """The tasks of one service at one moment; `live` and `wanted` are by deployment id."""

    alive: int  # towards the ceiling
    leaving: int  # of these, how many are already ordered to stop
    live: dict[str, int]  # not yet STOPPED
    wanted: dict[str, list[Task]]  # not ordered to stop
    healthy: frozenset[str]  # ARNs
    sick: dict[str, Complaint]  # by ARN, outside the grace period


def census(world: World, service: Service, now: float) -> Census:
    """Count the tasks of a service as the scheduler counts them at `now`."""
    alive = leaving = 0
    live: dict[str, int] = {}
    wanted: dict[str, list[Task]] = {}
    healthy = set()
    sick = {}
    for task in service.live_tasks.values():
        owner = task.started_by
        live[owner] = live.get(owner, 0) + 1
        runs = task.desired_status == "RUNNING"
        if task.last_status in ALIVE:
            alive += 1
            leaving += not runs
        if not runs:
            continue
        wanted.setdefault(owner, []).append(task)
        if is_healthy(world, service, task, now):
            healthy.add(task.arn)
        elif complaint := complaint_about(world, service, task, now):
            sick[task.arn] = complaint
    return Census(alive, leaving, live, wanted, frozenset(healthy), sick)


def primary_of(service: Service) -> Deployment | None:
    return next((each for each in service.deployments if each.status == "PRIMARY"), None)


def ongoing(service: Service) -> ServiceDeployment | None:
    """The service deployment that has not ended, if there is one: only the newest can be."""
    newest = service.service_deployments[0] if service.service_deployments else None
    return newest if newest is not None and newest.status in ONGOING else None


def balanced(service: Service) -> list[Content]:
    """The service's load balancers that are target groups."""
    return [each for each in service.load_balancers if each.get("targetGroupArn")]


def target_key(task: Task, balancer: Content) -> tuple[str, int]:
    """(address, port) under which a target group knows the task."""
    port = int(balancer["containerPort"])
    return task.address, task.ports.get((balancer["containerName"], port), port)


def targets_of(world: World, service: Service, task: Task) -> Iterator[tuple[TargetGroup, Target]]:
    for balancer in balanced(service):
        group = world.target_groups.get(balancer["targetGroupArn"])
        target = group.targets.get(target_key(task, balancer)) if group else None
        if group is not None and target is not None and target.task == task.arn:
            yield group, target


def is_healthy(world: World, service: Service, task: Task, now: float) -> bool:
    """Does the task count towards the floor? The four cases of botocore's DeploymentConfiguration.

    A target group, an essential container's own check, both; with neither, once RUNNING for `profile.settle`.
    """
    if task.last_status != "RUNNING" or task.started_at is None:
        return False
    checks = [each for each in task.containers if each.checked and each.essential]
    if any(each.health != "HEALTHY" for each in checks):
        return False
    balancers = balanced(service)
    if balancers:
        states = [target.state for _, target in targets_of(world, service, task)]
        return len(states) == len(balancers) and all(state == "healthy" for state in states)
    return bool(checks) or now >= task.started_at + world.profile.settle


def grace_end(world: World, service: Service, task: Task) -> float:
    """Until then failed checks of a RUNNING task are ignored."""
    return (task.started_at or 0.0) + service.grace_seconds * world.profile.health_scale


def complaint_about(world: World, service: Service, task: Task, now: float) -> Complaint | None:
    if task.last_status != "RUNNING" or now < grace_end(world, service, task):
        return None
    if any(each.essential and each.health == "UNHEALTHY" for each in task.containers):
        return Complaint(None, 0, "")
    for group, target in targets_of(world, service, task):
        if target.state == "unhealthy":
            return Complaint(group.arn, target.port, target.description)
    return None
