"""When a deployment has failed: the circuit breaker, and StopServiceDeployment's request."""

from __future__ import annotations

from ecs_local.scheduler_actions import Action, BeginServiceDeployment, FailDeployment
from ecs_local.scheduler_view import Census, ongoing, primary_of
from ecs_local.world import Content, Deployment, Service, World

_DIGEST_ATTEMPTS = 3  # failed attempts to resolve a tag that fail a deployment (developer guide)
_ACCEPTED = 0.1  # of `profile.schedule`: PENDING -> IN_PROGRESS; recorded 1.6 s of 16 s


def breaker_of(service: Service) -> Content:
    """`deploymentCircuitBreaker` as the service has it now; empty when it was never set."""
    breaker: Content = service.configuration.get("deploymentCircuitBreaker") or {}
    return breaker


def enabled(service: Service) -> bool:
    return bool(breaker_of(service).get("enable"))


def resets(service: Service) -> bool:
    """Does a task that becomes healthy set the count back to 0? The default is yes."""
    return bool(breaker_of(service).get("resetOnHealthyTask", True))


def threshold(service: Service) -> int:
    """How many failed tasks fail a deployment, by the latest desired count (botocore, ThresholdConfiguration).

    Half of the desired count, at least 3 and at most 200, unless the service says otherwise.
    """
    wish: Content = breaker_of(service).get("thresholdConfiguration") or {}
    kind, value = wish.get("type", "BOUNDED_PERCENT"), int(wish.get("value", 50))
    if kind == "COUNT":
        return max(1, value)
    share = -(-service.desired_count * value // 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def alarmed(world: World, service: Service) -> bool:
    """Whether one of the alarms that the service's deployments watch stands in ALARM."""
    alarms: Content = service.configuration.get("alarms") or {}
    watched = (
        [world.alarms.get(name) for name in alarms.get("alarmNames", ())] if alarms.get("enable") else []
    )
    return any(alarm is not None and alarm.state == "ALARM" for alarm in watched)


def last_completed(service: Service, besides: Deployment) -> Deployment | None:
    """The deployment a rollback goes back to. One that completed at desired count 0 counts, as on AWS."""
    candidates = [
        each
        for each in (*service.deployments, *reversed(service.past_deployments))
        if each.completed_once and each is not besides
    ]
    return max(candidates, key=lambda each: each.completed_at or 0.0, default=None)


def accepted_at(world: World, created_at: float) -> float:
    """When a service deployment goes from PENDING to IN_PROGRESS."""
    return created_at + world.profile.schedule * _ACCEPTED


def judge(world: World, service: Service, _: Census, now: float) -> list[Action]:
    """Fail the deployment whose threshold is reached or that a caller asked to stop."""
    primary, wish = primary_of(service), ongoing(service)
    if primary is None:
        return []
    key = (service.cluster, service.name)
    if wish is not None and wish.status in ("ROLLBACK_REQUESTED", "STOP_REQUESTED"):
        target = last_completed(service, primary) if wish.status == "ROLLBACK_REQUESTED" else None
        return [FailDeployment(key, primary.id, "request", target.id if target else None)]
    if wish is not None and wish.status == "PENDING" and now >= accepted_at(world, wish.created_at):
        return [BeginServiceDeployment(key)]
    if primary.rollout_state != "IN_PROGRESS":
        return []
    # A rollback that fails in its turn is not rolled back again.
    rolling_back = wish is None or wish.status == "ROLLBACK_IN_PROGRESS"
    if primary.heeds_alarms and not rolling_back and alarmed(world, service):
        target = last_completed(service, primary) if service.configuration["alarms"].get("rollback") else None
        return [FailDeployment(key, primary.id, "alarm", target.id if target else None)]
    failures = primary.breaker_failures >= threshold(service) or primary.digest_failures >= _DIGEST_ATTEMPTS
    if not (enabled(service) and failures):
        return []
    target = None
    if breaker_of(service).get("rollback") and not rolling_back:
        target = last_completed(service, primary)
    return [FailDeployment(key, primary.id, "breaker", target.id if target else None)]
