"""Step scaling policies, and how the calls of Application Auto Scaling name what they mean."""

from __future__ import annotations

import math
import uuid
from itertools import pairwise

from ecs_local.alarms_model import Alarm, ScalingPolicy
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.autoscaler_act import DIMENSION, service_of
from ecs_local.world import Content, ScalableTarget, Service, World

TOKEN = AwsError("InvalidNextTokenException", "The specified token is not valid.")
_STEPS = "StepScalingPolicyConfiguration"


def put_scaling_policy(call: Call, params: Content) -> Content:
    """Writes a step policy or replaces one; alarms that name its ARN run it."""
    registered(call, params)
    resource, name = params["ResourceId"], params["PolicyName"]
    there = call.world.scaling_policies.get((resource, name))
    if params.get("PolicyType", "StepScaling") != "StepScaling":
        raise AwsError("ValidationException", "The embedded ECS runs policies of the type StepScaling only.")
    steps = params.get(_STEPS) or (there.steps if there else {})
    _check(steps)
    if there is None:
        there = ScalingPolicy(name, _arn(call.world, resource, name), resource, call.now, steps)
        call.world.scaling_policies[resource, name] = there
    there.steps = steps
    return {"PolicyARN": there.arn, "Alarms": _alarms_of(call.world, there)}


def describe_scaling_policies(call: Call, params: Content) -> Content:
    """The policies by resource and by name, each with the alarms that run it."""
    chosen = [
        policy
        for (resource, name), policy in sorted(call.world.scaling_policies.items())
        if asked(params)
        and params.get("ResourceId", resource) == resource
        and name in params.get("PolicyNames", [name])
    ]
    found, token = page(
        chosen,
        params.get("NextToken"),
        params.get("MaxResults", 50),
        lambda one: f"{one.resource_id} {one.name}",
        TOKEN,
    )
    shown = [
        {
            "PolicyARN": one.arn,
            "PolicyName": one.name,
            "ServiceNamespace": "ecs",
            "ResourceId": one.resource_id,
            "ScalableDimension": DIMENSION,
            "PolicyType": "StepScaling",
            _STEPS: one.steps,
            "Alarms": _alarms_of(call.world, one),
            "CreationTime": one.created_at,
        }
        for one in found
    ]
    return {"ScalingPolicies": shown} | ({"NextToken": token} if token else {})


def delete_scaling_policy(call: Call, params: Content) -> Content:
    """Forgets a policy; the alarms that run it stay."""
    if call.world.scaling_policies.pop((params["ResourceId"], params["PolicyName"]), None) is None:
        raise AwsError("ObjectNotFoundException", f"No scaling policy found for {params['PolicyName']}.")
    return {}


def policies_of(world: World, resource: str) -> list[ScalingPolicy]:
    """The policies of one scalable target."""
    return [policy for (owner, _), policy in world.scaling_policies.items() if owner == resource]


def asked(params: Content) -> bool:
    """Does the call mean the desired count of services?"""
    return bool(
        params["ServiceNamespace"] == "ecs" and params.get("ScalableDimension", DIMENSION) == DIMENSION
    )


def resource_service(call: Call, params: Content) -> Service:
    """The service that a call means. Raises `AwsError`."""
    if not asked(params):
        raise AwsError("ValidationException", f"The embedded ECS scales {DIMENSION} only.")
    service = service_of(call.world, params["ResourceId"])
    if service is None:
        raise AwsError("ValidationException", f"ECS service doesn't exist: {params['ResourceId']}")
    return service


def registered(call: Call, params: Content) -> ScalableTarget:
    """The scalable target that a call means. Raises `AwsError`."""
    found = call.world.scalable_targets.get(params["ResourceId"]) if asked(params) else None
    if found is None:
        raise AwsError(
            "ObjectNotFoundException",
            f"No scalable target found for service namespace: {params['ServiceNamespace']}, "
            f"resource ID: {params['ResourceId']}, scalable dimension: {params['ScalableDimension']}",
        )
    return found


def _arn(world: World, resource: str, name: str) -> str:
    unique = uuid.uuid5(uuid.NAMESPACE_URL, resource)
    place = f"arn:aws:autoscaling:{world.region}:{world.account}:scalingPolicy:{unique}"
    return f"{place}:resource/ecs/{resource}:policyName/{name}"


def _alarms_of(world: World, policy: ScalingPolicy) -> list[Content]:
    def runs(alarm: Alarm) -> bool:
        actions = ("OKActions", "AlarmActions", "InsufficientDataActions")
        return any(policy.arn in alarm.content[each] for each in actions)

    return [
        {"AlarmName": alarm.name, "AlarmARN": alarm.arn}
        for _, alarm in sorted(world.alarms.items())
        if runs(alarm)
    ]


def _check(steps: Content) -> None:
    """The rules of botocore's StepAdjustment and StepScalingPolicyConfiguration."""
    adjustments = steps.get("StepAdjustments")
    if not steps.get("AdjustmentType") or not adjustments:
        raise AwsError("ValidationException", f"{_STEPS} needs AdjustmentType and StepAdjustments.")
    if steps["AdjustmentType"] == "ExactCapacity" and any(
        one["ScalingAdjustment"] < 0 for one in adjustments
    ):
        raise AwsError("ValidationException", "For ExactCapacity a ScalingAdjustment must not be negative.")
    spans = sorted(
        (one.get("MetricIntervalLowerBound", -math.inf), one.get("MetricIntervalUpperBound", math.inf))
        for one in adjustments
    )
    if any(low >= high for low, high in spans):
        raise AwsError(
            "ValidationException", "The upper bound of a step must be greater than its lower bound."
        )
    if any(high != low for (_, high), (low, _) in pairwise(spans)):
        raise AwsError("ValidationException", "The steps must neither overlap nor leave a gap.")


OPERATIONS: dict[str, Handler] = {
    "DeleteScalingPolicy": delete_scaling_policy,
    "DescribeScalingPolicies": describe_scaling_policies,
    "PutScalingPolicy": put_scaling_policy,
}
