"""Application Auto Scaling for the desired count of services: scalable targets, activities, policies on record."""

from __future__ import annotations

import uuid

from ecs_local import transitions
from ecs_local.api.context import Call, Handler, without_none
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, ScalableTarget, Service

_DIMENSION = "ecs:service:DesiredCount"
_TOKEN = AwsError("InvalidNextTokenException", "The specified token is not valid.")
_MOST_ACTIVITIES = 1000


def register_scalable_target(call: Call, params: Content) -> Content:
    """Registers a target or changes what is given of it; what is left out stays, flags of SuspendedState too.

    Then the count is moved between the bounds, "even if you don't include the MinCapacity or MaxCapacity"
    (botocore, application-autoscaling RegisterScalableTarget): to flip a flag can wake a service.
    """
    service, resource = _service(call, params), params["ResourceId"]
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
    there.min_capacity, there.max_capacity = low, high
    there.suspended |= params.get("SuspendedState", {})
    _move_between_bounds(call, there, service)
    return {"ScalableTargetARN": there.arn}


def deregister_scalable_target(call: Call, params: Content) -> Content:
    """Forgets a target and its policies."""
    resource = params["ResourceId"]
    _registered(call, params)
    del call.world.scalable_targets[resource]
    for key in [key for key in call.records.policies if key[0] == resource]:
        del call.records.policies[key]
    return {}


def describe_scalable_targets(call: Call, params: Content) -> Content:
    """Targets of the name space "ecs"; others have none."""
    chosen = [
        target
        for resource, target in sorted(call.world.scalable_targets.items())
        if _asked(params) and resource in params.get("ResourceIds", [resource])
    ]
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxResults", 50), lambda one: one.resource_id, _TOKEN
    )
    shown = [
        {
            "ServiceNamespace": "ecs",
            "ResourceId": one.resource_id,
            "ScalableDimension": _DIMENSION,
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
    """What scaling did, newest first."""
    chosen = [
        one
        for one in call.records.activities
        if _asked(params) and params.get("ResourceId", one["ResourceId"]) == one["ResourceId"]
    ]
    places = {one["ActivityId"]: f"{place:09d}" for place, one in enumerate(chosen)}
    found, token = page(
        chosen,
        params.get("NextToken"),
        params.get("MaxResults", 50),
        lambda one: places[one["ActivityId"]],
        _TOKEN,
    )
    return {"ScalingActivities": found} | ({"NextToken": token} if token else {})


def put_scaling_policy(call: Call, params: Content) -> Content:
    """Writes a policy down; no alarm runs it yet."""
    _registered(call, params)
    resource, name = params["ResourceId"], params["PolicyName"]
    there = call.records.policies.get((resource, name))
    region, account = call.world.region, call.world.account
    path = f"{uuid.uuid5(uuid.NAMESPACE_URL, resource)}:resource/ecs/{resource}:policyName/{name}"
    arn = f"arn:aws:autoscaling:{region}:{account}:scalingPolicy:{path}"
    if there is None and "PolicyType" not in params:
        params = params | {"PolicyType": "StepScaling"}
    policy = (there or {"PolicyARN": arn, "CreationTime": call.now}) | params
    call.records.policies[resource, name] = policy
    return {"PolicyARN": policy["PolicyARN"], "Alarms": []}


def describe_scaling_policies(call: Call, params: Content) -> Content:
    """The policies on record, by resource and by name."""
    chosen = [
        policy | {"Alarms": []}
        for (resource, name), policy in sorted(call.records.policies.items())
        if _asked(params)
        and params.get("ResourceId", resource) == resource
        and name in params.get("PolicyNames", [name])
    ]
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxResults", 50), lambda one: one["PolicyARN"], _TOKEN
    )
    return {"ScalingPolicies": found} | ({"NextToken": token} if token else {})


def delete_scaling_policy(call: Call, params: Content) -> Content:
    """Forgets a policy."""
    if call.records.policies.pop((params["ResourceId"], params["PolicyName"]), None) is None:
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for {params['PolicyName']}.")
    return {}


def _asked(params: Content) -> bool:
    return bool(
        params["ServiceNamespace"] == "ecs" and params.get("ScalableDimension", _DIMENSION) == _DIMENSION
    )


def _service(call: Call, params: Content) -> Service:
    if not _asked(params):
        raise AwsError("ValidationException", f"The embedded ECS scales {_DIMENSION} only.")
    parts = params["ResourceId"].split("/")
    named = parts[1:] if parts[0] == "service" else []
    service = call.world.services.get((named[0], named[1])) if len(named) == 2 else None
    if service is None or service.status != "ACTIVE":
        raise AwsError("ValidationException", f"ECS service doesn't exist: {params['ResourceId']}")
    return service


def _registered(call: Call, params: Content) -> ScalableTarget:
    found = call.world.scalable_targets.get(params["ResourceId"]) if _asked(params) else None
    if found is None:
        raise AwsError(
            "ObjectNotFoundException",
            f"No scalable target found for service namespace: {params['ServiceNamespace']}, "
            f"resource ID: {params['ResourceId']}, scalable dimension: {params['ScalableDimension']}",
        )
    return found


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


def _move_between_bounds(call: Call, target: ScalableTarget, service: Service) -> None:
    count = min(max(service.desired_count, target.min_capacity), target.max_capacity)
    if count == service.desired_count:
        return
    bound = "minimum" if count > service.desired_count else "maximum"
    transitions.set_desired_count(call.world, service, count, call.now)
    activity = without_none(
        ActivityId=str(uuid.uuid4()),
        ServiceNamespace="ecs",
        ResourceId=target.resource_id,
        ScalableDimension=_DIMENSION,
        Description=f"Setting desired count to {count}.",
        Cause=f"{bound} capacity was set to {count}",
        StartTime=call.now,
        EndTime=call.now,
        StatusCode="Successful",
        StatusMessage=f"Successfully set desired count to {count}. Change successfully fulfilled by ecs.",
    )
    call.records.activities.insert(0, activity)
    del call.records.activities[_MOST_ACTIVITIES:]


OPERATIONS: dict[str, Handler] = {
    "DeleteScalingPolicy": delete_scaling_policy,
    "DeregisterScalableTarget": deregister_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DescribeScalingActivities": describe_scaling_activities,
    "DescribeScalingPolicies": describe_scaling_policies,
    "PutScalingPolicy": put_scaling_policy,
    "RegisterScalableTarget": register_scalable_target,
}
