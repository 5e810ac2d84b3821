"""Failed tasks: what the circuit breaker counts, and the growing pauses before the next start."""

from __future__ import annotations

from ecs_local import texts
from ecs_local.scheduler_breaker import resets
from ecs_local.scheduler_view import ongoing
from ecs_local.transitions_events import say_once
from ecs_local.transitions_tasks import deployment_of
from ecs_local.world import Deployment, Service, Task, World

_CONSISTENTLY = (
    3  # failed starts in a row until ECS says that it cannot start tasks consistently (our choice)
)


def count(service: Service, task: Task) -> None:
    """Count a failed task, once, against the rollout that it belongs to.

    `failedTasks` is no longer counted after the first healthy task (botocore, Deployment), the breaker's own
    count goes on. That an essential container's exit before the task was ever healthy counts is our choice:
    aws/containers-roadmap#1206 reports AWS otherwise, botocore's text for failedTasks allows both.
    """
    deployment = deployment_of(service, task)
    service.steady_since = None
    if (
        deployment is None
        or task.counted_failed
        or deployment.status != "PRIMARY"
        or deployment.rollout_state != "IN_PROGRESS"
    ):
        return
    task.counted_failed = True
    deployment.breaker_failures += 1
    if not (deployment.had_healthy and resets(service)):
        deployment.failed_tasks += 1
    _mirror(service, deployment)


def forgive(service: Service, task: Task) -> None:
    """A task became healthy: failures in a row are over."""
    task.was_healthy = True
    deployment = deployment_of(service, task)
    if deployment is None:
        return
    deployment.had_healthy = True
    deployment.start_failures = 0
    service.standing.pop("start", None)
    if resets(service):
        deployment.failed_tasks = deployment.breaker_failures = 0
        _mirror(service, deployment)


def _mirror(service: Service, deployment: Deployment) -> None:
    wish = ongoing(service)
    if wish is not None and wish.deployment_id == deployment.id:
        wish.failure_count = deployment.breaker_failures


def back_off(world: World, service: Service, task: Task, now: float) -> None:
    """A task never got to RUNNING: pause before the next start, twice as long each time, up to the ceiling.

    Tasks of one start that fail together count as one attempt.
    """
    deployment = deployment_of(service, task)
    if deployment is None or now < deployment.next_start_at:
        return
    pause = world.profile.backoff * 2 ** min(deployment.start_failures, 30)
    deployment.start_failures += 1
    deployment.next_start_at = now + min(pause, world.profile.backoff_ceiling)
    if deployment.start_failures >= _CONSISTENTLY:
        say_once(world, service, "start", texts.UNABLE_TO_START, now)
