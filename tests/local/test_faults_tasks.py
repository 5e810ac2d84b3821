"""Faults of tasks on a running engine: what an operator sees, in the words of ECS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ecs_local import client
from ecs_local.client import Engine

from tests.engine import Aws, Place, balanced, create_service, described, publish_sample, register, wait_for

Plant = Callable[..., dict[str, Any]]


@pytest.fixture
def plant(engine: Engine) -> Iterator[Plant]:
    """Plants faults that are gone after the test."""
    yield lambda kind, **options: client.fault(engine, kind, **options)
    client.clear_faults(engine)


@pytest.fixture(scope="module")
def image(aws: Aws) -> str:
    """The sample, published once."""
    return publish_sample(aws, "faulty", "demo")


@pytest.fixture
def serve(aws: Aws, cluster: str, name: str, image: str) -> Iterator[Callable[..., None]]:
    """Creates a service without a load balancer, called as the test; it is deleted after the test."""

    def create(desired: int = 1, **container: Any) -> None:
        network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
        aws("ecs").create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=register(aws, name, image, **container),
            desiredCount=desired,
            launchType="FARGATE",
            networkConfiguration=network,
        )

    yield create
    aws("ecs").delete_service(cluster=cluster, service=name, force=True)


def _stopped(aws: Aws, cluster: str) -> dict[str, Any]:
    """The first task of the cluster that was stopped, once there is one."""

    def look() -> list[str]:
        found: list[str] = aws("ecs").list_tasks(cluster=cluster, desiredStatus="STOPPED")["taskArns"]
        return found

    arns = wait_for(look, "a stopped task")
    task: dict[str, Any] = aws("ecs").describe_tasks(cluster=cluster, tasks=arns)["tasks"][0]
    return task


def _events(aws: Aws, cluster: str, name: str) -> str:
    service = aws("ecs").describe_services(cluster=cluster, services=[name])["services"][0]
    return "\n".join(event["message"] for event in service["events"])


@pytest.mark.parametrize(
    ("kind", "reason", "event"),
    [
        ("unpullable-image", "CannotPullContainerError: pull image manifest", None),
        (
            "missing-secret",
            "ResourceInitializationError: unable to pull secrets or registry auth",
            "was unable to place a task. Reason: ResourceInitializationError",
        ),
        (
            "no-capacity",
            "Capacity is unavailable at this time.",
            "was unable to place a task. Reason: Capacity is unavailable at this time. Please try again later",
        ),
    ],
)
def test_what_keeps_a_task_from_starting(
    aws: Aws,
    cluster: str,
    name: str,
    plant: Plant,
    serve: Callable[..., None],
    kind: str,
    reason: str,
    event: str | None,
) -> None:
    plant(kind, service=name, count=1)
    serve()
    task = _stopped(aws, cluster)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(reason)
    assert event is None or event in _events(aws, cluster, name)
    _running(aws, cluster, name, 1)  # the count is used up


def _running(aws: Aws, cluster: str, name: str, count: int) -> None:
    def look() -> bool:
        service = aws("ecs").describe_services(cluster=cluster, services=[name])["services"][0]
        return bool(service["runningCount"] == count)

    wait_for(look, f"{count} running")


@pytest.mark.parametrize(
    ("kind", "options", "code", "reason"),
    [
        ("crash-at-start", {}, 1, None),
        ("crash-after", {"seconds": 0.2}, 137, None),
        ("out-of-memory", {"seconds": 0.2}, 137, "OutOfMemoryError: Container killed due to memory usage"),
    ],
)
def test_a_container_that_crashes(
    aws: Aws,
    cluster: str,
    name: str,
    plant: Plant,
    serve: Callable[..., None],
    kind: str,
    options: dict[str, float],
    code: int,
    reason: str | None,
) -> None:
    plant(kind, service=name, count=1, **options)
    serve()
    stopped = _stopped(aws, cluster)
    wait_for(lambda: "exitCode" in _stopped(aws, cluster)["containers"][0], "an exit code")
    assert stopped["stopCode"] == "EssentialContainerExited"
    container = _stopped(aws, cluster)["containers"][0]
    assert (container["exitCode"], container.get("reason")) == (code, reason)
    _running(aws, cluster, name, 1)


def test_throttled_starts_are_told_once_and_tried_again(
    aws: Aws, cluster: str, name: str, plant: Plant, serve: Callable[..., None]
) -> None:
    plant("start-throttling", service=name, count=2)
    serve()
    _running(aws, cluster, name, 1)
    assert _events(aws, cluster, name).count("operations are being throttled. Will try again later.") == 1


def test_containers_that_fail_their_own_check_are_replaced(
    aws: Aws, cluster: str, name: str, plant: Plant, serve: Callable[..., None]
) -> None:
    plant("failing-health", service=name, count=1)
    serve(healthCheck={"command": ["CMD", "true"], "interval": 5, "retries": 1})
    assert _stopped(aws, cluster)["stoppedReason"] == "Task failed container health checks"
    assert "failed container health checks." in _events(aws, cluster, name)


@pytest.fixture
def place(aws: Aws, name: str, image: str) -> Iterator[Place]:
    """A service behind a load balancer, at 0."""
    made = balanced(aws, name)
    create_service(aws, made, register(aws, name, image), desired=0)
    yield made
    aws("ecs").delete_service(cluster=made.cluster, service=made.service, force=True)


def _wake(aws: Aws, place: Place, **more: Any) -> None:
    aws("ecs").update_service(cluster=place.cluster, service=place.service, desiredCount=1, **more)


def _health(aws: Aws, place: Place) -> list[dict[str, Any]]:
    answer = aws("elbv2").describe_target_health(TargetGroupArn=place.target_group)
    return [one["TargetHealth"] for one in answer["TargetHealthDescriptions"]]


def test_a_slow_target_becomes_healthy_late(aws: Aws, place: Place, plant: Plant) -> None:
    plant("slow-health", service=place.service, seconds=1.0)
    _wake(aws, place, healthCheckGracePeriodSeconds=600)  # without it, slow is as bad as broken
    slow = wait_for(lambda: [h for h in _health(aws, place) if h["State"] != "healthy"], "a target")
    assert slow[0]["State"] in ("initial", "unhealthy")
    wait_for(lambda: any(h["State"] == "healthy" for h in _health(aws, place)), "health")


def test_a_failing_target_is_named_in_an_event_and_replaced(aws: Aws, place: Place, plant: Plant) -> None:
    plant("failing-health", service=place.service, count=1)
    _wake(aws, place)
    task = _stopped(aws, place.cluster)
    assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {place.target_group})"
    told = _events(aws, place.cluster, place.service)
    assert "due to (reason Health checks failed with these codes: [503])." in told
    _running(aws, place.cluster, place.service, 1)


def test_an_external_scaler_puts_it_to_sleep_again_and_again(aws: Aws, place: Place, plant: Plant) -> None:
    plant("scaler-to-zero", service=place.service, seconds=0.1)
    for _ in range(2):
        _wake(aws, place)
        wait_for(lambda: described(aws, place)["desiredCount"] == 0, "sleep")
    client.clear_faults(aws.engine)
    _wake(aws, place)
    _running(aws, place.cluster, place.service, 1)
    assert described(aws, place)["desiredCount"] == 1


def test_a_scaler_that_strikes_once_is_done(aws: Aws, place: Place, plant: Plant) -> None:
    plant("scaler-to-zero", service=place.service, seconds=0.1, count=1)
    _wake(aws, place)
    wait_for(lambda: described(aws, place)["desiredCount"] == 0, "sleep")
    _wake(aws, place)
    _running(aws, place.cluster, place.service, 1)


def test_a_missing_log_group_keeps_a_task_from_starting(
    aws: Aws, cluster: str, name: str, serve: Callable[..., None]
) -> None:
    options = {
        "awslogs-group": f"/{name}",
        "awslogs-region": "eu-west-3",
        "awslogs-stream-prefix": name,
    }
    serve(logConfiguration={"logDriver": "awslogs", "options": options})
    task = _stopped(aws, cluster)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: failed to validate logger args")
    assert "The specified log group does not exist" in task["stoppedReason"]
    aws("logs").create_log_group(logGroupName=f"/{name}")
    _running(aws, cluster, name, 1)
    streams = aws("logs").describe_log_streams(logGroupName=f"/{name}")["logStreams"]
    assert [one["logStreamName"].split("/")[:2] for one in streams] == [[name, "app"]]
