"""When a task's targets are registered, deregistered and done with draining."""

from __future__ import annotations

from ecs_local.profile import Profile
from ecs_local.scheduler_actions import (
    Action,
    DeregisterTargets,
    MarkHealthy,
    RegisterTargets,
    RemoveTarget,
    ReportUnhealthy,
    StopUnhealthy,
)
from ecs_local.scheduler_view import Census, balanced
from ecs_local.world import Service, World
from ecs_local.world_balancer import Target, TargetGroup

_IDLE = (
    0.25  # of `drain_floor`: how long a target must be without a request before its draining may end early
)


def registrations(world: World, service: Service, _: Census, now: float) -> list[Action]:
    """Register what has been RUNNING long enough, deregister what crashed or was stopped by hand.

    StopTask and a crash are not drained first: the load balancer goes on using the target until the scheduler has
    noticed (aws/containers-roadmap#708).
    """
    if not balanced(service):
        return []
    ready, gone = [], []
    for task in service.live_tasks.values():
        if task.registered:
            ordered = task.stop_ordered_at
            if ordered is not None and now >= ordered + world.profile.begin_stop:
                gone.append(task.arn)
        elif (
            task.last_status == "RUNNING"
            and task.desired_status == "RUNNING"
            and task.started_at is not None
            and now >= task.started_at + world.profile.register
        ):
            ready.append(task.arn)
    key = (service.cluster, service.name)
    actions: list[Action] = [RegisterTargets(key, tuple(ready))] if ready else []
    return actions + ([DeregisterTargets(key, tuple(gone))] if gone else [])


def newly_healthy(_: World, service: Service, census: Census, __: float) -> list[Action]:
    key = (service.cluster, service.name)
    return [
        MarkHealthy(key, task.arn)
        for tasks in census.wanted.values()
        for task in tasks
        if not task.was_healthy and task.arn in census.healthy
    ]


def newly_sick(_: World, service: Service, census: Census, __: float) -> list[Action]:
    key = (service.cluster, service.name)
    return [
        ReportUnhealthy(key, arn, complaint.group, complaint.port, complaint.reason)
        for arn, complaint in census.sick.items()
        if not service.live_tasks[arn].reported_sick
    ]


def hopeless(_: World, service: Service, census: Census, __: float) -> list[Action]:
    """Stop at once what fails its checks and never was healthy: nothing must take over from it."""
    key = (service.cluster, service.name)
    return [
        StopUnhealthy(key, arn, complaint.group)
        for arn, complaint in census.sick.items()
        if not service.live_tasks[arn].was_healthy
    ]


def drained(world: World, now: float) -> list[Action]:
    """The targets of all groups whose draining is over."""
    return [
        RemoveTarget(group.arn, key)
        for group in world.target_groups.values()
        for key, target in group.targets.items()
        if target.state == "draining" and now >= drained_at(world.profile, group, target)
    ]


def drained_at(profile: Profile, group: TargetGroup, target: Target) -> float:
    """When the draining ends if no further request comes.

    On AWS that is the full deregistration delay, traffic or not (ELB user guide). A profile with `drain_floor`
    lets go of an idle target sooner, never of a busy one.
    """
    since = target.draining_since if target.draining_since is not None else target.registered_at
    full = since + group.deregistration_delay * profile.delay_scale
    if profile.drain_floor is None or target.in_flight:
        return full
    return min(full, max(since + profile.drain_floor, target.idle_since + profile.drain_floor * _IDLE))


def look_again_at(profile: Profile, group: TargetGroup, target: Target, now: float) -> float:
    """When to look at a draining target next: a busy one may become idle at any moment."""
    end = drained_at(profile, group, target)
    if target.in_flight and profile.drain_floor is not None:
        return min(end, now + profile.drain_floor * _IDLE)
    return end
