"""The whole engine: a service behind its load balancer is rolled, woken, broken and rolled back, over the API."""

from __future__ import annotations

import http.client
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ecs_local import client, enginefile

from tests.engine import (
    Aws,
    Place,
    balanced,
    create_service,
    described,
    publish_sample,
    register,
    running_engine,
    wait_for,
)


@pytest.fixture
def place(aws: Aws, name: str) -> Place:
    """A place whose repository holds the three samples, each with a revision: 1 demo, 2 demo-2, 3 broken."""
    found = balanced(aws, name)
    image = publish_sample(aws, name, "demo", "demo-2", "demo-broken").rpartition(":")[0]
    for tag in ("demo", "demo-2", "demo-broken"):
        register(aws, name, f"{image}:{tag}")
    return found


def _url(aws: Aws, place: Place) -> str:
    def found() -> Any:
        services = client.status(aws.engine)["services"]
        return next((one["url"] for one in services if one["service"] == place.service), None)

    return str(wait_for(found, "the service's url"))


def _get(url: str) -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def _completed(aws: Aws, place: Place) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        service = described(aws, place)
        only = service["deployments"]
        return service if len(only) == 1 and only[0]["rolloutState"] == "COMPLETED" else None

    service: dict[str, Any] = wait_for(done, "the end of the rollout", 60)
    return service


def _verdict(aws: Aws, service: dict[str, Any]) -> dict[str, Any]:
    answer = aws("ecs").describe_service_deployments(
        serviceDeploymentArns=[service["currentServiceDeployment"]]
    )
    found: dict[str, Any] = answer["serviceDeployments"][0]
    return found


def _update(aws: Aws, place: Place, **params: Any) -> str:
    answer = aws("ecs").update_service(cluster=place.cluster, service=place.service, **params)
    return str(answer["service"]["deployments"][0]["id"])


def test_a_service_is_created_and_rolled_behind_its_balancer(aws: Aws, place: Place) -> None:
    create_service(aws, place, f"{place.service}:1")
    assert _completed(aws, place)["runningCount"] == 1
    status, body = _get(_url(aws, place))
    assert (status, "demo" in body, "demo-2" in body) == (200, True, False)

    ours = _update(aws, place, taskDefinition=f"{place.service}:2")
    service = _completed(aws, place)
    assert service["deployments"][0]["id"] == ours
    assert _verdict(aws, service)["status"] == "SUCCESSFUL"
    assert "demo-2" in _get(_url(aws, place))[1]
    messages = [event["message"] for event in service["events"]]
    assert messages[0].endswith("has reached a steady state.")
    assert messages[1].endswith(f"(deployment {ours}) deployment completed.")


def test_tasks_and_revision_carry_the_digest_of_the_registry(aws: Aws, place: Place) -> None:
    create_service(aws, place, f"{place.service}:1")
    service = _completed(aws, place)
    found = aws("ecr").describe_images(repositoryName=place.service, imageIds=[{"imageTag": "demo"}])
    digest = found["imageDetails"][0]["imageDigest"]
    arns = aws("ecs").list_tasks(cluster=place.cluster, serviceName=place.service)["taskArns"]
    task = aws("ecs").describe_tasks(cluster=place.cluster, tasks=arns)["tasks"][0]
    assert [one["imageDigest"] for one in task["containers"]] == [digest]
    revision = aws("ecs").describe_service_revisions(
        serviceRevisionArns=[service["currentServiceRevisions"][0]["arn"]]
    )["serviceRevisions"][0]
    assert [one["imageDigest"] for one in revision["containerImages"]] == [digest]
    assert task["startedBy"] == service["deployments"][0]["id"]


def test_a_sleeping_service_answers_503_and_is_woken_by_one_update(aws: Aws, place: Place) -> None:
    create_service(aws, place, f"{place.service}:1", desired=0)
    _completed(aws, place)
    url = _url(aws, place)
    assert _get(url)[0] == 503
    _update(aws, place, taskDefinition=f"{place.service}:2", desiredCount=1)
    assert _completed(aws, place)["runningCount"] == 1
    status, body = _get(url)
    assert (status, "demo-2" in body) == (200, True)
    _update(aws, place, desiredCount=0)
    wait_for(lambda: _get(url)[0] == 503, "the sleep", 60)


def test_a_broken_revision_is_rolled_back_by_the_breaker(aws: Aws, place: Place) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    create_service(aws, place, f"{place.service}:1", deploymentConfiguration=breaker)
    before = _completed(aws, place)["deployments"][0]["id"]
    ours = _update(aws, place, taskDefinition=f"{place.service}:3")
    assert ours != before
    wait_for(lambda: described(aws, place)["deployments"][0]["id"] == before, "the rollback", 60)
    service = _completed(aws, place)
    assert service["taskDefinition"].endswith(f"{place.service}:1")
    deployments = aws("ecs").list_service_deployments(cluster=place.cluster, service=place.service)
    newest = deployments["serviceDeployments"][0]
    assert (newest["status"], newest["targetServiceRevisionArn"].rpartition("/")[2]) == (
        "ROLLBACK_SUCCESSFUL",
        ours.removeprefix("ecs-svc/"),
    )
    stopped = aws("ecs").list_tasks(cluster=place.cluster, serviceName=place.service, desiredStatus="STOPPED")
    told = aws("ecs").describe_tasks(cluster=place.cluster, tasks=stopped["taskArns"])["tasks"]
    assert {task["stopCode"] for task in told if task["startedBy"] == ours} == {"EssentialContainerExited"}
    assert "demo-2" not in _get(_url(aws, place))[1]


def test_a_rollout_is_stopped_by_its_caller(aws: Aws, place: Place) -> None:
    create_service(aws, place, f"{place.service}:1")
    before = _completed(aws, place)["deployments"][0]["id"]
    ours = _update(aws, place, taskDefinition=f"{place.service}:3").removeprefix("ecs-svc/")
    listed = aws("ecs").list_service_deployments(cluster=place.cluster, service=place.service)
    mine = next(one for one in listed["serviceDeployments"] if one["targetServiceRevisionArn"].endswith(ours))
    aws("ecs").stop_service_deployment(serviceDeploymentArn=mine["serviceDeploymentArn"], stopType="ROLLBACK")
    assert _completed(aws, place)["deployments"][0]["id"] == before
    with pytest.raises(aws("ecs").exceptions.ConflictException):
        aws("ecs").stop_service_deployment(serviceDeploymentArn=mine["serviceDeploymentArn"])


def _processes(home: Path) -> set[int]:
    """The processes that work below a home."""
    found = set()
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                inside = (each / "cwd").readlink().is_relative_to(home)
            except OSError:
                continue
            if inside:
                found.add(int(each.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_task_outlives_its_engine(tmp_path: Path, number: signal.Signals) -> None:
    with running_engine(tmp_path) as engine:
        aws = Aws(engine)
        place = balanced(aws, "shop")
        create_service(aws, place, register(aws, "shop", publish_sample(aws, "shop", "demo")))
        _completed(aws, place)
        aws.close()
        assert _processes(tmp_path)
        os.kill(engine.pid, number)
        wait_for(lambda: not enginefile.alive(tmp_path), "the end of the engine")
        wait_for(lambda: not _processes(tmp_path), "the end of its tasks")
