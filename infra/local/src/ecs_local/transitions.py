"""The only door through which services, deployments, tasks and targets change.

`apply` carries out what the scheduler decided, `observe` takes in what workers and health checks report, and the
rest is what callers of the API ask for. All of them write the world in place; none reads a clock.
"""

from __future__ import annotations

from typing import NamedTuple

from ecs_local import faults, texts
from ecs_local.scheduler_actions import (
    Action,
    Advance,
    AnnounceSteady,
    AnnounceStuck,
    BeginServiceDeployment,
    CloseService,
    CompleteDeployment,
    DeregisterTargets,
    FailDeployment,
    FinishPull,
    MarkHealthy,
    RegisterTargets,
    RemoveTarget,
    ReportUnhealthy,
    Resize,
    RetireDeployment,
    Settle,
    StartTasks,
    StopTasks,
    StopUnhealthy,
)
from ecs_local.scheduler_breaker import threshold
from ecs_local.scheduler_view import ongoing, primary_of
from ecs_local.transitions_events import say, say_once
from ecs_local.transitions_facts import observe
from ecs_local.transitions_failures import count, forgive
from ecs_local.transitions_rollout import (
    announce_steady,
    begin_deployment,
    begin_service_deployment,
    close,
    complete,
    fail,
    retire,
    revision_arn,
    stop_service_deployment,
)
from ecs_local.transitions_targets import deregister, deregister_target, register, register_target, remove
from ecs_local.transitions_tasks import advance, create_task, end, finish_pull, order, stop_orderly
from ecs_local.world import Content, Deployment, Service, Task, World

__all__ = [
    "Counts",
    "apply",
    "begin_deployment",
    "counts",
    "delete_service",
    "deregister_target",
    "observe",
    "register_target",
    "revision_arn",
    "run_task",
    "set_desired_count",
    "stop_service_deployment",
    "stop_task",
]


class Counts(NamedTuple):
    """Tasks as DescribeServices counts them: from DEACTIVATING on a task is in neither."""

    running: int
    pending: int


def counts(service: Service, deployment: Deployment | None = None) -> Counts:
    """The tasks of a service, or of one of its deployments."""
    running = pending = 0
    for task in service.live_tasks.values():
        if deployment is None or task.started_by == deployment.id:
            running += task.last_status == "RUNNING"
            pending += task.last_status in ("PROVISIONING", "PENDING", "ACTIVATING")
    return Counts(running, pending)


def apply(world: World, action: Action, now: float) -> None:
    """Carry out one action of the scheduler."""
    match action:
        case Advance(task, to):
            advance(world, world.tasks[task], to, now)
        case FinishPull(task):
            finish_pull(world.tasks[task], now)
        case RemoveTarget(group, target):
            remove(world, group, target)
        case _:
            _apply_to_service(world, world.services[action.service], action, now)


def _apply_to_service(world: World, service: Service, action: Action, now: float) -> None:
    match action:
        case MarkHealthy(_, task):
            forgive(service, world.tasks[task])
        case RegisterTargets(_, tasks):
            register(world, service, [world.tasks[each] for each in tasks], now)
        case DeregisterTargets(_, tasks):
            deregister(world, service, [world.tasks[each] for each in tasks], now)
        case StartTasks():
            _start(world, service, action, now)
        case StopTasks(_, tasks):
            _stop(world, service, [world.tasks[each] for each in tasks], now)
        case ReportUnhealthy():
            _report_unhealthy(world, service, action, now)
        case StopUnhealthy():
            _stop_unhealthy(world, service, action, now)
        case AnnounceSteady():
            announce_steady(world, service, now)
        case AnnounceStuck():
            say_once(world, service, "stuck", texts.UNABLE_TO_ROLL, now)
        case CloseService():
            close(service, now)
        case BeginServiceDeployment():
            begin_service_deployment(service, now)
        case Resize() | FailDeployment() | Settle() | CompleteDeployment() | RetireDeployment():
            _apply_to_deployment(world, service, action, now)


def _apply_to_deployment(
    world: World,
    service: Service,
    action: Resize | FailDeployment | Settle | CompleteDeployment | RetireDeployment,
    now: float,
) -> None:
    deployment = _deployment(service, action.deployment)
    match action:
        case Resize(_, _, desired):
            deployment.desired_count, deployment.updated_at = desired, now
        case FailDeployment(_, _, cause, back_to):
            target = _deployment(service, back_to) if back_to is not None else None
            fail(world, service, deployment, cause, target, now)
        case Settle(_, _, settled):
            deployment.settled_at = now if settled else None
            if not settled:
                service.steady_since = None
        case CompleteDeployment(_, _, steady):
            complete(world, service, deployment, steady, now)
        case RetireDeployment():
            retire(service, deployment, now)


def _deployment(service: Service, key: str) -> Deployment:
    return next(each for each in (*service.deployments, *service.past_deployments) if each.id == key)


def _start(world: World, service: Service, action: StartTasks, now: float) -> None:
    deployment = _deployment(service, action.deployment)
    if faults.strike_start(world.faults, service.name):
        say_once(world, service, "throttled", texts.START_THROTTLED, now)
        deployment.next_start_at = now + world.profile.backoff
        return
    service.standing.pop("throttled", None)
    definition = world.task_definitions[deployment.task_definition]
    group = f"service:{service.name}"
    started = []
    for _ in range(action.count):
        task = create_task(world, definition, service.cluster, group, deployment.id, now)
        for container in task.containers:
            container.pinned_digest = deployment.image_digests.get(container.name)
        world.tasks[task.arn] = service.live_tasks[task.arn] = task
        started.append(task.id)
    replaced = min(action.count, action.replaced + deployment.unhealthy_stopped)
    deployment.unhealthy_stopped -= min(deployment.unhealthy_stopped, replaced - action.replaced)
    deployment.next_start_at = max(deployment.next_start_at, now + world.profile.between_starts)
    service.steady_since = None
    service.standing.pop("stuck", None)
    say(world, service, texts.started(started, replaced), now)


def _stop(world: World, service: Service, tasks: list[Task], now: float) -> None:
    primary = primary_of(service)
    if primary is None:
        return
    primary.replaced_others |= any(task.started_by != primary.id for task in tasks)
    service.steady_since = None
    service.standing.pop("stuck", None)
    stop_orderly(world, service, tasks, texts.scaling(primary.id), now)


def _report_unhealthy(world: World, service: Service, action: ReportUnhealthy, now: float) -> None:
    task = world.tasks[action.task]
    task.reported_sick = True
    if action.group is None:
        say(world, service, texts.container_unhealthy(task.id), now)
    else:
        say(world, service, texts.target_unhealthy(task.id, action.port, action.group, action.reason), now)


def _stop_unhealthy(world: World, service: Service, action: StopUnhealthy, now: float) -> None:
    task = world.tasks[action.task]
    count(service, task)
    primary = primary_of(service)
    if primary is not None and task.started_by == primary.id:
        primary.unhealthy_stopped += not task.was_healthy
    group = action.group
    reason = texts.CONTAINER_CHECKS_FAILED if group is None else texts.target_checks_failed(group)
    stop_orderly(world, service, [task], reason, now)


def set_desired_count(_: World, service: Service, desired: int, now: float) -> None:
    """Change the desired count: no deployment by itself (botocore, UpdateService).

    Growing during a rollout also grows the deployment that carries the traffic (AWS, November 2025: scale-out
    applies to both revisions). Call this before `begin_deployment` when one request does both.
    """
    if desired == service.desired_count:
        return
    grown = desired - service.desired_count
    service.desired_count = desired
    service.steady_since = None
    primary, wish = primary_of(service), ongoing(service)
    if wish is not None:
        wish.threshold, wish.updated_at = threshold(service), now
    if primary is None:
        return
    primary.settled_at = None
    if primary.rollout_state == "COMPLETED":
        primary.desired_count, primary.updated_at = desired, now
    elif grown > 0:
        carrier = next(
            (each for each in service.deployments[1:] if each.desired_count and each.completed_once), None
        )
        if carrier is not None:
            carrier.desired_count += grown


def delete_service(world: World, service: Service, now: float) -> None:
    """DeleteService: DRAINING until its tasks are gone, then INACTIVE."""
    set_desired_count(world, service, 0, now)
    service.status = "DRAINING"


def run_task(
    world: World,
    cluster: str,
    task_definition_arn: str,
    now: float,
    *,
    started_by: str = "",
    group: str | None = None,
    tags: list[Content] | None = None,
) -> Task:
    """One task of its own, that no service replaces; `group` defaults to the task definition's family."""
    definition = world.task_definitions[task_definition_arn]
    task = create_task(world, definition, cluster, group or f"family:{definition.family}", started_by, now)
    task.tags = list(tags or ())
    world.tasks[task.arn] = world.standalone_tasks[task.arn] = task
    return task


def stop_task(world: World, task: Task, reason: str, code: str, now: float) -> None:
    """StopTask: SIGTERM at once, without draining (aws/containers-roadmap#708); its service replaces it.

    `code` is UserInitiated for a caller's request. A task that is already stopping stays as it is.
    """
    order(task, reason or texts.STOPPED_BY_USER, code, now)
    if task.last_status not in ("STOPPING", "DEPROVISIONING", "STOPPED"):
        end(world, task, now)
