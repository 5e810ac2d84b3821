"""Every refusal with AWS's own code, and none that the service's model does not know."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from ecs_local.client import Engine

from tests.engine import Aws, register

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
FARGATE = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
CONTAINER = {"name": "app", "image": "app"}
INVALID, CLIENT = "InvalidParameterException", "ClientException"
GROUP = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/none/0000000000000000"
BALANCER = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}

CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("DescribeServices", {"cluster": "none", "services": ["app"]}, "ClusterNotFoundException"),
    ("DescribeServices", {"services": []}, INVALID),
    ("DescribeServices", {"services": ["app"] * 11}, INVALID),
    ("UpdateService", {"service": "none"}, "ServiceNotFoundException"),
    ("UpdateService", {"service": "app", "taskDefinition": "none"}, CLIENT),
    ("UpdateService", {"service": "app", "taskDefinition": "gone:1"}, CLIENT),
    ("UpdateService", {"service": "app", "desiredCount": -1}, INVALID),
    ("UpdateService", {"service": "app", "loadBalancers": [BALANCER]}, INVALID),
    (
        "UpdateService",
        {"service": "app", "deploymentController": {"type": "EXTERNAL"}},
        "UnsupportedFeatureException",
    ),
    (
        "UpdateService",
        {"service": "app", "deploymentConfiguration": {"strategy": "BLUE_GREEN"}},
        "UnsupportedFeatureException",
    ),
    (
        "UpdateService",
        {"service": "app", "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
        INVALID,
    ),
    ("UpdateService", {"service": "app", "deploymentConfiguration": {"minimumHealthyPercent": 201}}, INVALID),
    (
        "UpdateService",
        {
            "service": "app",
            "deploymentConfiguration": {"earlySuccessCriteria": {"enable": True, "healthyPercent": 50}},
        },
        INVALID,
    ),
    (
        "CreateService",
        {"serviceName": "app", "taskDefinition": "app", "desiredCount": 1},
        INVALID,
    ),  # is there
    (
        "CreateService",
        {"serviceName": "b", "taskDefinition": "app", "desiredCount": 1},
        INVALID,
    ),  # no network
    ("CreateService", {"serviceName": "b", "desiredCount": 1}, INVALID),
    ("CreateService", {"serviceName": "b/c", "taskDefinition": "app", "desiredCount": 1}, INVALID),
    ("CreateService", {"serviceName": "b", "taskDefinition": "none", "desiredCount": 1}, CLIENT),
    (
        "CreateService",
        {"serviceName": "b", "taskDefinition": "app", "networkConfiguration": NETWORK},
        INVALID,
    ),
    (
        "CreateService",
        {"serviceName": "b", "taskDefinition": "app", "schedulingStrategy": "DAEMON"},
        "UnsupportedFeatureException",
    ),
    (
        "CreateService",
        {
            "serviceName": "b",
            "taskDefinition": "app",
            "desiredCount": 1,
            "networkConfiguration": NETWORK,
            "loadBalancers": [BALANCER],
        },
        INVALID,
    ),
    ("DeleteService", {"service": "none"}, "ServiceNotFoundException"),
    ("DescribeTaskDefinition", {"taskDefinition": "none"}, CLIENT),
    ("DeregisterTaskDefinition", {"taskDefinition": "app"}, INVALID),
    ("RegisterTaskDefinition", {"family": "a b", "containerDefinitions": [CONTAINER]}, CLIENT),
    ("RegisterTaskDefinition", {"family": "a", "containerDefinitions": []}, CLIENT),
    ("RegisterTaskDefinition", {"family": "a", "containerDefinitions": [{"name": "app"}]}, CLIENT),
    ("RegisterTaskDefinition", {"family": "a", "containerDefinitions": [CONTAINER, CONTAINER]}, CLIENT),
    (
        "RegisterTaskDefinition",
        {"family": "a", "containerDefinitions": [CONTAINER | {"essential": False}]},
        CLIENT,
    ),
    (
        "RegisterTaskDefinition",
        FARGATE | {"family": "a", "networkMode": "bridge", "containerDefinitions": [CONTAINER]},
        CLIENT,
    ),
    (
        "RegisterTaskDefinition",
        FARGATE | {"family": "a", "cpu": "7", "containerDefinitions": [CONTAINER]},
        CLIENT,
    ),
    ("DescribeTasks", {"tasks": []}, INVALID),
    ("DescribeTasks", {"tasks": ["a"] * 101}, INVALID),
    ("ListTasks", {"serviceName": "none"}, "ServiceNotFoundException"),
    ("ListTasks", {"startedBy": "me", "serviceName": "app"}, INVALID),
    ("ListTasks", {"nextToken": "none"}, INVALID),
    ("RunTask", {"taskDefinition": "app", "count": 11, "networkConfiguration": NETWORK}, INVALID),
    ("RunTask", {"taskDefinition": "app"}, INVALID),
    ("StopTask", {"task": "0" * 32}, INVALID),
    ("ListServiceDeployments", {"service": "none"}, "ServiceNotFoundException"),
    ("DescribeServiceDeployments", {"serviceDeploymentArns": []}, INVALID),
    ("StopServiceDeployment", {"serviceDeploymentArn": "none"}, "ServiceDeploymentNotFoundException"),
    ("TagResource", {"resourceArn": "arn:aws:ecs:none", "tags": []}, "ResourceNotFoundException"),
    ("DeleteCluster", {"cluster": "default"}, "ClusterContainsServicesException"),
]


@pytest.fixture(scope="module")
def ecs(aws: Aws) -> Any:
    """The default cluster with a service at 0, an active and an inactive revision."""
    client = aws("ecs")
    client.create_cluster()
    register(aws, "app", "nothing:here")
    client.deregister_task_definition(taskDefinition=register(aws, "gone", "nothing:here"))
    client.create_service(
        serviceName="app", taskDefinition="app", desiredCount=0, networkConfiguration=NETWORK
    )
    return client


@pytest.mark.parametrize(("operation", "params", "code"), CALLS)
def test_ecs_refuses_with_its_own_code(ecs: Any, operation: str, params: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(ecs, xform_name(operation))(**params)
    error = caught.value.response
    assert error["Error"]["Code"] == code
    assert error["Error"]["Message"]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert code in {shape.name for shape in ecs.meta.service_model.operation_model(operation).error_shapes}


def _raw(engine: Engine, headers: dict[str, str], body: str = "{}") -> tuple[int, dict[str, Any], Any]:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    told = json.loads(text) if "json" in answer.headers["Content-Type"] else text
    return answer.status, dict(answer.headers), told


TARGET = "AmazonEC2ContainerServiceV20141113."
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/eu-west-3/ecs/aws4_request, SignedHeaders=host, Signature=0"
)


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"X-Amz-Target": TARGET + "ListTasks"}, "{}", 403, "MissingAuthenticationTokenException"),
        (
            {"X-Amz-Target": TARGET + "ListTasks", "Authorization": SIGNED.replace("eu-west-3", "us-east-1")},
            "{}",
            403,
            "InvalidSignatureException",
        ),
        ({"X-Amz-Target": TARGET + "Fly", "Authorization": SIGNED}, "{}", 400, "UnknownOperationException"),
        (
            {"X-Amz-Target": TARGET + "ExecuteCommand", "Authorization": SIGNED},
            "{}",
            400,
            "UnknownOperationException",
        ),
        ({"X-Amz-Target": TARGET + "ListTasks", "Authorization": SIGNED}, "{", 400, "SerializationException"),
        (
            {"X-Amz-Target": TARGET + "UpdateService", "Authorization": SIGNED},
            "{}",
            400,
            "InvalidParameterException",
        ),
        (
            {"X-Amz-Target": TARGET + "UpdateService", "Authorization": SIGNED},
            '{"service": 1}',
            400,
            "SerializationException",
        ),
    ],
)
def test_what_no_client_library_sends(
    engine: Engine, headers: dict[str, str], body: str, status: int, code: str
) -> None:
    got, answered, told = _raw(engine, headers, body)
    assert (got, told["__type"], answered["x-amzn-errortype"]) == (status, code, code)
    assert answered["x-amzn-requestid"]
    assert answered["Date"]


def test_nothing_unsigned_reaches_the_registers(engine: Engine) -> None:
    assert _raw(engine, {})[0] == 403


def test_elbv2_refuses_in_xml(aws: Aws) -> None:
    elb = aws("elbv2")
    with pytest.raises(elb.exceptions.TargetGroupNotFoundException):
        elb.describe_target_health(TargetGroupArn=GROUP)
    with pytest.raises(elb.exceptions.LoadBalancerNotFoundException):
        elb.describe_load_balancers(Names=["none"])


def test_task_protection_is_refused_clearly(aws: Any, cluster: str) -> None:
    ecs = aws("ecs")
    with pytest.raises(ecs.exceptions.UnsupportedFeatureException, match="no task protection"):
        ecs.update_task_protection(cluster=cluster, tasks=["0" * 32], protectionEnabled=True)
    with pytest.raises(ecs.exceptions.UnsupportedFeatureException, match="no task protection"):
        ecs.get_task_protection(cluster=cluster, tasks=["0" * 32])
