"""Figures of a real task on their way to CloudWatch: log group, both name spaces, and off where they are off."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from ecs_local import client
from ecs_local.client import Engine
from ecs_stats.widgets import Names, dashboard_body

from tests.engine import Aws, Place, balanced, create_service, publish_sample, register, wait_for


@pytest.fixture(scope="module")
def place(aws: Aws) -> Iterator[Place]:
    """A service with one healthy task, in a cluster with enhanced observability."""
    found = balanced(aws, "telemetry")
    insights = [{"name": "containerInsights", "value": "enhanced"}]
    aws("ecs").update_cluster_settings(cluster="telemetry", settings=insights)
    create_service(aws, found, register(aws, "telemetry", publish_sample(aws, "telemetry", "demo")))
    group = found.target_group

    def healthy() -> bool:
        seen = aws("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in seen] == ["healthy"]

    wait_for(healthy, "a healthy target")
    yield found
    aws("ecs").update_service(cluster="telemetry", service="telemetry", desiredCount=0)


def _events(aws: Aws, kind: str) -> list[dict[str, Any]]:
    group = "/aws/ecs/containerinsights/telemetry/performance"
    logs = aws("logs")
    try:
        answer = logs.filter_log_events(logGroupName=group, filterPattern=f'{{ $.Type = "{kind}" }}')
    except logs.exceptions.ResourceNotFoundException:
        return []
    events = [json.loads(one["message"]) for one in answer["events"]]
    return [one for one in events if one["Type"] == kind]


def _total(aws: Aws, metric: str, statistic: str, namespace: str, **by: str) -> float:
    found = aws("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in by.items()],
        StartTime=time.time() - 600,
        EndTime=time.time() + 60,
        Period=60,
        Statistics=[statistic],
    )
    return sum(float(one[statistic]) for one in found["Datapoints"])


def _url(engine: Engine, place: Place) -> str:
    return str(
        next(
            one["url"]
            for one in client.status(engine)["listeners"]
            if one["load_balancer"] == place.load_balancer
        )
    )


def test_requests_show_as_cpu_memory_and_network_of_their_container(
    engine: Engine, aws: Aws, place: Place
) -> None:
    url = _url(engine, place)

    def busy() -> list[dict[str, Any]]:
        for _ in range(20):
            urllib.request.urlopen(f"{url}/health").close()
        return [one for one in _events(aws, "Container") if one["NetworkTxBytes"] > 0]

    event = wait_for(busy, "an event with traffic in it")[-1]
    assert event["ServiceName"] == "telemetry"
    assert event["ContainerKnownStatus"] == "RUNNING"
    assert event["CpuUtilized"] > 0
    assert 5 < event["MemoryUtilized"] < 200
    assert (event["CpuReserved"], event["MemoryReserved"]) == (256, 512)
    assert event["NetworkRxBytes"] > 0


def test_the_dashboards_table_says_what_the_newest_events_do(aws: Aws, place: Place) -> None:
    wait_for(lambda: _events(aws, "Container"), "events")
    body = dashboard_body(Names("eu-west-3", "telemetry", "telemetry"))
    query = next(w["properties"]["query"] for w in body["widgets"] if w["type"] == "log")
    logs, now = aws("logs"), int(time.time())
    window = {"startTime": now - 600, "endTime": now + 60}

    def table() -> tuple[list[dict[str, str]], dict[str, Any]]:
        found = logs.get_query_results(queryId=logs.start_query(queryString=query, **window)["queryId"])
        assert found["status"] == "Complete"
        return [{one["field"]: one["value"] for one in row} for row in found["results"]], found["statistics"]

    def same() -> bool:
        """An event may come between the two looks."""
        newest = {one["TaskId"]: one for one in _events(aws, "Container")}
        rows, spent = table()
        assert spent["recordsScanned"] > spent["recordsMatched"] == len(rows)
        wanted = [
            (one, str(event["MemoryUtilized"]), event["ContainerKnownStatus"])
            for one, event in newest.items()
        ]
        return sorted((row["TaskId"], row["mem_mb"], row["state"]) for row in rows) == sorted(wanted)

    wait_for(same, "the table to be that of the newest events")
    with pytest.raises(logs.exceptions.MalformedQueryException, match="dedup is not known"):
        logs.start_query(logGroupName="any", queryString="dedup TaskId", **window)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.start_query(logGroupName="nobody", queryString="fields @message", **window)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_query_results(queryId="nobody")


def test_both_name_spaces_have_the_service(aws: Aws, place: Place) -> None:
    by = {"ClusterName": "telemetry", "ServiceName": "telemetry"}
    wait_for(lambda: _total(aws, "MemoryUtilization", "Average", "AWS/ECS", **by) > 0, "the free metric")
    insights = "ECS/ContainerInsights"
    wait_for(lambda: _total(aws, "RunningTaskCount", "Maximum", insights, **by) >= 1, "the running count")
    task = wait_for(lambda: _events(aws, "Task"), "an event of the task")[-1]
    one = by | {"TaskId": task["TaskId"], "ContainerName": "app"}
    wait_for(lambda: _total(aws, "ContainerMemoryUtilized", "Average", insights, **one) > 5, "its memory")
    # A minute that was looked at once a second still counts as one sample of each task.
    assert _total(aws, "MemoryUtilization", "SampleCount", "AWS/ECS", **by) < 4


def test_they_end_where_the_setting_is_off(aws: Aws, place: Place) -> None:
    wait_for(lambda: _events(aws, "Container"), "events")
    off = [{"name": "containerInsights", "value": "disabled"}]
    aws("ecs").update_cluster_settings(cluster="telemetry", settings=off)
    by = {"ClusterName": "telemetry", "ServiceName": "telemetry"}

    def free() -> float:
        return _total(aws, "MemoryUtilization", "SampleCount", "AWS/ECS", **by)

    def look_again() -> None:
        seen = free()
        wait_for(lambda: free() > seen, "another look at the task")

    look_again()
    look_again()  # and what was on its way has arrived
    told = len(_events(aws, "Container"))
    look_again()
    assert len(_events(aws, "Container")) == told
