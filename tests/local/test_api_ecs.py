"""ECS through boto3, which checks every answer's types: what each call promises beside the rollout itself."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine import (
    Aws,
    Place,
    balanced,
    create_service,
    described,
    publish_sample,
    register,
    wait_for,
)

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
IMAGE = "000000000000.dkr.ecr.eu-west-3.amazonaws.com/none:here"


@pytest.fixture
def place(aws: Aws, name: str) -> Place:
    return balanced(aws, name)


@pytest.fixture
def family(aws: Aws, cluster: str) -> str:
    register(aws, cluster, IMAGE)
    return cluster


def _service(aws: Aws, cluster: str, **more: Any) -> dict[str, Any]:
    wanted = {
        "serviceName": "app",
        "taskDefinition": cluster,
        "desiredCount": 0,
        "networkConfiguration": NETWORK,
    }
    created: dict[str, Any] = aws("ecs").create_service(cluster=cluster, **(wanted | more))["service"]
    return created


def _code(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def _clusters(aws: Aws) -> list[str]:
    pages = aws("ecs").get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 10})
    return [arn for page in pages for arn in page["clusterArns"]]


def test_clusters_come_and_go(aws: Aws, name: str) -> None:
    ecs = aws("ecs")
    settings = [{"name": "containerInsights", "value": "enhanced"}]
    created = ecs.create_cluster(clusterName=name, settings=settings, tags=[{"key": "a", "value": "b"}])[
        "cluster"
    ]
    again = ecs.create_cluster(clusterName=name)["cluster"]
    assert created == again
    found = ecs.describe_clusters(clusters=[name, "none"], include=["SETTINGS", "TAGS"])
    assert found["clusters"][0]["settings"] == settings
    assert [failure["reason"] for failure in found["failures"]] == ["MISSING"]
    assert created["clusterArn"] in _clusters(aws)
    assert ecs.delete_cluster(cluster=name)["cluster"]["status"] == "INACTIVE"
    assert created["clusterArn"] not in _clusters(aws)
    assert _code(ecs.list_services, cluster=name) == "ClusterNotFoundException"


def test_a_revision_gets_the_defaults_of_ecs(aws: Aws, name: str) -> None:
    check = {"command": ["CMD", "true"]}
    arn = register(aws, name, IMAGE, healthCheck=check)
    found = aws("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
    assert (found["taskDefinitionArn"], found["revision"], found["status"]) == (arn, 1, "ACTIVE")
    assert found["compatibilities"] == ["EC2", "FARGATE"]
    container = found["containerDefinitions"][0]
    assert container["portMappings"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "tcp"}]
    assert container["healthCheck"] == check | {"interval": 30, "timeout": 5, "retries": 3}
    assert (container["essential"], container["cpu"], container["environment"]) == (True, 0, [])


def test_a_described_revision_registers_again(aws: Aws, name: str) -> None:
    register(aws, name, IMAGE)
    found = aws("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"]
    known = aws("ecs").meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    again = aws("ecs").register_task_definition(**{key: found[key] for key in found if key in known})
    assert again["taskDefinition"]["revision"] == 2
    assert again["taskDefinition"]["containerDefinitions"] == found["containerDefinitions"]


def test_revisions_are_listed_and_deregistered(aws: Aws, name: str) -> None:
    ecs, arns = aws("ecs"), [register(aws, name, IMAGE) for _ in range(3)]
    listed = ecs.list_task_definitions(familyPrefix=name, sort="DESC", maxResults=2)
    rest = ecs.list_task_definitions(
        familyPrefix=name, sort="DESC", maxResults=2, nextToken=listed["nextToken"]
    )
    assert listed["taskDefinitionArns"] + rest["taskDefinitionArns"] == arns[::-1]
    assert ecs.deregister_task_definition(taskDefinition=arns[2])["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["revision"] == 2
    assert ecs.describe_task_definition(taskDefinition=arns[2])["taskDefinition"]["status"] == "INACTIVE"
    assert register(aws, name, IMAGE).endswith(":4")
    assert ecs.list_task_definition_families(familyPrefix=name)["families"] == [name]


def test_tags_are_kept_apart_from_the_rest(aws: Aws, family: str) -> None:
    ecs, tags = aws("ecs"), [{"key": "team", "value": "web"}]
    arn = _service(aws, family, tags=tags)["serviceArn"]
    assert "tags" not in ecs.describe_services(cluster=family, services=["app"])["services"][0]
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "dev"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
    expected = [{"key": "stage", "value": "dev"}]
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == expected
    shown = ecs.describe_services(cluster=family, services=["app"], include=["TAGS"])["services"][0]
    assert shown["tags"] == expected


def test_a_new_service_shows_the_defaults_of_ecs(aws: Aws, family: str) -> None:
    service = _service(aws, family, launchType="FARGATE")
    assert service["deploymentConfiguration"] == {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "alarms": {"alarmNames": [], "rollback": False, "enable": False},
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    assert (service["launchType"], service["platformVersion"], service["platformFamily"]) == (
        "FARGATE",
        "LATEST",
        "Linux",
    )
    assert (service["schedulingStrategy"], service["deploymentController"]) == ("REPLICA", {"type": "ECS"})


def test_only_what_rolls_makes_a_deployment(aws: Aws, family: str) -> None:
    _service(aws, family)
    ecs, second = aws("ecs"), register(aws, family, IMAGE)

    def deployment(**params: Any) -> str:
        answer = ecs.update_service(cluster=family, service="app", **params)
        return str(answer["service"]["deployments"][0]["id"])

    first = deployment()
    for quiet in (
        {"desiredCount": 0},
        {"taskDefinition": f"{family}:1"},
        {"healthCheckGracePeriodSeconds": 5},
        {"networkConfiguration": NETWORK},
        {"deploymentConfiguration": {"minimumHealthyPercent": 0}},
        {"enableExecuteCommand": True},
    ):
        assert deployment(**quiet) == first, quiet
    seen = [first]
    for loud in (
        {"taskDefinition": second},
        {"forceNewDeployment": True},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}},
        {"platformVersion": "1.4.0"},
    ):
        seen.append(deployment(**loud))
        assert seen.count(seen[-1]) == 1, loud


def test_the_answer_to_an_update_is_at_nought_of_nought(aws: Aws, family: str) -> None:
    _service(aws, family)
    answer = aws("ecs").update_service(cluster=family, service="app", desiredCount=1, forceNewDeployment=True)
    primary = answer["service"]["deployments"][0]
    assert (primary["status"], primary["rolloutState"]) == ("PRIMARY", "IN_PROGRESS")
    assert [primary[key] for key in ("desiredCount", "runningCount", "pendingCount", "failedTasks")] == [
        0
    ] * 4
    assert answer["service"]["desiredCount"] == 1


def test_a_partial_configuration_keeps_the_members_left_out(aws: Aws, family: str) -> None:
    breaker = {"enable": True, "rollback": True, "resetOnHealthyTask": False}
    _service(
        aws, family, deploymentConfiguration={"maximumPercent": 150, "deploymentCircuitBreaker": breaker}
    )

    def update(given: dict[str, Any]) -> dict[str, Any]:
        answer = aws("ecs").update_service(cluster=family, service="app", deploymentConfiguration=given)
        configuration: dict[str, Any] = answer["service"]["deploymentConfiguration"]
        return configuration

    live = update({"minimumHealthyPercent": 0})
    assert (live["minimumHealthyPercent"], live["maximumPercent"]) == (0, 150)
    assert live["deploymentCircuitBreaker"] == breaker
    given = {"enable": True, "rollback": False}
    assert update({"deploymentCircuitBreaker": given})["deploymentCircuitBreaker"] == given


def test_deployments_and_revisions_carry_one_number(aws: Aws, family: str) -> None:
    _service(aws, family)
    ecs = aws("ecs")
    service = ecs.describe_services(cluster=family, services=["app"])["services"][0]
    number = service["deployments"][0]["id"].removeprefix("ecs-svc/")
    listed = ecs.list_service_deployments(cluster=family, service="app")["serviceDeployments"]
    assert [one["targetServiceRevisionArn"].rsplit("/")[-1] for one in listed] == [number]
    assert service["currentServiceDeployment"] == listed[0]["serviceDeploymentArn"]
    revision = service["currentServiceRevisions"][0]["arn"]
    found = ecs.describe_service_revisions(serviceRevisionArns=[revision, revision + "0"])
    assert found["serviceRevisions"][0]["taskDefinition"] == service["taskDefinition"]
    assert [failure["reason"] for failure in found["failures"]] == ["MISSING"]
    wait_for(
        lambda: (
            ecs.describe_service_deployments(serviceDeploymentArns=[listed[0]["serviceDeploymentArn"]])[
                "serviceDeployments"
            ][0]["status"]
            == "SUCCESSFUL"
        ),
        "the end of a deployment at 0",
    )


def test_service_deployments_are_listed_newest_first_in_pages(aws: Aws, family: str) -> None:
    _service(aws, family)
    ecs = aws("ecs")
    for _ in range(3):
        ecs.update_service(cluster=family, service="app", forceNewDeployment=True)
    every = ecs.list_service_deployments(cluster=family, service="app")["serviceDeployments"]
    assert len(every) == 4
    assert every == sorted(every, key=lambda one: one["createdAt"], reverse=True)
    first = ecs.list_service_deployments(cluster=family, service="app", maxResults=3)
    rest = ecs.list_service_deployments(
        cluster=family, service="app", maxResults=3, nextToken=first["nextToken"]
    )
    arns = [one["serviceDeploymentArn"] for one in first["serviceDeployments"] + rest["serviceDeployments"]]
    assert arns == [one["serviceDeploymentArn"] for one in every]
    after = ecs.list_service_deployments(
        cluster=family, service="app", createdAt={"after": every[1]["createdAt"]}
    )["serviceDeployments"]
    assert every[3]["serviceDeploymentArn"] not in [one["serviceDeploymentArn"] for one in after]
    wait_for(
        lambda: (
            len(
                ecs.list_service_deployments(cluster=family, service="app", status=["SUCCESSFUL"])[
                    "serviceDeployments"
                ]
            )
            == 4
        ),
        "four deployments at 0",
    )
    stopped = ecs.list_service_deployments(cluster=family, service="app", status=["STOPPED"])
    assert stopped["serviceDeployments"] == []


def test_a_deleted_service_is_inactive_and_its_name_is_free(aws: Aws, family: str) -> None:
    ecs = aws("ecs")
    _service(aws, family, desiredCount=1)
    assert _code(ecs.delete_service, cluster=family, service="app") == "InvalidParameterException"
    assert ecs.delete_service(cluster=family, service="app", force=True)["service"]["status"] == "DRAINING"
    wait_for(
        lambda: (
            ecs.describe_services(cluster=family, services=["app"])["services"][0]["status"] == "INACTIVE"
        ),
        "the end of the service",
    )
    assert ecs.list_services(cluster=family)["serviceArns"] == []
    code = _code(ecs.update_service, cluster=family, service="app", desiredCount=1)
    assert code == "ServiceNotActiveException"
    assert _service(aws, family)["status"] == "ACTIVE"
    assert len(ecs.list_services(cluster=family)["serviceArns"]) == 1


def test_the_same_token_creates_once(aws: Aws, family: str) -> None:
    first = _service(aws, family, clientToken="a")
    assert _service(aws, family, clientToken="a")["createdAt"] == first["createdAt"]
    with pytest.raises(ClientError, match="not idempotent"):
        _service(aws, family, clientToken="b")


def test_services_are_listed_in_pages(aws: Aws, family: str) -> None:
    for number in range(12):
        _service(aws, family, serviceName=f"app-{number}")
    pages = list(aws("ecs").get_paginator("list_services").paginate(cluster=family))
    assert [len(page["serviceArns"]) for page in pages] == [10, 2]


def test_tasks_are_listed_by_every_filter(aws: Aws, family: str) -> None:
    ecs = aws("ecs")
    task = ecs.run_task(
        cluster=family,
        taskDefinition=family,
        networkConfiguration=NETWORK,
        startedBy="me",
        launchType="FARGATE",
    )["tasks"][0]
    arn = task["taskArn"]
    assert (task["group"], task["desiredStatus"]) == (f"family:{family}", "RUNNING")
    _service(aws, family, desiredCount=0)
    stopped: dict[str, Any] = {"desiredStatus": "STOPPED"}
    wait_for(
        lambda: arn in ecs.list_tasks(cluster=family, **stopped)["taskArns"], "the task without an image"
    )
    assert ecs.list_tasks(cluster=family, family=family, **stopped)["taskArns"] == [arn]
    assert ecs.list_tasks(cluster=family, family="other", **stopped)["taskArns"] == []
    assert ecs.list_tasks(cluster=family, launchType="FARGATE", **stopped)["taskArns"] == [arn]
    assert ecs.list_tasks(cluster=family, serviceName="app", **stopped)["taskArns"] == []
    assert ecs.list_tasks(cluster=family, startedBy="me")["taskArns"] == []  # RUNNING is the default
    assert _code(ecs.list_tasks, cluster=family, startedBy="me", **stopped) == "InvalidParameterException"
    told = ecs.describe_tasks(cluster=family, tasks=[arn, "0" * 32])
    assert told["tasks"][0]["stopCode"] == "TaskFailedToStart"
    assert told["tasks"][0]["stoppedReason"].startswith("CannotPullContainerError")
    assert [failure["reason"] for failure in told["failures"]] == ["MISSING"]


def test_a_task_is_stopped_by_its_user(aws: Aws, family: str) -> None:
    ecs = aws("ecs")
    register(aws, family, publish_sample(aws, family, "demo"))  # one that does not end by itself
    task = ecs.run_task(cluster=family, taskDefinition=family, networkConfiguration=NETWORK)["tasks"][0][
        "taskArn"
    ]
    stopped = ecs.stop_task(cluster=family, task=task, reason="enough")["task"]
    assert (stopped["desiredStatus"], stopped["stopCode"], stopped["stoppedReason"]) == (
        "STOPPED",
        "UserInitiated",
        "enough",
    )


def test_a_service_behind_a_balancer_is_shown_whole(aws: Aws, place: Place) -> None:
    register(aws, place.service, IMAGE)
    create_service(aws, place, place.service, desired=0, healthCheckGracePeriodSeconds=7)
    service = described(aws, place)
    assert service["loadBalancers"] == [
        {"targetGroupArn": place.target_group, "containerName": "app", "containerPort": 8080}
    ]
    assert service["healthCheckGracePeriodSeconds"] == 7
    assert "roleArn" in service
