"""Scalable targets through boto3: partial updates, and the count that moves between the bounds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine import Aws, register

DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
ALL = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@pytest.fixture
def resource(aws: Aws, cluster: str) -> str:
    """A service at 0 without a load balancer."""
    aws("ecs").create_service(
        cluster=cluster,
        serviceName="app",
        taskDefinition=register(aws, cluster, "nothing:here"),
        desiredCount=0,
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    return f"service/{cluster}/app"


def _register(aws: Aws, resource: str, **params: Any) -> None:
    aws("application-autoscaling").register_scalable_target(**DIMENSION, ResourceId=resource, **params)


def _target(aws: Aws, resource: str) -> dict[str, Any]:
    answer = aws("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[resource]
    )
    found: dict[str, Any] = answer["ScalableTargets"][0]
    return found


def _desired(aws: Aws, resource: str) -> int:
    _, cluster, service = resource.split("/")
    return int(
        aws("ecs").describe_services(cluster=cluster, services=[service])["services"][0]["desiredCount"]
    )


def test_what_is_left_out_stays(aws: Aws, resource: str) -> None:
    _register(aws, resource, MinCapacity=0, MaxCapacity=3)
    _register(aws, resource, SuspendedState={ALL[0]: True})
    _register(aws, resource, SuspendedState={ALL[1]: True})
    _register(aws, resource, MaxCapacity=4)
    target = _target(aws, resource)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 4)
    assert target["SuspendedState"] == {ALL[0]: True, ALL[1]: True, ALL[2]: False}


def test_a_minimum_wakes_and_a_maximum_cuts(aws: Aws, resource: str) -> None:
    _register(aws, resource, MinCapacity=0, MaxCapacity=3)
    assert _desired(aws, resource) == 0
    _register(aws, resource, MinCapacity=2)
    assert _desired(aws, resource) == 2
    _register(aws, resource, MinCapacity=0, MaxCapacity=1)
    assert _desired(aws, resource) == 1
    activities = aws("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=resource
    )["ScalingActivities"]
    assert [one["Cause"] for one in activities] == [
        "maximum capacity was set to 1",
        "minimum capacity was set to 2",
    ]
    assert activities[0]["StatusMessage"].startswith("Successfully set desired count to 1.")


def test_flipping_a_flag_wakes_a_service_below_its_minimum(aws: Aws, resource: str) -> None:
    _register(aws, resource, MinCapacity=1, MaxCapacity=3)
    _, cluster, service = resource.split("/")
    aws("ecs").update_service(cluster=cluster, service=service, desiredCount=0)
    _register(aws, resource, SuspendedState={ALL[0]: False})
    assert _desired(aws, resource) == 1


def test_policies_are_kept_and_go_with_their_target(aws: Aws, resource: str) -> None:
    _register(aws, resource, MinCapacity=0, MaxCapacity=3)
    scaling = aws("application-autoscaling")
    policy = {"AdjustmentType": "ExactCapacity", "StepAdjustments": [{"ScalingAdjustment": 0}]}
    put = scaling.put_scaling_policy(
        PolicyName="idle",
        ResourceId=resource,
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration=policy,
        **DIMENSION,
    )
    found = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
    assert [(one["PolicyARN"], one["StepScalingPolicyConfiguration"]) for one in found] == [
        (put["PolicyARN"], policy)
    ]
    scaling.deregister_scalable_target(ResourceId=resource, **DIMENSION)
    assert (
        scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)["ScalingPolicies"]
        == []
    )
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(ResourceId=resource, **DIMENSION)


@pytest.mark.parametrize(
    "params",
    [
        {"MinCapacity": 0},
        {"MinCapacity": 2, "MaxCapacity": 1},
        {"MinCapacity": -1, "MaxCapacity": 1},
    ],
)
def test_bounds_that_are_refused(aws: Aws, resource: str, params: dict[str, int]) -> None:
    with pytest.raises(aws("application-autoscaling").exceptions.ValidationException):
        _register(aws, resource, **params)


def test_a_service_that_is_not_there_is_refused(aws: Aws, cluster: str) -> None:
    with pytest.raises(aws("application-autoscaling").exceptions.ValidationException, match="doesn't exist"):
        _register(aws, f"service/{cluster}/none", MinCapacity=0, MaxCapacity=1)
