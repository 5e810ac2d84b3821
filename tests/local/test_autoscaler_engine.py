"""Scale-to-zero on the clock of a real engine: real processes fall asleep, a visitor's 503 wakes them.

The engine runs at a speed at which a minute of CloudWatch lasts half a second.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from ecs_local.client import Engine

from tests.engine import (
    Aws,
    Place,
    balanced,
    create_service,
    described,
    publish_sample,
    register,
    running_engine,
    url,
    wait_for,
)

SPEED = 120.0
MINUTE = 60.0 / SPEED
IDLE_MINUTES = 5
DIMENSION = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}


@pytest.fixture(scope="module")
def fast_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with running_engine(tmp_path_factory.mktemp("fast"), speed=SPEED) as engine:
        yield engine


@pytest.fixture(scope="module")
def cloud(fast_engine: Engine) -> Iterator[Aws]:
    clients = Aws(fast_engine)
    yield clients
    clients.close()


@pytest.fixture(scope="module")
def place(cloud: Aws) -> Place:
    """A service at 0 behind a load balancer, with the policies and alarms of our template."""
    place = balanced(cloud, "sleeper")
    definition = register(cloud, "sleeper", publish_sample(cloud, "sleeper", "demo"))
    # A real process does not start any faster at that speed: its checks are given time.
    create_service(cloud, place, definition, desired=0, healthCheckGracePeriodSeconds=6000)
    resource = f"service/{place.cluster}/{place.service}"
    scaling = cloud("application-autoscaling")
    scaling.register_scalable_target(**DIMENSION, ResourceId=resource, MinCapacity=0, MaxCapacity=2)
    for name, capacity, bound in (
        ("idle", 0, "MetricIntervalUpperBound"),
        ("wake", 1, "MetricIntervalLowerBound"),
    ):
        policy = scaling.put_scaling_policy(
            **DIMENSION,
            PolicyName=name,
            ResourceId=resource,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={
                "AdjustmentType": "ExactCapacity",
                "Cooldown": 0,
                "StepAdjustments": [{bound: 0.0, "ScalingAdjustment": capacity}],
            },
        )
        cloud("cloudwatch").put_metric_alarm(
            AlarmName=name, AlarmActions=[policy["PolicyARN"]], **_alarms(place)[name]
        )
    return place


def _alarms(place: Place) -> dict[str, dict[str, Any]]:
    balancer = {"LoadBalancer": place.load_balancer.partition(":loadbalancer/")[2]}
    group = balancer | {"TargetGroup": place.target_group.rpartition(":")[2]}
    service = {"ClusterName": place.cluster, "ServiceName": place.service}

    def stat(name: str, space: str, metric: str, named: dict[str, str], how: str = "Sum") -> dict[str, Any]:
        listed = [{"Name": each, "Value": value} for each, value in named.items()]
        what = {"Namespace": space, "MetricName": metric, "Dimensions": listed}
        return {"Id": name, "MetricStat": {"Metric": what, "Period": 60, "Stat": how}, "ReturnData": False}

    elb = "AWS/ApplicationELB"
    refused = stat("refused", elb, "HTTPCode_ELB_503_Count", balancer)
    return {
        "idle": {
            "Metrics": [
                stat("served", elb, "RequestCount", group),
                refused,
                stat("deploying", "EcsDeployments", "DeployActivity", service),
                {"Id": "sum", "Expression": "FILL(served, 0) + FILL(refused, 0) + FILL(deploying, 0)"},
            ],
            "ComparisonOperator": "LessThanOrEqualToThreshold",
            "Threshold": 0.0,
            "EvaluationPeriods": IDLE_MINUTES + 2,
            "DatapointsToAlarm": IDLE_MINUTES + 2,
            "TreatMissingData": "breaching",
        },
        "wake": {
            "Metrics": [
                refused,
                stat("healthy", elb, "HealthyHostCount", group, "Minimum"),
                {"Id": "asked", "Expression": "IF(FILL(healthy, 0) < 1, refused)"},
            ],
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
        },
    }


def _visit(engine: Engine) -> int:
    try:
        with urllib.request.urlopen(url(engine), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def _state(cloud: Aws, name: str) -> str:
    return str(cloud("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"])


def _activities(cloud: Aws, place: Place, *, refused: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs",
        ResourceId=f"service/{place.cluster}/{place.service}",
        IncludeNotScaledActivities=refused,
    )["ScalingActivities"]
    return found


def _suspend(cloud: Aws, place: Place, *, on: bool) -> None:
    cloud("application-autoscaling").register_scalable_target(
        **DIMENSION,
        ResourceId=f"service/{place.cluster}/{place.service}",
        SuspendedState={"DynamicScalingInSuspended": on},
    )


def _lease(cloud: Aws, place: Place) -> None:
    named = [{"Name": "ClusterName", "Value": place.cluster}, {"Name": "ServiceName", "Value": place.service}]
    datum = {"MetricName": "DeployActivity", "Dimensions": named, "Value": 1.0}
    cloud("cloudwatch").put_metric_data(Namespace="EcsDeployments", MetricData=[datum])


def _deploy(cloud: Aws, place: Place) -> None:
    cloud("ecs").update_service(
        cluster=place.cluster, service=place.service, desiredCount=1, forceNewDeployment=True
    )


def _completed(cloud: Aws, place: Place) -> bool:
    deployments = described(cloud, place)["deployments"]
    return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"


def _asleep(cloud: Aws, place: Place) -> bool:
    return int(described(cloud, place)["desiredCount"]) == 0


def test_policies_show_the_alarms_that_run_them(cloud: Aws, place: Place) -> None:
    policies = cloud("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")[
        "ScalingPolicies"
    ]
    assert [(one["PolicyName"], [each["AlarmName"] for each in one["Alarms"]]) for one in policies] == [
        ("idle", ["idle"]),
        ("wake", ["wake"]),
    ]


def test_an_idle_alarm_that_stands_in_alarm_takes_an_unprotected_deploy_down_at_once(
    cloud: Aws, place: Place
) -> None:
    wait_for(lambda: _state(cloud, "idle") == "ALARM", "the idle alarm")
    _deploy(cloud, place)
    wait_for(lambda: _asleep(cloud, place), "the idle alarm to act")
    newest = _activities(cloud, place)[0]
    assert newest["Cause"] == "monitor alarm idle in state ALARM triggered policy idle"
    assert newest["Description"] == "Setting desired count to 0."


def test_a_protected_deploy_sleeps_after_its_idle_minutes_and_not_before(
    fast_engine: Engine, cloud: Aws, place: Place
) -> None:
    _suspend(cloud, place, on=True)
    _deploy(cloud, place)
    leased: list[float] = []

    def proven() -> bool:
        _lease(cloud, place)
        return _completed(cloud, place) and _visit(fast_engine) == 200

    def seen() -> bool:
        leased.append(time.time())
        _lease(cloud, place)
        return _state(cloud, "idle") == "OK"

    wait_for(proven, "a served visitor")
    wait_for(seen, "the idle alarm to see the deploy")
    _suspend(cloud, place, on=False)
    wait_for(lambda: _asleep(cloud, place), "the service to fall asleep")
    slept = _activities(cloud, place)[0]["StartTime"].timestamp()
    assert slept - leased[-1] >= IDLE_MINUTES * MINUTE


def test_a_visitor_wakes_it_and_it_sleeps_again(fast_engine: Engine, cloud: Aws, place: Place) -> None:
    wait_for(lambda: _asleep(cloud, place) and not described(cloud, place)["runningCount"], "the sleep")
    assert _visit(fast_engine) == 503
    wait_for(lambda: _visit(fast_engine) == 200, "a served visitor")
    woken = _activities(cloud, place)[0]
    assert woken["Description"] == "Setting desired count to 1."
    assert woken["Cause"] == "monitor alarm wake in state ALARM triggered policy wake"
    wait_for(lambda: _asleep(cloud, place), "the service to fall asleep again")
    causes = [
        one["NotScaledReasons"][0]["Code"]
        for one in _activities(cloud, place, refused=True)
        if "NotScaledReasons" in one
    ]
    assert set(causes) <= {"AlreadyAtDesiredCapacity", "TargetServicePutResourceAsUnscalable"}


def test_the_load_balancer_tells_cloudwatch(fast_engine: Engine, cloud: Aws, place: Place) -> None:
    assert _visit(fast_engine) in (200, 503)
    wanted = {"HTTPCode_ELB_503_Count", "RequestCount", "HTTPCode_Target_2XX_Count", "TargetResponseTime"}

    def named() -> set[str]:
        listed = cloud("cloudwatch").list_metrics(Namespace="AWS/ApplicationELB")["Metrics"]
        return {one["MetricName"] for one in listed}

    wait_for(lambda: wanted <= named(), "the metrics")
