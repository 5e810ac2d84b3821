"""`Source` in memory, beside the deployer's cloud in memory: what a look reads, and refusals of single calls.

world = Watched()
world.source.refuse(denied("logs:FilterLogEvents"), "logged")
seen = world.collector().look()
"""

# ruff: noqa: ARG002 - the port has parameters that this small world does not need

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ecs_deployment import model
from ecs_deployment.errors import CloudError, Denied, NotFound
from ecs_deployment.settings import Environment
from ecs_stats.collect import ON_AWS, Collector
from ecs_stats.source import IdleRule, Logged, Query, Series
from ecs_stats.stats import Insights

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, stands
from tests.deployment.memory_parameters import VirtualClock

PERFORMANCE = "/aws/ecs/containerinsights/local/performance"
GROUP = "/ecs/local/app"
BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:loadbalancer/app/shop/0123456789abcdef"
TASK = f"{1:032x}"
SECRET = "hunter2-in-the-log"


def denied(action: str) -> Denied:
    """A missing permission."""
    return Denied(
        f"The credentials may not call {action}.", f"Allow {action} for this principal.", operation=action
    )


def rule(**changes: Any) -> IdleRule:
    """An idle alarm over seven minutes."""
    query = {"Id": "idle", "Expression": "FILL(served, 0)", "ReturnData": True}
    served = {"Id": "served", "MetricStat": {"Metric": {}, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    return replace(IdleRule("idle", "OK", 7, 60, 0.0, (query, served)), **changes)


def definition() -> model.TaskDefinition:
    """256 units and 512 MiB, one container that logs through awslogs, and a secret in its environment."""
    container = {
        "name": "app",
        "image": f"{b.URI}@{b.DIGEST}",
        "environment": [{"name": "PASSWORD", "value": SECRET}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": GROUP, "awslogs-stream-prefix": "app"},
        },
    }
    content = {"family": "app", "cpu": "256", "memory": "512", "containerDefinitions": [container]}
    return model.TaskDefinition(b.OLD, "ACTIVE", content, ())


def event(at: float, task: str = TASK, **changes: Any) -> str:
    """A Container event of the task, a quarter of its CPU and an eighth of its memory."""
    fields = {
        "Type": "Container",
        "ContainerName": "app",
        "TaskId": task,
        "ServiceName": "app",
        "Timestamp": int(at * 1000),
        "CpuUtilized": 64.0,
        "CpuReserved": 256.0,
        "MemoryUtilized": 64,
        "MemoryReserved": 512,
        "NetworkRxBytes": 1200,
        "NetworkTxBytes": 3400,
    }
    return json.dumps(fields | changes)


class MemorySource:
    """`logs` by group, oldest first; `series` by the id of a query."""

    def __init__(self, cloud: MemoryCloud) -> None:
        self._cloud = cloud
        self.mode: Insights = "enhanced"
        self.rule: IdleRule | None = rule()
        self.logs: dict[str, list[Logged]] = {}
        self.series: dict[str, Series] = {}
        self.asked: list[str] = []
        self._refused: dict[str, CloudError] = {}

    def refuse(self, error: CloudError | None, operation: str) -> None:
        """From now on that call fails so; None ends it."""
        self._refused.pop(operation, None)
        if error is not None:
            self._refused[operation] = error

    def print(self, group: str, at: float, stream: str, *texts: str) -> None:
        """Lines in a stream, all at that moment."""
        events = self.logs.setdefault(group, [])
        events += [Logged(f"{len(events)}-{place}", at, stream, text) for place, text in enumerate(texts)]

    @property
    def calls(self) -> int:
        return self._cloud.calls + len(self.asked)

    def insights(self, cluster: str) -> Insights:
        self._arrive("insights")
        return self.mode

    def balancer_of(self, target_group: str) -> str:
        self._arrive("balancer_of")
        return BALANCER

    def idle_rule(self, cluster: str, service: str) -> IdleRule | None:
        self._arrive("idle_rule")
        return self.rule

    def scaling_alarms(self, cluster: str, service: str) -> Sequence[str]:
        self._arrive("scaling_alarms")
        return ["arn:aws:cloudwatch:eu-west-3:000000000000:alarm:idle"] if self.rule else []

    def logged(
        self, group: str, since: float, *, pattern: str = "", prefix: str = "", most: int | None = None
    ) -> Sequence[Logged]:
        self._arrive("logged")
        if group not in self.logs:
            raise NotFound(f"The log group {group} does not exist.")
        found = [one for one in self.logs[group] if one.at >= since and one.stream.startswith(prefix)]
        return sorted(found, key=lambda one: one.at)[:most]

    def tail(self, group: str, stream: str, most: int) -> Sequence[Logged]:
        self._arrive("tail")
        return [one for one in self.logs.get(group, ()) if one.stream == stream][-most:]

    def metrics(self, queries: Sequence[Query], start: float, end: float) -> Mapping[str, Series]:
        self._arrive("metrics")
        wanted = {str(one["Id"]) for one in queries}
        return {name: points for name, points in self.series.items() if name in wanted}

    def _arrive(self, operation: str) -> None:
        self.asked.append(operation)
        if operation in self._refused:
            raise self._refused[operation]


class Watched:
    """A service that is well, with one task that has figures, lines and traffic."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.cloud = MemoryCloud(self.clock)
        self.cloud.progress = stands
        self.source = MemorySource(self.cloud)
        now = self.clock.time()
        self.cloud.put("app", b.service(b.deployment(created_at=now - 300)))
        self.cloud.running["app"].append(b.task(created_at=now - 301, started_at=now - 300))
        self.cloud.definitions[b.OLD] = definition()
        self.cloud.scalable["app"] = b.scaling()
        for back in (180, 120, 60):
            self.source.print(PERFORMANCE, now - back, "FargateTelemetry-1", event(now - back))
        self.source.print(GROUP, now - 30, f"app/app/{TASK}", "first line", "second line")
        minute = now // 60 * 60
        self.source.series = {
            "look_requests": [(minute - 120, 600.0), (minute - 60, 1200.0)],
            "look_code2": [(minute - 60, 1190.0)],
            "look_code5": [(minute - 60, 4.0)],
            "look_own5": [(minute - 60, 6.0)],
            "look_p99": [(minute - 60, 0.25)],
            "look_cpu": [(minute - 60, 25.0)],
            "idle_sum": [(minute - 120, 600.0), (minute - 60, 1200.0)],
        }

    def collector(self, **settings: Any) -> Collector:
        """Looks as on AWS."""
        service = replace(b.SETTINGS, **settings)
        environment = Environment("staging", "aws", services=(service,))
        return Collector(self.cloud, self.source, environment, service, ON_AWS, self.clock.time)
