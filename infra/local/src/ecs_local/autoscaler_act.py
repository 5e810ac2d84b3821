"""Carries out what the autoscaler decided, and writes the activities that DescribeScalingActivities shows."""

from __future__ import annotations

from ecs_local import alarms, autoscaler, ids, transitions
from ecs_local.alarms_model import Alarm, ScalingPolicy
from ecs_local.autoscaler import Capacity, NotScaled, Scale
from ecs_local.scheduler_view import ongoing, primary_of
from ecs_local.world import Content, ScalableTarget, Service, World

DIMENSION = "ecs:service:DesiredCount"
_UNSCALABLE = "TargetServicePutResourceAsUnscalable"
_MOST_ACTIVITIES = 1000


def service_of(world: World, resource_id: str) -> Service | None:
    """The service of "service/<cluster>/<service>", if it is there and ACTIVE."""
    kind, *names = resource_id.split("/")
    found = world.services.get((names[0], names[1])) if kind == "service" and len(names) == 2 else None
    return found if found is not None and found.status == "ACTIVE" else None


def invoke(world: World, policy: ScalingPolicy, alarm: Alarm, now: float) -> None:
    """An alarm calls a policy."""
    target = world.scalable_targets.get(policy.resource_id)
    service = service_of(world, policy.resource_id)
    if target is None or service is None:
        return
    threshold = float(alarm.content["Threshold"])
    gap = 0.0 if alarm.value is None else alarm.value - threshold
    capacity = Capacity(service.desired_count, transitions.counts(service).running, is_rolling(service))
    decision = autoscaler.decide(target, policy.steps, capacity, gap, alarms.rises(alarm.content), now)
    cause = f"monitor alarm {alarm.name} in state {alarm.state} triggered policy {policy.name}"
    policy.held = isinstance(decision, NotScaled) and decision.reason["Code"] == _UNSCALABLE
    if isinstance(decision, Scale):
        autoscaler.changed(
            target, policy.steps, service.desired_count, decision.to, world.profile.minute, now
        )
        set_capacity(world, target, service, decision.to, cause, now)
    elif isinstance(decision, NotScaled):
        _record_refusal(world, target, decision, cause, now)


def is_rolling(service: Service) -> bool:
    """Is a deployment of the service in progress?"""
    primary = primary_of(service)
    return ongoing(service) is not None or (primary is not None and primary.rollout_state == "IN_PROGRESS")


def move_between_bounds(world: World, target: ScalableTarget, now: float) -> None:
    """Moves the desired count to MinCapacity or MaxCapacity when it lies outside."""
    service = service_of(world, target.resource_id)
    if service is None:
        return
    count = min(max(service.desired_count, target.min_capacity), target.max_capacity)
    if count != service.desired_count:
        bound = "minimum" if count > service.desired_count else "maximum"
        set_capacity(world, target, service, count, f"{bound} capacity was set to {count}", now)


def set_capacity(
    world: World, target: ScalableTarget, service: Service, count: int, cause: str, now: float
) -> None:
    """Sets the desired count, as an activity with AWS's texts (aws-cli, describe-scaling-activities)."""
    transitions.set_desired_count(world, service, count, now)
    told = {
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set desired count to {count}. Change successfully fulfilled by ecs.",
    }
    _record(world, target, f"Setting desired count to {count}.", cause, told, now)


def _record_refusal(
    world: World, target: ScalableTarget, decision: NotScaled, cause: str, now: float
) -> None:
    """An alarm calls each minute; the same refusal is recorded once in a row."""
    newest: Content = next(
        (each for each in world.scaling_activities if each["ResourceId"] == target.resource_id), {}
    )
    reasons = [dict(decision.reason)]
    if (newest.get("NotScaledReasons"), newest.get("Cause")) == (reasons, cause):
        return
    told = {"StatusCode": "Failed", "NotScaledReasons": reasons}
    _record(world, target, "Attempting to scale due to alarm triggered", cause, told, now)


def _record(
    world: World, target: ScalableTarget, description: str, cause: str, told: Content, now: float
) -> None:
    activity = {
        "ActivityId": ids.event_id(world),
        "ServiceNamespace": "ecs",
        "ResourceId": target.resource_id,
        "ScalableDimension": DIMENSION,
        "Description": description,
        "Cause": cause,
        "StartTime": now,
        "EndTime": now,
    }
    world.scaling_activities.insert(0, activity | told)
    del world.scaling_activities[_MOST_ACTIVITIES:]
