"""Targets: registered, checked, draining, gone. The only writer of a target's state."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_local import texts
from ecs_local.facts import TargetChecked
from ecs_local.scheduler_view import balanced, target_key, targets_of
from ecs_local.transitions_events import say
from ecs_local.world import Service, Task, World
from ecs_local.world_balancer import Target, TargetGroup


def register_target(group: TargetGroup, address: str, port: int, now: float, task: str = "") -> None:
    """Register an address (RegisterTargets); known ones stay as they are, draining ones come back."""
    known = group.targets.get((address, port))
    if known is None or known.state == "draining":
        group.targets[address, port] = Target(address, port, task, registered_at=now, idle_since=now)


def deregister_target(group: TargetGroup, address: str, port: int, now: float) -> bool:
    """Let the target drain (DeregisterTargets); False when it is not registered or drains already."""
    target = group.targets.get((address, port))
    if target is None or target.state == "draining":
        return False
    target.state = "draining"
    target.reason = "Target.DeregistrationInProgress"
    target.description = "Target deregistration is in progress"
    target.draining_since = now
    return True


def register(world: World, service: Service, tasks: Iterable[Task], now: float) -> None:
    """Register the tasks in all target groups of their service, one event for each group."""
    counts: dict[str, int] = {}
    for task in tasks:
        task.registered = True
        for balancer in balanced(service):
            group = world.target_groups.get(balancer["targetGroupArn"])
            if group is not None:
                register_target(group, *target_key(task, balancer), now, task.arn)
                counts[group.arn] = counts.get(group.arn, 0) + 1
    for arn, count in counts.items():
        say(world, service, texts.registered(count, arn), now)


def deregister(world: World, service: Service, tasks: Iterable[Task], now: float) -> None:
    """Let the targets of the tasks drain, one event for each group and one for the draining."""
    counts: dict[str, int] = {}
    draining = 0
    for task in tasks:
        task.registered = False
        draining += 1
        for group, target in targets_of(world, service, task):
            if deregister_target(group, target.id, target.port, now):
                counts[group.arn] = counts.get(group.arn, 0) + 1
    for arn, count in counts.items():
        say(world, service, texts.deregistered(count, arn), now)
    if counts:
        say(world, service, texts.draining(draining), now)


def remove(world: World, group: str, key: tuple[str, int]) -> None:
    """Forget a target whose draining is over."""
    del world.target_groups[group].targets[key]


def checked(world: World, fact: TargetChecked) -> None:
    """Count a health check and change the target's state as a target group does.

    A new target needs one passed check (ELB user guide: "must pass one health check"); after that the group's
    thresholds decide.
    """
    group = world.target_groups.get(fact.group)
    target = group.targets.get((fact.target_id, fact.port)) if group else None
    if group is None or target is None or target.state in ("draining", "unused"):
        return
    if fact.ok:
        target.passes, target.failures = target.passes + 1, 0
        if target.state == "initial" or target.passes >= group.healthy_threshold:
            target.state, target.reason, target.description = "healthy", "", ""
        return
    target.passes, target.failures = 0, target.failures + 1
    if target.failures >= group.unhealthy_threshold:
        target.state, target.reason, target.description = "unhealthy", fact.reason, fact.description
    elif target.state == "initial":
        target.reason = "Elb.InitialHealthChecking"
        target.description = "Initial health checks in progress"
