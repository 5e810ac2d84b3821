"""Deployments and service deployments: begun, failed, rolled back, completed, retired."""

from __future__ import annotations

from copy import deepcopy
from typing import Literal

from ecs_local import ids, texts
from ecs_local.scheduler_breaker import alarmed, enabled, last_completed, threshold
from ecs_local.scheduler_view import ongoing, primary_of
from ecs_local.transitions_events import say
from ecs_local.world import Deployment, Service, ServiceDeployment, World

Cause = Literal["breaker", "request", "alarm"]


def revision_arn(world: World, service: Service, deployment: Deployment) -> str:
    """The service revision of a deployment: both end in the same number."""
    return ids.arn(world, "service-revision", service.cluster, service.name, deployment.id.rpartition("/")[2])


def begin_deployment(world: World, service: Service, task_definition_arn: str, now: float) -> Deployment:
    """A new PRIMARY at 0 of 0 and its service deployment, PENDING: what CreateService and UpdateService start.

    The service's desired count, configuration and load balancers must already be as the caller wants them: call
    `set_desired_count` first. A rollout under way is superseded: its deployment becomes ACTIVE and its service
    deployment ends as STOPPED (the status is not documented).
    """
    sources = [each for each in service.deployments if _tasks(service, each)] or service.deployments[:1]
    superseded = ongoing(service)
    if superseded is not None:
        _close(superseded, "STOPPED", texts.SUPERSEDED, now)
    for each in service.deployments:
        each.status, each.settled_at = "ACTIVE", None
        each.desired_count = min(
            each.desired_count, _tasks(service, each)
        )  # what is not there is not started any more
    identity = f"ecs-svc/{ids.deployment_number(world)}"
    deployment = Deployment(
        id=identity,
        task_definition=task_definition_arn,
        created_at=now,
        updated_at=now,
        rollout_state_reason=texts.in_progress(identity),
        begins_at=now + world.profile.schedule,
        # An alarm that has gone off before is ignored: the deployment may be what mends it (developer guide).
        heeds_alarms=not alarmed(world, service),
    )
    service.service_deployments.insert(
        0,
        ServiceDeployment(
            arn=ids.arn(
                world, "service-deployment", service.cluster, service.name, ids.service_deployment_id(world)
            ),
            deployment_id=identity,
            target_revision=revision_arn(world, service, deployment),
            source_revisions=[revision_arn(world, service, each) for each in sources],
            created_at=now,
            updated_at=now,
            configuration=deepcopy(service.configuration),
            breaker_status="MONITORING" if enabled(service) else "DISABLED",
            threshold=threshold(service),
        ),
    )
    service.deployments.insert(0, deployment)
    service.steady_since = None
    service.standing.clear()
    return deployment


def _tasks(service: Service, deployment: Deployment) -> int:
    """How many tasks of the deployment are meant to go on."""
    return sum(
        task.started_by == deployment.id and task.desired_status == "RUNNING"
        for task in service.live_tasks.values()
    )


def begin_service_deployment(service: Service, now: float) -> None:
    wish = ongoing(service)
    if wish is not None:
        wish.status, wish.started_at, wish.updated_at = "IN_PROGRESS", now, now


def stop_service_deployment(
    _: World, service: Service, service_deployment: ServiceDeployment, now: float
) -> None:
    """StopServiceDeployment with ROLLBACK: the scheduler acts on the request at its next step.

    Works without the breaker's rollback option (botocore). Only PENDING and IN_PROGRESS can be stopped; the caller
    refuses the others. Without a completed deployment to go back to the service deployment just ends as STOPPED.
    """
    primary = primary_of(service)
    target = last_completed(service, primary) if primary is not None else None
    service_deployment.status = "ROLLBACK_REQUESTED" if target is not None else "STOP_REQUESTED"
    service_deployment.updated_at = now


def fail(
    world: World,
    service: Service,
    deployment: Deployment,
    cause: Cause,
    back_to: Deployment | None,
    now: float,
) -> None:
    """The deployment starts nothing more; `back_to` becomes PRIMARY again under its old id."""
    reason, rolled_back, stopped = _REASONS[cause]
    deployment.rollout_state, deployment.updated_at, deployment.settled_at = "FAILED", now, None
    deployment.rollout_state_reason = reason
    service.steady_since = None
    if cause == "breaker":
        say(world, service, texts.failed(deployment.id), now)
    elif cause == "alarm":
        say(world, service, texts.failed(deployment.id, "alarm detected"), now)
    wish = ongoing(service)
    if wish is not None and cause == "breaker":
        wish.breaker_status = "TRIGGERED"
    if back_to is not None:
        _roll_back(world, service, deployment, back_to, wish, rolled_back, now)
    elif wish is not None and wish.status == "ROLLBACK_IN_PROGRESS":
        _close(wish, "ROLLBACK_FAILED", texts.BREAKER_ROLLED_BACK, now)
    elif wish is not None:
        _close(wish, "STOPPED", stopped, now)


_REASONS: dict[Cause, tuple[str, str, str]] = {
    "alarm": (texts.ALARM_REASON, texts.ALARM_ROLLED_BACK, texts.ALARM_STOPPED),
    "breaker": (texts.BREAKER_REASON, texts.BREAKER_ROLLED_BACK, texts.BREAKER_STOPPED),
    "request": (texts.STOPPED_REASON, texts.REQUEST_ROLLED_BACK, texts.REQUEST_STOPPED),
}
"""By cause: why the deployment failed, and why its service deployment was rolled back or stopped."""


def _roll_back(
    world: World,
    service: Service,
    deployment: Deployment,
    target: Deployment,
    wish: ServiceDeployment | None,
    reason: str,
    now: float,
) -> None:
    if wish is not None:
        wish.status, wish.status_reason, wish.updated_at = "ROLLBACK_IN_PROGRESS", reason, now
        wish.started_at = wish.started_at if wish.started_at is not None else now
        wish.rollback = {
            "reason": reason,
            "startedAt": now,
            "serviceRevisionArn": revision_arn(world, service, target),
        }
    say(world, service, texts.rolling_back(target.id), now)
    deployment.status = "ACTIVE"
    if target in service.past_deployments:
        service.past_deployments.remove(target)
    else:
        service.deployments.remove(target)
    service.deployments.insert(0, target)
    target.status, target.rollout_state = "PRIMARY", "IN_PROGRESS"
    target.rollout_state_reason, target.updated_at = texts.in_progress(target.id), now
    target.failed_tasks = target.breaker_failures = target.digest_failures = target.start_failures = 0
    target.had_healthy = target.replaced_others = False
    target.settled_at, target.begins_at, target.next_start_at = None, now, now


def complete(world: World, service: Service, deployment: Deployment, steady: bool, now: float) -> None:
    """COMPLETED, and the service deployment SUCCESSFUL or ROLLBACK_SUCCESSFUL."""
    deployment.rollout_state = "COMPLETED"
    deployment.rollout_state_reason = texts.rollout_completed(deployment.id)
    deployment.updated_at = deployment.completed_at = now
    deployment.completed_once = True
    deployment.settled_at = now if steady else None
    say(world, service, texts.completed(deployment.id), now)
    if steady:
        announce_steady(world, service, now)
    wish = ongoing(service)
    if wish is None:
        return
    if wish.breaker_status == "MONITORING":
        wish.breaker_status = "MONITORING_COMPLETE"
    rolled_back = wish.status == "ROLLBACK_IN_PROGRESS"
    _close(wish, "ROLLBACK_SUCCESSFUL" if rolled_back else "SUCCESSFUL", wish.status_reason, now)


def announce_steady(world: World, service: Service, now: float) -> None:
    service.steady_since = now
    service.standing.clear()
    say(world, service, texts.STEADY, now)


def close(service: Service, now: float) -> None:
    """The deleted service is gone; a rollout that it was in ends with it."""
    service.status = "INACTIVE"
    wish = ongoing(service)
    if wish is not None:
        _close(wish, "STOPPED", texts.DELETED, now)


def retire(service: Service, deployment: Deployment, now: float) -> None:
    """INACTIVE: no longer listed, but a rollback may still go back to it."""
    deployment.status, deployment.updated_at = "INACTIVE", now
    service.deployments.remove(deployment)
    service.past_deployments.append(deployment)


def _close(wish: ServiceDeployment, status: str, reason: str | None, now: float) -> None:
    wish.status, wish.status_reason = status, reason
    wish.updated_at = wish.finished_at = now
    wish.started_at = wish.started_at if wish.started_at is not None else now
    if status == "STOPPED":
        wish.stopped_at = now
