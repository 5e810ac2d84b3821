"""What load balancers tell CloudWatch: names, dimensions, and when a minute shows."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from ecs_local import metrics
from ecs_local.balancer_metrics import NAMESPACE, Metrics, dimensions, published_at
from ecs_local.metrics import key_of
from ecs_local.profile import FARGATE, FAST
from ecs_local.world import World

from tests.local.balancer_rig import replies, rig
from tests.simulation.sleeper import PATIENT, Sleeper

BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:loadbalancer/app/shop/0123456789abcdef"
GROUP = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/shop/fedcba9876543210"
MINUTE = 60.0


def _read(
    world: World, name: str, group: str | None, statistic: str = "Sum", number: int = 2
) -> float | None:
    key = key_of(NAMESPACE, name, dimensions(BALANCER, group))
    return metrics.read(world.metrics, key, statistic, number, 1, 1, 1e9)[0]


def test_the_dimensions_are_the_ends_of_the_arns() -> None:
    assert dimensions(BALANCER, GROUP) == {
        "LoadBalancer": "app/shop/0123456789abcdef",
        "TargetGroup": "targetgroup/shop/fedcba9876543210",
    }


def test_answers_of_targets_and_of_the_balancer() -> None:
    world = World()
    counted = Metrics(world)
    for seconds in (0.01, 0.02, 0.4):
        counted.record(BALANCER, GROUP, 125.0, 200, seconds, by_target=True)
    counted.record(BALANCER, GROUP, 125.0, 502, 0.0, by_target=False)
    counted.record(BALANCER, None, 185.0, 503, 0.0, by_target=False)
    for group in (None, GROUP):
        assert _read(world, "RequestCount", group) == 4.0
        assert _read(world, "HTTPCode_Target_2XX_Count", group) == 3.0
        assert _read(world, "TargetResponseTime", group, "p99") == 0.4
    assert _read(world, "HTTPCode_ELB_502_Count", None) == 1.0
    assert _read(world, "HTTPCode_ELB_5XX_Count", None) == 1.0
    assert _read(world, "RequestCount", None, number=3) is None  # no target could be chosen
    assert _read(world, "HTTPCode_ELB_503_Count", None, number=3) == 1.0


def test_a_minute_shows_within_its_lag() -> None:
    world = World(profile=FARGATE, seed=3)
    lags = [published_at(world, BALANCER, number) - (number + 1) * MINUTE for number in range(200)]
    assert 60 <= min(lags) < 65
    assert 115 < max(lags) <= 120


def test_hosts_are_counted_only_where_there_are_targets() -> None:
    stage = Sleeper(PATIENT, profile=FAST)
    stage.deploy("1")
    assert not stage.visit()
    stage.run_until(MINUTE)
    stage.suspend(True)
    stage.scale(1)
    stage.run(30.0)
    assert stage.visit()
    stage.run(2 * MINUTE)
    found = {
        (key[1], len(key[2])): metrics.read(stage.world.metrics, key, "Sum", 0, 1, 2, stage.now)
        for key in stage.world.metrics.series
    }
    assert found == {
        ("HTTPCode_ELB_5XX_Count", 1): [1.0, None],
        ("HTTPCode_ELB_503_Count", 1): [1.0, None],
        ("RequestCount", 1): [None, 1.0],
        ("RequestCount", 2): [None, 1.0],
        ("HTTPCode_Target_2XX_Count", 1): [None, 1.0],
        ("HTTPCode_Target_2XX_Count", 2): [None, 1.0],
        ("TargetResponseTime", 1): [None, 0.01],
        ("TargetResponseTime", 2): [None, 0.01],
        ("HealthyHostCount", 2): [None, 1.0],
        ("UnHealthyHostCount", 2): [None, 0.0],
    }


@pytest.mark.parametrize("state", ["healthy", "initial"])
def test_a_real_request_is_counted(state: Any) -> None:
    async def main() -> dict[str, float | None]:
        async with rig() as made:
            made.world.profile = replace(made.world.profile, minute=1e9)  # all of it is one minute
            await made.target(replies(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), state)
            await made.get()
            number = metrics.minute_at(time.time(), 1e9)
            store = made.world.metrics
            return {key[1]: metrics.read(store, key, "Sum", number, 1, 1, 1e12)[0] for key in store.series}

    found = asyncio.run(main())
    served = state == "healthy"
    assert found.get("RequestCount") == (1.0 if served else None)
    assert found.get("HTTPCode_ELB_503_Count") == (None if served else 1.0)
    assert found["HealthyHostCount"] == float(served)
