"""When a rollout is over and when a service is steady."""

from __future__ import annotations

from ecs_local.scheduler_actions import (
    Action,
    AnnounceSteady,
    CloseService,
    CompleteDeployment,
    RetireDeployment,
    Settle,
)
from ecs_local.scheduler_view import REPEAT_AFTER, Census, primary_of
from ecs_local.world import Content, Deployment, Service, World


def retire(_: World, service: Service, census: Census, __: float) -> list[Action]:
    """A deployment without a task and without a share of the desired count leaves the list."""
    return [
        RetireDeployment((service.cluster, service.name), each.id)
        for each in service.deployments
        if each.status != "PRIMARY" and not each.desired_count and not census.live.get(each.id)
    ]


def conclude(world: World, service: Service, census: Census, now: float) -> list[Action]:
    """Complete the rollout, or say that the service is steady, once it has stayed so for its time."""
    primary = primary_of(service)
    key = (service.cluster, service.name)
    if service.status == "DRAINING":
        return [] if service.live_tasks else [CloseService(key)]
    if primary is None or primary.rollout_state == "FAILED":
        return []
    rolling = primary.rollout_state == "IN_PROGRESS"
    full = _is_full(service, primary, census)
    if rolling and not service.desired_count and not service.live_tasks:
        return [CompleteDeployment(key, primary.id, steady=True)]  # nothing to wait for, and nothing proven
    if rolling:
        early = _early(service, primary, census, now)
        if early == "DEFERRED":
            return [CompleteDeployment(key, primary.id, steady=False)]
        settled = now >= primary.begins_at and (full or early is not None) and len(service.deployments) == 1
    else:
        settled = full
    if settled != (primary.settled_at is not None):
        return [Settle(key, primary.id, settled)]
    if not settled or now < done_at(world, service, primary):
        return []
    return [CompleteDeployment(key, primary.id, steady=full)] if rolling else [AnnounceSteady(key)]


def done_at(world: World, service: Service, primary: Deployment) -> float:
    """When the settled deployment completes, or the settled service is called steady.

    Recorded: about 80 s after the order to stop the last old task, and some 10 s where none had to be stopped.
    """
    since = primary.settled_at or 0.0
    if primary.rollout_state == "IN_PROGRESS":
        return since + (world.profile.completion_tail if primary.replaced_others else world.profile.steady)
    if service.steady_since is not None:
        return service.steady_since + REPEAT_AFTER
    return since + world.profile.steady


def _is_full(service: Service, primary: Deployment, census: Census) -> bool:
    """As many tasks as desired, all healthy, and none of another deployment that is meant to go on."""
    mine = census.wanted.get(primary.id, [])
    return (
        len(mine) == service.desired_count
        and all(task.arn in census.healthy for task in mine)
        and not any(tasks for owner, tasks in census.wanted.items() if owner != primary.id)
    )


def _early(service: Service, primary: Deployment, census: Census, now: float) -> str | None:
    """`sourceServiceRevisionCleanup` when the early success criteria are met (botocore, for ROLLING only)."""
    criteria: Content = service.configuration.get("earlySuccessCriteria") or {}
    if not criteria.get("enable") or now < primary.begins_at:
        return None
    needed = -(-service.desired_count * int(criteria.get("healthyPercent", 100)) // 100)
    healthy = sum(task.arn in census.healthy for task in census.wanted.get(primary.id, ()))
    return str(criteria.get("sourceServiceRevisionCleanup", "BLOCKING")) if healthy >= needed else None
