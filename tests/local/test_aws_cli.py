"""The unmodified AWS CLI against the engine: the commands that people and scripts really type."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from ecs_local import client

from tests.engine import Aws, Place, balanced, create_service, described, publish_sample, register, wait_for

FLEET = ("--service-namespace", "ecs", "--resource-ids")


def _aws(aws: Aws, *words: str) -> Any:
    told = subprocess.run(
        [sys.executable, "-m", "awscli", *words, "--output", "json"],
        env=os.environ | client.environment(aws.engine),
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout) if told.stdout.strip() else None


@pytest.fixture(scope="module")
def place(aws: Aws) -> Place:
    """A running service of one task, with its log group."""
    found = balanced(aws, "shop")
    aws("logs").create_log_group(logGroupName="/shop")
    options = {"awslogs-group": "/shop", "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "shop"}
    image = publish_sample(aws, "shop", "demo")
    arn = register(aws, "shop", image, logConfiguration={"logDriver": "awslogs", "options": options})
    create_service(aws, found, arn)
    wait_for(
        lambda: described(aws, found)["deployments"][0]["rolloutState"] == "COMPLETED", "the first deployment"
    )
    return found


def test_a_service_is_described_rolled_and_waited_for(aws: Aws, place: Place) -> None:
    where = ("--cluster", place.cluster, "--services", place.service)
    before = _aws(aws, "ecs", "describe-services", *where)["services"][0]
    rolled = _aws(
        aws, "ecs", "update-service", "--cluster", "shop", "--service", "shop", "--force-new-deployment"
    )["service"]
    assert rolled["deployments"][0]["id"] != before["deployments"][0]["id"]
    wait_for(lambda: len(described(aws, place)["deployments"]) == 1, "the end of the rollout")
    _aws(aws, "ecs", "wait", "services-stable", *where)
    after = _aws(aws, "ecs", "describe-services", *where)["services"][0]
    assert after["deployments"][0]["id"] == rolled["deployments"][0]["id"]
    assert (after["runningCount"], after["deployments"][0]["rolloutState"]) == (1, "COMPLETED")


def test_tasks_and_their_targets_are_healthy(aws: Aws, place: Place) -> None:
    arns = _aws(aws, "ecs", "list-tasks", "--cluster", "shop", "--service-name", "shop")["taskArns"]
    tasks = _aws(aws, "ecs", "describe-tasks", "--cluster", "shop", "--tasks", *arns)["tasks"]
    assert [task["lastStatus"] for task in tasks] == ["RUNNING"]
    details = {one["name"]: one["value"] for one in tasks[0]["attachments"][0]["details"]}
    health = _aws(aws, "elbv2", "describe-target-health", "--target-group-arn", place.target_group)
    states = {
        one["Target"]["Id"]: one["TargetHealth"]["State"]
        for one in health["TargetHealthDescriptions"]
        if one["TargetHealth"]["State"] != "draining"
    }
    assert states == {details["privateIPv4Address"]: "healthy"}


def test_what_containers_print_is_found_in_the_logs(aws: Aws, place: Place) -> None:
    def found() -> list[dict[str, Any]]:
        told = _aws(
            aws,
            "logs",
            "filter-log-events",
            "--log-group-name",
            "/shop",
            "--log-stream-name-prefix",
            "shop/app/",
        )
        events: list[dict[str, Any]] = told["events"]
        return events

    assert wait_for(found, "a line in the log")[0]["message"]


def test_scaling_is_described(aws: Aws, place: Place) -> None:
    resource = f"service/{place.cluster}/{place.service}"
    _aws(
        aws,
        *("application-autoscaling", "register-scalable-target", "--service-namespace", "ecs"),
        *("--resource-id", resource, "--scalable-dimension", "ecs:service:DesiredCount"),
        *("--min-capacity", "0", "--max-capacity", "2"),
    )
    told = _aws(aws, "application-autoscaling", "describe-scalable-targets", *FLEET, resource)
    assert [one["MaxCapacity"] for one in told["ScalableTargets"]] == [2]


def test_parameters_are_put_and_read(aws: Aws) -> None:
    put = ("--name", "/cli/app/0001", "--type", "String", "--value", "held")
    assert _aws(aws, "ssm", "put-parameter", *put)["Version"] == 1
    told = _aws(aws, "ssm", "get-parameters-by-path", "--path", "/cli", "--recursive")
    assert [one["Value"] for one in told["Parameters"]] == ["held"]


def test_metrics_and_alarms(aws: Aws) -> None:
    where = ("--namespace", "Shop", "--metric-name", "Visits", "--dimensions", "Name=Service,Value=shop")
    named = ("--namespace", "Shop", "--metric-name", "Visits", "--dimensions", "Service=shop")
    _aws(aws, "cloudwatch", "put-metric-data", *named, "--value", "3")
    assert len(_aws(aws, "cloudwatch", "list-metrics", *where)["Metrics"]) == 1
    alarm = ("--alarm-name", "shop-visits", "--evaluation-periods", "1", "--threshold", "1")
    how = ("--period", "60", "--statistic", "Sum", "--comparison-operator", "LessThanThreshold")
    _aws(aws, "cloudwatch", "put-metric-alarm", *alarm, *where, *how)
    described = _aws(aws, "cloudwatch", "describe-alarms", "--alarm-names", "shop-visits")["MetricAlarms"]
    assert [(one["AlarmName"], one["Dimensions"]) for one in described] == [
        ("shop-visits", [{"Name": "Service", "Value": "shop"}])
    ]
    _aws(aws, "cloudwatch", "delete-alarms", "--alarm-names", "shop-visits")
