"""What the CloudWatch dashboard is built from: names of a service, kinds of widgets, ways to name a metric. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Insights = Literal["off", "standard", "enhanced"]

COLUMNS = 24
MINUTE = 60
GREY, GREEN, ORANGE, RED = "#7f7f7f", "#2ca02c", "#ff7f0e", "#d62728"
INSIGHTS = "ECS/ContainerInsights"


@dataclass(frozen=True)
class Names:
    """Everything a body names. `load_balancer` and `target_group` are the ends of their ARNs, as metrics have them
    ("app/web/50dc6c495c0c9188", "targetgroup/web/73e2d6bc24d8a067"); "" where the service has none. `alarms` are ARNs.
    """

    region: str
    cluster: str
    service: str
    containers: tuple[str, ...] = ("app",)
    load_balancer: str = ""
    target_group: str = ""
    log_group: str = ""
    alarms: tuple[str, ...] = ()
    insights: Insights = "enhanced"
    environment: str = ""


def placed(rows: Iterable[Sequence[Json]]) -> list[Json]:
    """The widgets with their places: each row under the one before, its cells from the left."""
    placed, y = [], 0
    for row in rows:
        x = 0
        for cell in row:
            placed.append({"type": cell["type"], "x": x, "y": y, **cell})
            x += cell["width"]
        y += max((cell["height"] for cell in row), default=0)
    return placed


def graph(names: Names, title: str, metrics: Sequence[Any], width: int = 8) -> Json:
    """A line for each metric over time."""
    properties = {
        "title": title,
        "view": "timeSeries",
        "region": names.region,
        "period": MINUTE,
        "yAxis": {"left": {"min": 0}},
        "metrics": list(metrics),
    }
    return {"type": "metric", "width": width, "height": 6, "properties": properties}


def number(names: Names, title: str, metrics: Sequence[Any]) -> Json:
    """The newest value in large, with its last hours behind it."""
    properties = {
        "title": title,
        "view": "singleValue",
        "sparkline": True,
        "region": names.region,
        "period": MINUTE,
        "metrics": list(metrics),
    }
    width = 4 if names.load_balancer else 8
    return {"type": "metric", "width": width, "height": 4, "properties": properties}


def log(names: Names, title: str, group: str, query: str, width: int) -> Json:
    """A table of what a Logs Insights query finds in a group."""
    properties = {
        "title": title,
        "view": "table",
        "region": names.region,
        "query": f"SOURCE '{group}' | {query}",
    }
    return {"type": "log", "width": width, "height": 6, "properties": properties}


def service(names: Names, namespace: str, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    """A metric by cluster and service."""
    by = ["ClusterName", names.cluster, "ServiceName", names.service]
    return [namespace, metric, *by, {"label": label, "stat": stat, **more}]


def free(names: Names, metric: str, label: str, stat: str = "Average") -> list[Any]:
    """AWS/ECS: the metrics that every service has without charge, while it has a task."""
    return service(names, "AWS/ECS", metric, label, stat)


def counts(names: Names, *metrics: str) -> list[list[Any]]:
    """Task counts; without Container Insights the free metric has one sample a minute for each running task."""
    if names.insights == "off":
        return [free(names, "CPUUtilization", "running", "SampleCount")]
    return [
        service(names, INSIGHTS, each, each.removesuffix("Count").removesuffix("Task").lower(), "Average")
        for each in metrics
    ]


def pair(names: Names, one: str, other: str) -> list[list[Any]]:
    """Two metrics of the service, summed over its tasks."""
    return [service(names, INSIGHTS, each, each, "Sum") for each in (one, other)]


def balancer(names: Names, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    """A metric of the load balancer as a whole."""
    by = ["LoadBalancer", names.load_balancer]
    return ["AWS/ApplicationELB", metric, *by, {"label": label, "stat": stat, **more}]


def balanced(names: Names, metric: str, label: str, stat: str, **more: str) -> list[Any]:
    """A metric of the load balancer for the service's target group."""
    by = ["LoadBalancer", names.load_balancer, "TargetGroup", names.target_group]
    return ["AWS/ApplicationELB", metric, *by, {"label": label, "stat": stat, **more}]


def search(names: Names, dimensions: str, metric: str, **more: str) -> list[Json]:
    """A search, so that the tasks of the next deploy appear by themselves."""
    wanted = f'MetricName="{metric}" ClusterName="{names.cluster}" ServiceName="{names.service}"'
    expression = f"SEARCH('{{{INSIGHTS},{dimensions}}} {wanted}', 'Average', {MINUTE})"
    return [{"expression": expression, "id": metric[0].lower() + metric[1:], **more}]
