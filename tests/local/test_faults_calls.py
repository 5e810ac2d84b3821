"""Faults of the API as an unmodified boto3 meets them, on a running engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError
from ecs_local import client
from ecs_local.client import Engine
from ecs_local.errors import EngineError

from tests.engine import Aws, register, running_engine, wait_for

IMAGE = "000000000000.dkr.ecr.eu-west-3.amazonaws.com/none:1"

Plant = Callable[..., dict[str, Any]]


@pytest.fixture
def plant(engine: Engine) -> Iterator[Plant]:
    """Plants faults that are gone after the test."""
    yield lambda kind, **options: client.fault(engine, kind, **options)
    client.clear_faults(engine)


def _refusal(call: Callable[[], Any]) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_throttled_calls_are_refused_as_by_aws(aws: Aws, cluster: str, plant: Plant) -> None:
    plant("throttling", operation="ListServices", count=2)
    refused = ("ThrottlingException", "Rate exceeded", 400)
    assert _refusal(lambda: aws("ecs").list_services(cluster=cluster)) == refused
    assert aws("ecs").describe_clusters(clusters=[cluster])["clusters"]
    assert _refusal(lambda: aws("ecs").list_services(cluster=cluster)) == refused
    assert aws("ecs").list_services(cluster=cluster)["serviceArns"] == []


def test_query_services_have_their_own_name_for_it(aws: Aws, plant: Plant) -> None:
    plant("throttling", operation="DescribeTargetHealth")
    health = aws("elbv2").describe_target_health
    assert _refusal(lambda: health(TargetGroupArn="any"))[0] == "Throttling"


def test_a_fault_for_one_service_spares_the_others(aws: Aws, cluster: str, name: str, plant: Plant) -> None:
    task_definition = register(aws, name, IMAGE)
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    for service in ("one", "two"):
        aws("ecs").create_service(
            cluster=cluster,
            serviceName=service,
            taskDefinition=task_definition,
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration=network,
        )
    plant("server-error", service="one")
    assert aws("ecs").describe_services(cluster=cluster, services=["two"])["services"]
    for call in (
        lambda: aws("ecs").describe_services(cluster=cluster, services=["two", "one"]),
        lambda: aws("ecs").update_service(cluster=cluster, service="one", desiredCount=1),
    ):
        assert _refusal(call) == ("ServerException", "Service Unavailable. Please try again later.", 500)


def test_a_call_dropped_before_has_no_effect_and_one_dropped_after_has_it(aws: Aws, plant: Plant) -> None:
    ssm = aws("ssm")
    for kind, there in (("drop-before", False), ("drop-after", True)):
        plant(kind, operation="PutParameter", count=1)
        with pytest.raises(ConnectionClosedError):
            ssm.put_parameter(Name=f"/faults/{kind}", Value="x", Type="String")
        found = ssm.get_parameters(Names=[f"/faults/{kind}"])["Parameters"]
        assert bool(found) is there


def test_a_slow_answer_comes_after_the_client_has_given_up_or_waited(aws: Aws, plant: Plant) -> None:
    told = plant("slow-answers", operation="ListClusters", seconds=0.05, count=1)
    assert told == {
        "kind": "slow-answers",
        "operation": "ListClusters",
        "seconds": 0.05,
        "left": 1,
        "struck": 0,
    }
    assert "clusterArns" in aws("ecs").list_clusters()
    assert client.status(aws.engine)["faults"][0]["struck"] == 1


def test_a_slow_answer_comes_at_once_where_the_fault_is_taken_away(aws: Aws, plant: Plant) -> None:
    plant("slow-answers", operation="ListClusters", seconds=600.0)
    ecs = aws("ecs")
    with ThreadPoolExecutor(1) as aside:
        waiting = aside.submit(ecs.list_clusters)
        wait_for(lambda: client.status(aws.engine)["faults"][0]["struck"], "the call")
        assert not waiting.done()
        client.clear_faults(aws.engine)
        assert "clusterArns" in waiting.result(60)


def test_reads_lag_behind_writes_and_catch_up(aws: Aws, name: str, plant: Plant) -> None:
    ecs = aws("ecs")
    plant("stale-reads", seconds=2.0)
    ecs.create_cluster(clusterName=name)
    assert ecs.describe_clusters(clusters=[name])["failures"][0]["reason"] == "MISSING"
    assert ecs.create_cluster(clusterName=name)["cluster"]["status"] == "ACTIVE"  # a write sees what is
    wait_for(lambda: ecs.describe_clusters(clusters=[name])["clusters"], "a read that has caught up")


def test_parameters_are_read_as_they_are_unless_asked(aws: Aws, plant: Plant) -> None:
    ssm = aws("ssm")
    ssm.put_parameter(Name="/stale/a", Value="1", Type="String")
    plant("stale-reads", seconds=60.0)
    ssm.put_parameter(Name="/stale/a", Value="2", Type="String", Overwrite=True)
    assert ssm.get_parameter(Name="/stale/a")["Parameter"]["Value"] == "2"
    plant("stale-reads", seconds=60.0, operation="GetParameter")
    assert ssm.get_parameter(Name="/stale/a")["Parameter"]["Value"] == "1"


def test_the_published_limits_can_be_put_in_force(aws: Aws, name: str, plant: Plant) -> None:
    plant("published-limits")
    codes = []
    for _ in range(60):  # a second refills one: the burst of 20 is gone long before
        try:
            register(aws, name, IMAGE)
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert codes
    assert set(codes) == {"ThrottlingException"}


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("crash", {}, "Known: crash-at-start"),
        ("throttling", {"operation": "UpdateServices"}, "Did you mean UpdateService"),
        ("throttling", {"count": "many"}, "not usable as the count"),
        ("throttling", {"count": True}, "not usable as the count"),
        (7, {}, "not usable as the kind"),
    ],
)
def test_what_cannot_be_planted_is_refused(plant: Plant, kind: Any, options: Any, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        plant(kind, **options)


def test_clearing_says_how_many_there_were_and_reset_is_not_needed(engine: Engine, plant: Plant) -> None:
    plant("throttling", count=3)
    plant("drop-after", operation="UpdateService")
    assert client.clear_faults(engine) == 2
    assert client.status(engine)["faults"] == []


def test_under_fargate_the_published_limits_are_in_force(tmp_path: Path) -> None:
    with running_engine(tmp_path, profile="fargate") as engine:
        aws, codes = Aws(engine), []
        for number in range(60):
            try:
                aws("ecs").register_task_definition(
                    family="limits", containerDefinitions=[{"name": "app", "image": IMAGE}]
                )
                codes.append(f"accepted {number}")
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])
        aws.close()
    assert codes[:20] == [f"accepted {number}" for number in range(20)]
    assert "ThrottlingException" in codes


@pytest.mark.parametrize(
    ("service", "operation", "code", "action"),
    [
        ("ecs", "ListClusters", "AccessDeniedException", "ecs:ListClusters"),
        ("elbv2", "DescribeLoadBalancers", "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers"),
        ("sts", "GetCallerIdentity", "AccessDenied", "sts:GetCallerIdentity"),
        ("logs", "DescribeLogGroups", "AccessDeniedException", "logs:DescribeLogGroups"),
    ],
)
def test_a_missing_permission_is_named_as_iam_names_it(
    aws: Aws, plant: Plant, service: str, operation: str, code: str, action: str
) -> None:
    plant("access-denied", operation=operation, count=1)
    call = getattr(aws(service), xform_name(operation))
    told = _refusal(call)
    assert told[0] == code
    assert f"is not authorized to perform: {action} " in told[1]
    call()


def test_credentials_run_out(aws: Aws, plant: Plant) -> None:
    plant("expired-credentials", count=2)
    assert _refusal(aws("ecs").list_clusters)[0] == "ExpiredTokenException"
    assert _refusal(aws("sts").get_caller_identity)[0] == "ExpiredToken"


def test_only_registrations_meet_each_other(aws: Aws, name: str, plant: Plant) -> None:
    plant("too-many-revisions", count=1)
    assert "clusterArns" in aws("ecs").list_clusters()
    code, text, _ = _refusal(lambda: register(aws, name, IMAGE))
    assert (code, text.startswith("Too many concurrent attempts")) == ("ClientException", True)
    assert register(aws, name, IMAGE)
