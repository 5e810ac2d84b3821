"""The port over a real boto3 and real HTTP: what is sent, what is read, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ecs_deployment import model
from ecs_deployment.errors import Denied, NotFound, Refused

from tests.deployment import builders as b
from tests.deployment.canned_aws import Canned, canned_aws

DEFINITION = {
    "taskDefinitionArn": b.OLD,
    "status": "ACTIVE",
    "revision": 1,
    "family": "app",
    "registeredAt": 1.0,
    "registeredBy": "arn:aws:iam::000000000000:user/ann",
    "compatibilities": ["FARGATE"],
    "requiresAttributes": [],
    "containerDefinitions": [{"name": "app", "image": "app:1"}],
}
SERVICE = {
    "serviceArn": "arn:aws:ecs:eu-west-3:000000000000:service/local/app",
    "serviceName": "app",
    "clusterArn": "arn:aws:ecs:eu-west-3:000000000000:cluster/local",
    "status": "ACTIVE",
    "desiredCount": 1,
    "runningCount": 1,
    "pendingCount": 0,
}
LOGGING = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/local/app", "awslogs-stream-prefix": "app"},
}


@pytest.fixture
def aws() -> Iterator[Canned]:
    with canned_aws() as made:
        yield made


def test_a_task_definition_keeps_what_can_be_registered_and_nothing_else(aws: Canned) -> None:
    tags = [{"key": "team", "value": "a"}, {"key": "aws:cloudformation:stack-name", "value": "s"}]
    aws.answer("DescribeTaskDefinition", {"taskDefinition": DEFINITION, "tags": tags})
    seen = aws.cloud().task_definition(b.OLD)
    assert seen.content == {"family": "app", "containerDefinitions": [{"name": "app", "image": "app:1"}]}
    assert (seen.arn, seen.status, seen.tags) == (b.OLD, "ACTIVE", ({"key": "team", "value": "a"},))
    assert aws.asked("DescribeTaskDefinition") == [{"taskDefinition": b.OLD, "include": ["TAGS"]}]


def test_a_field_that_this_botocore_does_not_know_is_refused_by_name(aws: Canned) -> None:
    strange = {**DEFINITION, "containerDefinitions": [{"name": "app", "hyperdrive": {"factor": 9}}]}
    aws.answer("DescribeTaskDefinition", {"taskDefinition": strange}, {"taskDefinition": DEFINITION})
    cloud = aws.cloud()
    with pytest.raises(Refused) as caught:
        cloud.task_definition(b.OLD)
    assert "app:1 uses taskDefinition.containerDefinitions.hyperdrive" in caught.value.what
    assert "boto3" in caught.value.cure
    assert cloud.task_definition(b.OLD).short == "app:1"  # the next one is judged by itself


def test_services_are_asked_for_by_tens(aws: Canned) -> None:
    aws.answer("DescribeServices", {"services": [SERVICE], "failures": [{"reason": "MISSING"}]})
    seen = aws.cloud().services("local", [f"s{i}" for i in range(21)])
    assert [len(body["services"]) for body in aws.asked("DescribeServices")] == [10, 10, 1]
    assert list(seen) == ["app"]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, {}),
        ({"task_definition": b.NEW}, {"taskDefinition": b.NEW}),
        ({"desired": 0}, {"desiredCount": 0}),
        ({"desired": 1}, {"desiredCount": 1}),
        ({"force": True}, {"forceNewDeployment": True}),
        (
            {"configuration": {"minimumHealthyPercent": 0}},
            {"deploymentConfiguration": {"minimumHealthyPercent": 0}},
        ),
    ],
)
def test_an_update_sends_what_is_given_and_nothing_else(
    aws: Canned, given: dict[str, Any], sent: dict[str, Any]
) -> None:
    aws.answer("UpdateService", {"service": SERVICE})
    assert aws.cloud().update_service("local", "app", **given).name == "app"
    assert aws.asked("UpdateService") == [{"cluster": "local", "service": "app", **sent}]


def test_registering_sends_content_and_tags(aws: Canned) -> None:
    aws.answer("RegisterTaskDefinition", {"taskDefinition": {**DEFINITION, "taskDefinitionArn": b.NEW}})
    content = {"family": "app", "containerDefinitions": [{"name": "app", "image": "app:2"}]}
    cloud = aws.cloud()
    assert cloud.register(content, [{"key": "team", "value": "a"}]) == b.NEW
    assert cloud.register(content, []) == b.NEW
    with_tags, without = aws.asked("RegisterTaskDefinition")
    assert with_tags == {**content, "tags": [{"key": "team", "value": "a"}]}
    assert without == content


def test_tasks_come_page_by_page(aws: Canned) -> None:
    task = {
        "taskArn": "arn:aws:ecs:eu-west-3:0:task/local/a",
        "taskDefinitionArn": b.OLD,
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "createdAt": 1.0,
    }
    arns = [f"arn:aws:ecs:eu-west-3:0:task/local/{i}" for i in range(150)]
    first, second = {"taskArns": arns[:100], "nextToken": "more"}, {"taskArns": arns[100:]}
    aws.answer("ListTasks", first, second, first, second)
    aws.answer("DescribeTasks", {"tasks": [task]})
    cloud = aws.cloud()
    assert len(cloud.tasks("local", "app", stopped=False)) == 2  # one of each answer
    assert [len(body["tasks"]) for body in aws.asked("DescribeTasks")] == [100, 50]
    cloud.tasks("local", "app", stopped=True)
    assert [len(body["tasks"]) for body in aws.asked("DescribeTasks")][2:] == [100]
    assert aws.asked("ListTasks")[2]["desiredStatus"] == "STOPPED"


def test_no_tasks_are_not_described(aws: Canned) -> None:
    aws.answer("ListTasks", {"taskArns": []})
    assert aws.cloud().tasks("local", "app", stopped=True) == []
    assert aws.asked("DescribeTasks") == []


def test_a_service_deployment_is_looked_up_once(aws: Canned) -> None:
    arn = "arn:aws:ecs:eu-west-3:0:service-deployment/local/app/x"
    revision = "arn:aws:ecs:eu-west-3:0:service-revision/local/app/7"
    brief = {"serviceDeploymentArn": arn, "targetServiceRevisionArn": revision}
    whole = {
        "serviceDeploymentArn": arn,
        "targetServiceRevision": {"arn": revision},
        "status": "IN_PROGRESS",
    }
    aws.answer("ListServiceDeployments", {"serviceDeployments": []}, {"serviceDeployments": [brief]})
    aws.answer("DescribeServiceDeployments", {"serviceDeployments": [whole]})
    cloud = aws.cloud()
    seen = [cloud.service_deployment("local", "app", "7", 1000.0) for _ in range(3)]
    assert [one and one.number for one in seen] == [None, "7", "7"]
    assert len(aws.asked("ListServiceDeployments")) == 2
    assert aws.asked("ListServiceDeployments")[0]["createdAt"] == {"after": 940.0}
    assert cloud.service_deployment("local", "app", "8", 1000.0) is None


def test_scaling_is_suspended_with_all_three_flags_and_no_capacities(aws: Canned) -> None:
    aws.answer("RegisterScalableTarget", {})
    aws.cloud().suspend("local", "app", model.Suspended(True, False, True))
    (body,) = aws.asked("RegisterScalableTarget")
    assert body["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }
    assert body["ResourceId"] == "service/local/app"
    assert not {"MinCapacity", "MaxCapacity"} & set(body)


def test_no_scalable_target(aws: Canned) -> None:
    aws.answer("DescribeScalableTargets", {"ScalableTargets": []})
    assert aws.cloud().scaling("local", "app") is None


def test_no_policy_means_no_alarm_and_no_second_call(aws: Canned) -> None:
    aws.answer("DescribeScalingPolicies", {"ScalingPolicies": []})
    cloud = aws.cloud()
    assert cloud.idle_alarm("local", "app") is None
    assert cloud.calls == 1


@pytest.mark.parametrize(
    ("logging", "asked"),
    [
        (LOGGING, 1),
        ({}, 0),
        ({"logDriver": "awsfirelens", "options": {}}, 0),
        ({"logDriver": "awslogs", "options": {"awslogs-group": "x"}}, 0),
    ],
)
def test_the_last_lines_of_a_container(aws: Canned, logging: dict[str, Any], asked: int) -> None:
    aws.answer("GetLogEvents", {"events": [{"message": "one\n"}, {"message": "two"}]})
    container = {"name": "app", **({"logConfiguration": logging} if logging else {})}
    definition = model.TaskDefinition(b.OLD, "ACTIVE", {"containerDefinitions": [container]}, ())
    assert aws.cloud().log_tail(definition, "abc", "app") == ["one", "two"] * asked
    assert [body["logStreamName"] for body in aws.asked("GetLogEvents")] == ["app/app/abc"] * asked


def test_a_log_stream_that_is_not_there_yet_is_empty(aws: Canned) -> None:
    aws.fail("GetLogEvents", "ResourceNotFoundException", "The specified log stream does not exist.")
    container = {"name": "app", "logConfiguration": LOGGING}
    definition = model.TaskDefinition(b.OLD, "ACTIVE", {"containerDefinitions": [container]}, ())
    assert aws.cloud().log_tail(definition, "abc", "app") == []


def test_parameters(aws: Canned) -> None:
    row = {"Name": "/d/1", "Value": "v", "Version": 2, "LastModifiedDate": 1_700_000_000.0}
    aws.answer(
        "GetParametersByPath",
        {"Parameters": [row], "NextToken": "x"},
        {"Parameters": [{**row, "Name": "/d/2"}]},
    )
    aws.answer("GetParameter", {"Parameter": row})
    aws.answer("PutParameter", {"Version": 3})
    cloud = aws.cloud()
    assert [one.name for one in cloud.list_parameters("/d")] == ["/d/1", "/d/2"]
    stored = cloud.read_parameter("/d/1")
    assert stored
    assert (stored.value, stored.version, stored.age > 0) == ("v", 2, True)
    assert cloud.create_parameter("/d/3", "v")
    assert cloud.overwrite_parameter("/d/3", "w") == 3
    created, overwritten = aws.asked("PutParameter")
    assert (created["Overwrite"], overwritten["Overwrite"]) == (False, True)


def test_parameters_that_are_or_are_not_there(aws: Canned) -> None:
    aws.fail("GetParameter", "ParameterNotFound")
    aws.fail("PutParameter", "ParameterAlreadyExists")
    aws.fail("DeleteParameter", "ParameterNotFound")
    cloud = aws.cloud()
    assert cloud.read_parameter("/d/1") is None
    assert cloud.create_parameter("/d/1", "v") is False
    cloud.delete_parameter("/d/1")


@pytest.mark.parametrize(
    "repository",
    [
        "registry.example.com/app",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/app",
        "docker.io/library/nginx",
    ],
)
def test_a_registry_elsewhere_is_not_asked(aws: Canned, repository: str) -> None:
    with pytest.raises(Denied, match="so it was not asked"):
        aws.cloud().image(repository, "v1")
    assert aws.requests == []


def test_a_missing_repository_has_its_cure(aws: Canned) -> None:
    aws.fail("DescribeRepositories", "RepositoryNotFoundException")
    with pytest.raises(NotFound) as caught:
        aws.cloud().image("app", "v1")
    assert caught.value.what == "The registry has no repository 'app'."
    assert "inv infra.apply" in caught.value.cure
