"""Application Auto Scaling for the desired count of services: scalable targets and their activities."""

from __future__ import annotations

import uuid

from ecs_local import alarms_watch, autoscaler_act
from ecs_local.api import autoscaling_policies
from ecs_local.api.autoscaling_policies import TOKEN, asked, registered, resource_service
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, ScalableTarget

_IN = "DynamicScalingInSuspended"


def register_scalable_target(call: Call, params: Content) -> Content:
    """Registers a target or changes what is given of it; what is left out stays, flags of SuspendedState too.

    Then the count is moved between the bounds, "even if you don't include the MinCapacity or MaxCapacity"
    (botocore, application-autoscaling RegisterScalableTarget): to flip a flag can wake a service. "When you resume
    scale in, Application Auto Scaling evaluates policies with alarm thresholds that are currently in breach" (user
    guide, suspending scaling).
    """
    resource_service(call, params)
    resource = params["ResourceId"]
    there = call.world.scalable_targets.get(resource)
    low = params.get("MinCapacity", there.min_capacity if there else None)
    high = params.get("MaxCapacity", there.max_capacity if there else None)
    if low is None or high is None:
        raise AwsError(
            "ValidationException", "MinCapacity and MaxCapacity are required to register a new target."
        )
    if low < 0 or high < low:
        raise AwsError(
            "ValidationException",
            "Maximum capacity cannot be less than minimum capacity, which must be at least 0.",
        )
    if there is None:
        there = call.world.scalable_targets[resource] = _new(call, params, low, high)
    was_suspended = there.suspended[_IN]
    there.min_capacity, there.max_capacity = low, high
    there.suspended |= params.get("SuspendedState", {})
    autoscaler_act.move_between_bounds(call.world, there, call.now)
    if was_suspended and not there.suspended[_IN]:
        for policy in autoscaling_policies.policies_of(call.world, resource):
            alarms_watch.invoke_standing(call.world, policy, call.now)
    return {"ScalableTargetARN": there.arn}


def deregister_scalable_target(call: Call, params: Content) -> Content:
    """Forgets a target and its policies."""
    registered(call, params)
    resource = params["ResourceId"]
    del call.world.scalable_targets[resource]
    for policy in autoscaling_policies.policies_of(call.world, resource):
        del call.world.scaling_policies[resource, policy.name]
    return {}


def describe_scalable_targets(call: Call, params: Content) -> Content:
    """Targets of the name space "ecs"; others have none."""
    chosen = [
        target
        for resource, target in sorted(call.world.scalable_targets.items())
        if asked(params) and resource in params.get("ResourceIds", [resource])
    ]
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxResults", 50), lambda one: one.resource_id, TOKEN
    )
    shown = [
        {
            "ServiceNamespace": "ecs",
            "ResourceId": one.resource_id,
            "ScalableDimension": autoscaler_act.DIMENSION,
            "MinCapacity": one.min_capacity,
            "MaxCapacity": one.max_capacity,
            "RoleARN": one.role_arn,
            "CreationTime": one.created_at,
            "SuspendedState": dict(one.suspended),
            "ScalableTargetARN": one.arn,
        }
        for one in found
    ]
    return {"ScalableTargets": shown} | ({"NextToken": token} if token else {})


def describe_scaling_activities(call: Call, params: Content) -> Content:
    """What scaling did, newest first; with IncludeNotScaledActivities also what it refused to do, and why."""
    chosen = [
        one
        for one in call.world.scaling_activities
        if asked(params)
        and params.get("ResourceId", one["ResourceId"]) == one["ResourceId"]
        and (params.get("IncludeNotScaledActivities") or "NotScaledReasons" not in one)
    ]
    places = {one["ActivityId"]: f"{place:09d}" for place, one in enumerate(chosen)}
    found, token = page(
        chosen,
        params.get("NextToken"),
        params.get("MaxResults", 50),
        lambda one: places[one["ActivityId"]],
        TOKEN,
    )
    return {"ScalingActivities": found} | ({"NextToken": token} if token else {})


def _new(call: Call, params: Content, low: int, high: int) -> ScalableTarget:
    region, account, resource = call.world.region, call.world.account, params["ResourceId"]
    owner = "ecs.application-autoscaling.amazonaws.com"
    role = f"role/aws-service-role/{owner}/AWSServiceRoleForApplicationAutoScaling_ECSService"
    unique = uuid.uuid5(uuid.NAMESPACE_URL, resource).hex
    return ScalableTarget(
        resource_id=resource,
        min_capacity=low,
        max_capacity=high,
        created_at=call.now,
        arn=f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{unique}",
        role_arn=params.get("RoleARN", f"arn:aws:iam::{account}:{role}"),
    )


OPERATIONS: dict[str, Handler] = {
    "DeregisterScalableTarget": deregister_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DescribeScalingActivities": describe_scaling_activities,
    "RegisterScalableTarget": register_scalable_target,
    **autoscaling_policies.OPERATIONS,
}
