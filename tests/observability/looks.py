"""Looks at services for pictures: any number of containers, busy or asleep, always the same."""

from __future__ import annotations

from dataclasses import replace
from math import sin
from typing import Any

from ecs_stats import stats as s
from ecs_stats.stats import (
    ContainerStats,
    Reading,
    Said,
    ServiceStats,
    Sleep,
    Stats,
    TargetStats,
    TaskStats,
    Traffic,
)

NOW = 1_790_000_000.0
_LOGS = (
    "GET /orders 200 in 12 ms",
    "GET /health 200 in 1 ms",
    "POST /orders 201 in 48 ms",
    "cache refreshed: 1843 entries",
    "GET /orders/8841 404 in 3 ms",
)


def task_id(place: int) -> str:
    """32 hex digits, different at their begin."""
    return f"{(place * 2654435761 + 0xA1F3B731) % 2**32:08x}{place:024x}"


def _container(place: int) -> ContainerStats:
    load = 18 + 14 * sin(place * 1.7) + 40 * (place % 7 == 3)
    return ContainerStats(
        name="app" if place % 2 == 0 else "proxy",
        task=task_id(place // 2),
        image="shop:2026-11-20",
        state="RUNNING",
        health="HEALTHY",
        cpu=2.56 * load,
        cpu_limit=256.0,
        memory=140.0 + 23 * (place % 5),
        memory_limit=512.0,
        received=12_400.0 + 900 * place,
        sent=88_000.0 + 4100 * place,
        last_line=_LOGS[place % len(_LOGS)],
        cpu_history=tuple(round(max(1.0, load + 9 * sin(step / 2 + place)), 1) for step in range(30)),
        memory_history=(27.0, 27.5, 28.0),
    )


def look(containers: int = 4, **changes: Any) -> Stats:
    """A busy service with that many containers, two a task, in the middle of its day."""
    made = [_container(place) for place in range(containers)]
    tasks = tuple(
        TaskStats(
            id=task_id(place),
            revision="42",
            newest=True,
            zone=f"eu-west-3{'abc'[place % 3]}",
            state="RUNNING",
            health="HEALTHY",
            created_at=NOW - 7300 - place,
            started_at=NOW - 7260 - place,
            stopped_at=None,
            stopped_reason="",
            containers=tuple(made[2 * place : 2 * place + 2]),
        )
        for place in range((containers + 1) // 2)
    )
    service = ServiceStats(
        name="shop",
        cluster="staging",
        status="ACTIVE",
        desired=len(tasks),
        running=len(tasks),
        pending=0,
        revision="shop:42",
        image="shop:2026-11-20",
        digest="sha256:" + "7c1e9a40" * 8,
        rollout="COMPLETED",
        rollout_reason="",
        deployments=1,
        deployed_at=NOW - 7300,
        failed_tasks=0,
        breaker="on, rolls back",
    )
    readings = {
        s.SERVICE: Reading("ecs:DescribeServices", NOW),
        s.TASKS: Reading("ecs:DescribeTasks", NOW),
        s.TARGETS: Reading("elasticloadbalancing:DescribeTargetHealth", NOW),
        s.USAGE: Reading("logs:FilterLogEvents on the performance log group", NOW - 74),
        s.TRAFFIC: Reading("cloudwatch:GetMetricData", NOW - 95),
        s.SLEEP: Reading("cloudwatch:DescribeAlarms, cloudwatch:GetMetricData", NOW - 12),
        s.LOGS: Reading("logs:FilterLogEvents", NOW),
    }
    found = Stats(
        environment="staging",
        name="shop",
        at=NOW,
        service=service,
        tasks=tasks,
        targets=tuple(
            TargetStats(f"10.0.1.{10 + place}", 8080, "healthy", "", one.id)
            for place, one in enumerate(tasks)
        ),
        traffic=Traffic(
            requests=42.6,
            answers_2xx=2541,
            answers_4xx=13,
            answers_5xx=0,
            p50_ms=12.0,
            p99_ms=187.0,
            requests_history=tuple(round(30 + 12 * sin(step / 2.1), 1) for step in range(15)),
            errors_history=(0.0,) * 15,
        ),
        sleep=Sleep("awake", NOW + 192, "sleeps in 3m12s"),
        insights="enhanced",
        cpu_percent=21.4,
        memory_percent=29.0,
        events=(
            Said(NOW - 7200, "has reached a steady state."),
            Said(NOW - 7202, "(deployment ecs-svc/7810850750823952485) deployment completed."),
            Said(NOW - 7260, "registered 2 targets in (target group shop-blue)"),
        ),
        lines=tuple(
            Said(NOW - 20 + step, _LOGS[step % len(_LOGS)], task_id(step % max(1, len(tasks))), "app")
            for step in range(12)
        ),
        readings=readings,
        api_calls=128,
    )
    return replace(found, **changes)


def asleep() -> Stats:
    """The same service at night."""
    busy = look(0)
    return replace(
        busy,
        service=replace(busy.service, desired=0, running=0),
        targets=(),
        traffic=Traffic(0.0, 0, 0, 0, None, None, (0.0,) * 15, (0.0,) * 15),
        sleep=Sleep("asleep", None, "asleep"),
        cpu_percent=None,
        memory_percent=None,
        events=(
            Said(NOW - 940, "has stopped 2 running tasks: (task 90ec6f4b) (task a1f3b731)."),
            *busy.events[:2],
        ),
        lines=busy.lines[:5],
        readings={
            **busy.readings,
            s.USAGE: Reading("logs:FilterLogEvents on the performance log group", NOW - 1000),
        },
    )


def rolling() -> Stats:
    """In the middle of a deploy: the new task starts, the old one serves, one has failed."""
    busy = look(2)
    (old,) = busy.tasks
    first = replace(
        old,
        id=task_id(7),
        revision="43",
        state="PENDING",
        health="UNKNOWN",
        started_at=None,
        created_at=NOW - 14,
        containers=tuple(
            ContainerStats(
                one.name, task_id(7), one.image, "PENDING", "UNKNOWN", cpu_limit=256.0, memory_limit=512.0
            )
            for one in old.containers
        ),
    )
    failed = replace(
        first,
        id=task_id(8),
        state="STOPPED",
        stopped_at=NOW - 20,
        created_at=NOW - 60,
        stopped_reason="Essential container in task exited",
        containers=tuple(
            replace(one, task=task_id(8), state="STOPPED", exit_code=137) for one in first.containers
        ),
    )
    return replace(
        busy,
        service=replace(
            busy.service, rollout="IN_PROGRESS", pending=1, failed_tasks=1, breaker="on, rolls back, 1 of 3",
            revision="shop:43", deployed_at=NOW - 61, deployments=2,
        ),
        tasks=(first, replace(old, newest=False), failed),
        sleep=Sleep("awake", None, "awake while a rollout is under way"),
        targets=(*busy.targets, TargetStats("10.0.1.30", 8080, "initial", "Health checks are in progress", task_id(7))),
        events=(Said(NOW - 14, "has started 1 tasks: (task 5f8c6b3e)."), *busy.events[1:]),
    )  # fmt: skip
