"""Performance events of Container Insights: fields as documented, metrics by mode, true numbers."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local.insights import Event, Reading, mode, of_services, of_tasks, reserved

from tests.local.worlds import Stage

READING = Reading(cpu=64.0, memory=48.5, received=1000.4, sent=9000.6)


def _stage(insights: str = "enhanced", **container: Any) -> Stage:
    """One task of 256 units and 512 MiB, healthy, in a cluster with that setting."""
    stage = Stage(checked=True)
    stage.world.clusters["main"].settings = [{"name": "containerInsights", "value": insights}]
    stage.up()
    content = stage.world.task_definitions[stage.tasks[0].task_definition].content
    content |= {"cpu": "256", "memory": "512"}
    content["containerDefinitions"][0] |= container
    return stage


def _events(stage: Stage, reading: Reading = READING) -> dict[str, Event]:
    cluster, task = stage.world.clusters["main"], stage.tasks[0]
    found = [*of_tasks(stage.world, cluster, {(task.arn, "app"): reading}, 100.0)]
    return {one.fields["Type"]: one for one in [*found, *of_services(stage.world, cluster, 100.0)]}


def test_a_container_event_has_the_fields_that_were_recorded_on_fargate() -> None:
    stage = _stage()
    fields = _events(stage)["Container"].message
    assert fields == {
        "Version": "0",
        "Type": "Container",
        "ContainerName": "app",
        "TaskId": stage.tasks[0].id,
        "TaskDefinitionFamily": "app",
        "TaskDefinitionRevision": "1",
        "ServiceName": "app",
        "ClusterName": "main",
        "Image": "app:1",
        "ContainerKnownStatus": "RUNNING",
        "Timestamp": 100_000,
        "CpuUtilized": 64.0,
        "CpuReserved": 256.0,
        "MemoryUtilized": 48,
        "MemoryReserved": 512.0,
        "NetworkRxBytes": 1000,
        "NetworkTxBytes": 9001,
    }


@pytest.mark.parametrize(
    ("container", "limits"),
    [({}, (256, 512)), ({"cpu": 64, "memory": 128}, (64, 128)), ({"memoryReservation": 32}, (256, 32))],
)
def test_the_limit_is_the_containers_own_or_its_tasks(
    container: dict[str, int], limits: tuple[float, float]
) -> None:
    stage = _stage(**container)
    assert reserved(stage.world, stage.tasks[0], "app") == limits
    assert reserved(stage.world, stage.tasks[0]) == (256, 512)


def test_the_other_events_carry_their_metrics_with_them() -> None:
    events = _events(_stage())
    for kind in ("Task", "Service", "Cluster"):
        message = events[kind].message
        (block,) = message["CloudWatchMetrics"]
        assert block["Namespace"] == "ECS/ContainerInsights"
        assert all(one["Name"] in message for one in block["Metrics"])
        assert all(name in message for names in block["Dimensions"] for name in names)
    service = events["Service"].fields
    assert (service["DesiredTaskCount"], service["RunningTaskCount"], service["DeploymentCount"]) == (1, 1, 1)
    assert events["Cluster"].fields["TaskCount"] == 1


def _dimensions(event: Event) -> set[tuple[str, ...]]:
    return {names for one in event.metrics for names in one.dimensions}


def test_figures_of_single_tasks_and_containers_are_metrics_only_where_enhanced() -> None:
    plain, enhanced = _events(_stage("enabled")), _events(_stage("enhanced"))
    assert plain["Container"].metrics == ()
    assert _dimensions(plain["Task"]) < _dimensions(enhanced["Task"])
    assert ("ClusterName", "ServiceName", "TaskId") in _dimensions(enhanced["Task"])
    assert ("ClusterName", "ServiceName", "TaskId", "ContainerName") in _dimensions(enhanced["Container"])
    (metrics,) = enhanced["Container"].metrics
    assert metrics.values["ContainerCpuUtilization"] == 25.0
    assert metrics.values["UnHealthyContainerHealthStatus"] == 0.0


def test_a_task_without_readings_says_nothing() -> None:
    stage = _stage()
    assert list(of_tasks(stage.world, stage.world.clusters["main"], {}, 100.0)) == []


def test_without_a_setting_it_is_disabled() -> None:
    assert mode(Stage().world.clusters["main"]) == "disabled"
