"""Amazon's answers -> the model, from answers in AWS's own shape; and fields that this botocore does not know."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from ecs_deployment import model
from ecs_deployment.aws import translate
from hypothesis import given
from hypothesis import strategies as st

from tests.deployment import builders as b

AT = datetime(2026, 1, 1, tzinfo=UTC)
SHAPE = (
    boto3.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="eu-west-3")
    .client("ecs")
    .meta.service_model.operation_model("DescribeTaskDefinition")
    .output_shape
)
LEAST: dict[str, Any] = {
    "serviceArn": "arn:aws:ecs:eu-west-3:000000000000:service/local/app",
    "serviceName": "app",
    "clusterArn": "arn:aws:ecs:eu-west-3:000000000000:cluster/local",
    "status": "ACTIVE",
    "desiredCount": 1,
    "runningCount": 1,
    "pendingCount": 0,
}
DEPLOYMENT = {
    "id": "ecs-svc/1",
    "status": "PRIMARY",
    "taskDefinition": b.OLD,
    "desiredCount": 1,
    "runningCount": 1,
    "pendingCount": 0,
    "createdAt": AT,
}


def test_a_service() -> None:
    seen = translate.service(
        {
            **LEAST,
            "taskDefinition": b.OLD,
            "deployments": [
                {
                    **DEPLOYMENT,
                    "failedTasks": 2,
                    "rolloutState": "IN_PROGRESS",
                    "rolloutStateReason": "in progress.",
                }
            ],
            "deploymentConfiguration": {"minimumHealthyPercent": 0, "strategy": "ROLLING"},
            "loadBalancers": [
                {"targetGroupArn": b.GROUP, "containerName": "app", "containerPort": 80},
                {"loadBalancerName": "a classic one", "containerName": "app", "containerPort": 80},
            ],
            "events": [{"id": "e", "createdAt": AT, "message": "(service app) has started 1 tasks."}],
            "deploymentController": {"type": "CODE_DEPLOY"},
            "schedulingStrategy": "DAEMON",
        }
    )
    assert (seen.cluster, seen.controller, seen.scheduling) == ("local", "CODE_DEPLOY", "DAEMON")
    assert seen.primary == model.Deployment(
        "ecs-svc/1", "PRIMARY", b.OLD, 1, 1, 0, 2, "IN_PROGRESS", "in progress.", AT.timestamp()
    )
    assert seen.configuration == {"minimumHealthyPercent": 0, "strategy": "ROLLING"}
    assert seen.load_balancers == (model.LoadBalancer(b.GROUP, "app", 80),)
    assert seen.events == (model.Event("e", AT.timestamp(), "(service app) has started 1 tasks."),)


def test_a_service_of_which_aws_says_the_least() -> None:
    seen = translate.service({**LEAST, "deployments": [DEPLOYMENT]})
    assert (seen.controller, seen.scheduling, seen.configuration, seen.events) == ("ECS", "REPLICA", {}, ())
    assert seen.primary
    assert (seen.primary.rollout_state, seen.primary.failed_tasks) == ("", 0)
    assert translate.service(LEAST).primary is None


def test_a_service_deployment() -> None:
    answer = {
        "serviceDeploymentArn": "arn:aws:ecs:eu-west-3:0:service-deployment/local/app/x",
        "targetServiceRevision": {"arn": "arn:aws:ecs:eu-west-3:0:service-revision/local/app/123"},
        "status": "ROLLBACK_SUCCESSFUL",
        "statusReason": "the breaker",
        "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
        "lifecycleHookDetails": [
            {"hookId": "done", "status": "SUCCEEDED"},
            {"hookId": "ask", "status": "AWAITING_ACTION"},
        ],
        "rollback": {"serviceRevisionArn": "arn:aws:ecs:eu-west-3:0:service-revision/local/app/122"},
    }
    seen = translate.service_deployment(answer)
    assert (seen.number, seen.status_reason, seen.failure_count, seen.threshold) == (
        "123",
        "the breaker",
        3,
        3,
    )
    assert (seen.waiting_hook, seen.rollback_to.rsplit("/", 1)[-1]) == ("ask", "122")
    least = translate.service_deployment(
        {name: answer[name] for name in ("serviceDeploymentArn", "targetServiceRevision", "status")}
    )
    assert (least.waiting_hook, least.rollback_to, least.threshold) == ("", "", 0)


def test_a_task() -> None:
    answer = {
        "taskArn": "arn:aws:ecs:eu-west-3:0:task/local/abc",
        "taskDefinitionArn": b.OLD,
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "createdAt": AT,
        "startedAt": AT,
        "stoppedAt": AT,
        "startedBy": "ecs-svc/1",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": [
            {
                "name": "app",
                "image": "app:1",
                "imageDigest": b.DIGEST,
                "lastStatus": "STOPPED",
                "exitCode": 0,
                "healthStatus": "UNHEALTHY",
                "networkInterfaces": [{"privateIpv4Address": "10.0.0.1"}, {"attachmentId": "x"}],
            },
            {"name": "side"},
        ],
    }
    seen = translate.task(answer)
    assert (seen.id, seen.addresses, seen.stopped_at) == ("abc", ("10.0.0.1",), AT.timestamp())
    assert seen.containers == (
        model.Container("app", "app:1", b.DIGEST, "STOPPED", "UNHEALTHY", 0, ""),
        model.Container("side", "", "", "", "UNKNOWN", None, ""),
    )
    least = translate.task(
        {
            name: answer[name]
            for name in ("taskArn", "taskDefinitionArn", "lastStatus", "desiredStatus", "createdAt")
        }
    )
    assert (least.started_by, least.started_at, least.containers, least.health) == ("", None, (), "UNKNOWN")


def test_targets_and_scaling() -> None:
    rows = [
        {
            "Target": {"Id": "10.0.0.1", "Port": 80},
            "TargetHealth": {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Timed out"},
        },
        {"Target": {"Id": "i-1"}, "TargetHealth": {"State": "healthy"}},
    ]
    assert translate.targets(b.GROUP, {"TargetHealthDescriptions": rows}) == (
        model.Target(b.GROUP, "10.0.0.1", 80, "unhealthy", "Target.Timeout", "Timed out"),
        model.Target(b.GROUP, "i-1", 0, "healthy", "", ""),
    )
    assert translate.scaling({"MinCapacity": 0, "MaxCapacity": 4}) == b.scaling()
    flags = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}
    assert translate.scaling({"MinCapacity": 1, "MaxCapacity": 2, "SuspendedState": flags}) == b.scaling(
        1, 2, scale_in=True, scheduled=True
    )


def policy(adjustment: int, kind: str = "ExactCapacity") -> dict[str, Any]:
    return {
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": kind,
            "StepAdjustments": [{"ScalingAdjustment": adjustment}],
        },
        "Alarms": [{"AlarmName": f"{kind} {adjustment}", "AlarmARN": "arn"}],
    }


def test_the_alarm_that_takes_it_to_zero() -> None:
    policies = [
        policy(1),
        policy(0),
        policy(0, "ChangeInCapacity"),
        {"TargetTrackingScalingPolicyConfiguration": {}, "Alarms": [{"AlarmName": "tracking"}]},
    ]
    assert translate.alarms_to_zero({"ScalingPolicies": policies}) == ["ExactCapacity 0"]


@pytest.mark.parametrize(
    ("metrics", "leased"),
    [
        ([{"MetricStat": {"Metric": {"Namespace": "EcsDeployments", "MetricName": "DeployActivity"}}}], True),
        ([{"MetricStat": {"Metric": {"Namespace": "Mine", "MetricName": "DeployActivity"}}}], False),
        ([{"Expression": "FILL(m1, 0)"}], False),
        ([], False),
    ],
)
def test_whether_an_alarm_honours_the_lease(metrics: list[Any], leased: bool) -> None:
    answer = {"AlarmName": "idle", "StateValue": "OK", "Metrics": metrics}
    assert translate.idle_alarm(answer) == model.IdleAlarm("idle", "OK", leased)
    assert not translate.idle_alarm({"AlarmName": "idle", "StateValue": "OK"}).leased


KNOWN: dict[str, Any] = {
    "taskDefinition": {
        "family": "app",
        "containerDefinitions": [
            {
                "name": "app",
                "environment": [{"name": "A", "value": "b"}],
                "dockerLabels": {"any": "label", "another": "one"},
            }
        ],
    },
    "tags": [{"key": "a", "value": "b"}],
}


def with_field(path: tuple[str | int, ...], name: str) -> dict[str, Any]:
    import copy

    answer = copy.deepcopy(KNOWN)
    node: Any = answer
    for step in path:
        node = node[step]
    node[name] = {"deep": 1}
    return answer


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ((), "hyperdrive"),
        (("taskDefinition",), "taskDefinition.hyperdrive"),
        (("taskDefinition", "containerDefinitions", 0), "taskDefinition.containerDefinitions.hyperdrive"),
        (
            ("taskDefinition", "containerDefinitions", 0, "environment", 0),
            "taskDefinition.containerDefinitions.environment.hyperdrive",
        ),
    ],
)
def test_a_field_that_botocore_does_not_know(path: tuple[str | int, ...], told: str) -> None:
    assert translate.unknown_fields(with_field(path, "hyperdrive"), SHAPE) == [told]


def test_everything_known_and_free_keys_are_no_findings() -> None:
    assert translate.unknown_fields(KNOWN, SHAPE) == []
    labels = with_field(("taskDefinition", "containerDefinitions", 0, "dockerLabels"), "free")
    assert translate.unknown_fields(labels, SHAPE) == []


def test_the_same_field_of_two_containers_is_told_once() -> None:
    two = with_field(("taskDefinition", "containerDefinitions", 0), "hyperdrive")
    two["taskDefinition"]["containerDefinitions"] *= 2
    assert translate.unknown_fields(two, SHAPE) == ["taskDefinition.containerDefinitions.hyperdrive"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["taskDefinition", "containerDefinitions", "name", "x"]), inner)
    ),
    max_leaves=12,
)


@given(_JSON)
def test_no_answer_makes_it_fail(answer: Any) -> None:
    assert all(isinstance(name, str) for name in translate.unknown_fields(answer, SHAPE))
