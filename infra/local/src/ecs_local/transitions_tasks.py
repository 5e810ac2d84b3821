"""One task from PROVISIONING to STOPPED. The only writer of a task's state."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_local import ids
from ecs_local.transitions_events import say_stopped
from ecs_local.transitions_targets import deregister
from ecs_local.world import Container, Content, Deployment, LastStatus, Service, Task, TaskDefinition, World

SCHEDULER = "ServiceSchedulerInitiated"
_KEPT_STOPPED = 3600.0  # seconds that a stopped task stays describable (botocore, DescribeTasks)


def service_of(world: World, task: Task) -> Service | None:
    """The service that the task belongs to; None for a task of RunTask."""
    service = world.services.get((task.cluster, task.group.removeprefix("service:")))
    return service if service is not None and task.arn in service.live_tasks else None


def deployment_of(service: Service, task: Task) -> Deployment | None:
    """The deployment that started the task, also when it has left the service's list."""
    for each in service.deployments:
        if each.id == task.started_by:
            return each
    return next((each for each in service.past_deployments if each.id == task.started_by), None)


def _container(content: Content) -> Container:
    return Container(
        name=content["name"],
        image=content["image"],
        essential=content.get("essential", True),
        checked=bool(content.get("healthCheck")),
    )


def create_task(
    world: World, definition: TaskDefinition, cluster: str, group: str, started_by: str, now: float
) -> Task:
    """A new task in PROVISIONING with an id, an address and its container ports, not yet in the world's books."""
    containers = definition.content["containerDefinitions"]
    ports = {
        (each["name"], mapping["containerPort"]): mapping["containerPort"]
        for each in containers
        for mapping in each.get("portMappings", ())
        if "containerPort" in mapping
    }
    key = ids.task_id(world)
    return Task(
        arn=ids.arn(world, "task", cluster, key),
        id=key,
        cluster=cluster,
        group=group,
        started_by=started_by,
        task_definition=definition.arn,
        containers=[_container(each) for each in containers],
        created_at=now,
        address=ids.address(world),
        ports=ports,
        next_at=now + world.profile.provision,
    )


def _enter(task: Task, status: LastStatus, next_at: float | None = None) -> None:
    task.last_status, task.next_at = status, next_at
    task.version += 1


def advance(world: World, task: Task, to: LastStatus, now: float) -> None:
    """Carry out a step that was only a matter of time."""
    if to == "PENDING":
        task.pull_started_at = now
        _enter(task, "PENDING", now + world.profile.pull)
    elif to == "DEACTIVATING":
        _enter(task, "DEACTIVATING")
    elif to == "STOPPING":
        end(world, task, now)
    elif to == "DEPROVISIONING":
        deprovision(world, task, now)
    else:
        _finish(world, task, now)


def finish_pull(task: Task, now: float) -> None:
    task.pull_stopped_at, task.next_at = now, None


def run(task: Task, now: float) -> None:
    """All containers run."""
    task.started_at = now
    _enter(task, "RUNNING")


def end(world: World, task: Task, now: float) -> None:
    """The draining, if any, is over: SIGTERM goes out, or nothing is left to get one."""
    service = service_of(world, task)
    if task.stop_to_announce and service is not None:
        task.stop_to_announce = False
        say_stopped(world, service, [task.id], now)
    task.stopping_at = now
    if task.pull_stopped_at is None or all(each.last_status == "STOPPED" for each in task.containers):
        deprovision(world, task, now)
    else:
        _enter(task, "STOPPING")


def wind_down(world: World, task: Task, now: float) -> None:
    """The last process of a STOPPING task is gone: it is called stopped at once, or after `profile.wind_down`."""
    if world.profile.wind_down is None:
        deprovision(world, task, now)
    elif task.next_at is None:
        task.next_at = now + world.profile.wind_down


def deprovision(world: World, task: Task, now: float) -> None:
    """The execution of the task has stopped."""
    task.execution_stopped_at = now
    for each in task.containers:
        each.last_status = "STOPPED"
    _enter(task, "DEPROVISIONING", now + world.profile.deprovision)


def _finish(world: World, task: Task, now: float) -> None:
    task.stopped_at = now
    _enter(task, "STOPPED")
    service = service_of(world, task)
    world.stopped_tasks.append(task)
    if service is None:
        world.standalone_tasks.pop(task.arn, None)
        return
    if task.registered:
        deregister(world, service, [task], now)
    service.live_tasks.pop(task.arn, None)


def order(task: Task, reason: str, code: str, now: float) -> None:
    """Write down who wants the task stopped and why; the first to say so is remembered."""
    if task.desired_status == "STOPPED":
        return
    task.desired_status = "STOPPED"
    task.stop_code, task.stopped_reason, task.stop_ordered_at = code, reason, now
    task.version += 1


def stop_orderly(world: World, service: Service, tasks: Iterable[Task], reason: str, now: float) -> None:
    """Stop tasks as the scheduler does: deregister, drain, and only then SIGTERM.

    "has stopped" is said once a task is drained (recorded 303 s after "deregistered"), at once where nothing drains.
    """
    known: list[Task] = []
    others: list[Task] = []
    for task in tasks:
        order(task, reason, SCHEDULER, now)
        (known if task.registered else others).append(task)
    if known:
        deregister(world, service, known, now)
    for task in known:
        task.stop_to_announce, task.next_at = True, now + world.profile.begin_stop
    if others:
        say_stopped(world, service, [task.id for task in others], now)
    for task in others:
        if task.last_status == "RUNNING":
            task.next_at = now + world.profile.begin_stop
        else:
            end(world, task, now)


def forget_stopped(world: World, now: float) -> None:
    """Let go of tasks that have been STOPPED for an hour."""
    stopped = world.stopped_tasks
    while stopped and (stopped[0].stopped_at or 0.0) + _KEPT_STOPPED <= now:
        world.tasks.pop(stopped.popleft().arn, None)
