"""What the workers and health checks report, written into the world."""

from __future__ import annotations

from ecs_local import texts
from ecs_local.facts import (
    ContainerHealth,
    Fact,
    ImageResolved,
    ProcessExited,
    ProcessStarted,
    StartFailed,
    TargetChecked,
)
from ecs_local.transitions_events import say
from ecs_local.transitions_failures import back_off, count
from ecs_local.transitions_targets import checked
from ecs_local.transitions_tasks import deployment_of, end, order, run, service_of, wind_down
from ecs_local.world import Container, Health, Service, Task, World

_OVER = ("DEPROVISIONING", "STOPPED")


def observe(world: World, fact: Fact, now: float) -> None:
    """Take in one fact; facts about tasks that are gone, or that come too late, change nothing."""
    if isinstance(fact, TargetChecked):
        checked(world, fact)
        return
    task = world.tasks.get(fact.task)
    container = _container(task, fact.container) if task is not None else None
    if task is None or container is None or task.last_status in _OVER:
        return
    service = service_of(world, task)
    match fact:
        case ImageResolved():
            _resolved(service, task, container, fact.digest)
        case StartFailed():
            _start_failed(world, service, task, container, fact, now)
        case ProcessStarted():
            if container.last_status == "PENDING" and task.last_status == "PENDING":
                container.last_status = "RUNNING"
                if all(each.last_status == "RUNNING" for each in task.containers):
                    run(task, now)
        case ProcessExited():
            _exited(world, service, task, container, fact, now)
        case ContainerHealth():
            container.health = fact.health
            task.health = _health(task)


def _container(task: Task, name: str) -> Container | None:
    return next((each for each in task.containers if each.name == name), None)


def _health(task: Task) -> Health:
    """UNHEALTHY if any essential container is, else UNKNOWN if any is, else HEALTHY (botocore, Task.healthStatus)."""
    states = {each.health for each in task.containers if each.essential}
    if "UNHEALTHY" in states:
        return "UNHEALTHY"
    return "UNKNOWN" if "UNKNOWN" in states else "HEALTHY"


def _resolved(service: Service | None, task: Task, container: Container, digest: str) -> None:
    """The first task of a deployment establishes the digest for the later ones (developer guide)."""
    container.image_digest = digest
    deployment = deployment_of(service, task) if service is not None else None
    if deployment is not None:
        deployment.image_digests.setdefault(container.name, digest)
        deployment.digest_failures = 0


def _start_failed(
    world: World, service: Service | None, task: Task, container: Container, fact: StartFailed, now: float
) -> None:
    container.last_status, container.reason = "STOPPED", fact.reason
    failed = task.desired_status == "RUNNING"
    order(task, fact.reason, fact.stop_code, now)
    if service is not None and failed:
        deployment = deployment_of(service, task)
        unresolved = container.image_digest is None and "@" not in container.image
        if deployment is not None and unresolved and container.name not in deployment.image_digests:
            deployment.digest_failures += 1
        if fact.reason.startswith(("ResourceInitializationError", texts.NO_CAPACITY)):
            say(world, service, texts.unable_to_place(fact.reason), now)
        count(service, task)
        back_off(world, service, task, now)
    if task.last_status != "STOPPING" or all(each.last_status == "STOPPED" for each in task.containers):
        end(world, task, now)


def _exited(
    world: World, service: Service | None, task: Task, container: Container, fact: ProcessExited, now: float
) -> None:
    container.last_status, container.exit_code, container.reason = "STOPPED", fact.exit_code, fact.reason
    if task.last_status == "STOPPING":
        if all(each.last_status == "STOPPED" for each in task.containers):
            wind_down(world, task, now)
        return
    if not container.essential:
        if task.started_at is None and all(each.last_status != "PENDING" for each in task.containers):
            run(task, now)
        return
    failed = task.desired_status == "RUNNING"
    order(task, texts.ESSENTIAL_EXITED, "EssentialContainerExited", now)
    if service is not None and failed:
        service.steady_since = None
        if not task.was_healthy:
            count(service, task)
        if task.started_at is None:
            back_off(world, service, task, now)
    end(world, task, now)
