"""Zero lost requests, measured; and a measure that can fail."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from ecs_deployment import plan_borrow

from tests.bench.deploys import Load, Tally, series
from tests.bench.meter import Meter, metered
from tests.engine import wait_for
from tests.scenarios.place import Place, place

LOAD = Load(rate=100.0, longs=3, streams=2, long_seconds=(1.0, 4.0), idlers=3)


@pytest.fixture(scope="module")
def adverse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place whose load balancer learns late of everything."""
    with place(tmp_path_factory.mktemp("adverse"), profile="adverse") as found:
        yield found


@pytest.mark.parametrize("envelope", [(0, 200), (100, 200)])
def test_no_request_is_lost(adverse: Place, envelope: tuple[int, int]) -> None:
    tally = Tally()
    series(adverse, 2, envelope, LOAD, tally, from_zero=1)
    assert tally.outcomes == {"deployed": 2}
    assert tally.requests > 500
    assert tally.lost == []


def test_without_the_floor_guard_requests_are_lost(where: Place) -> None:
    where.configure(minimumHealthyPercent=0)
    with (
        patch.object(plan_borrow, "DEFAULT_FLOOR", 0),  # as if a floor of 0 were what it should be
        metered(lambda: Meter(where.url, rate=100)) as meter,
    ):
        where.deploy("demo-2", probe=False)
    assert meter.result().lost


def test_killing_the_serving_task_loses_requests(where: Place) -> None:
    with metered(lambda: Meter(where.url, rate=200)) as meter:
        wait_for(lambda: meter.requests > 20, "traffic")
        for pid in serving(where):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: meter.result().lost, "a lost request")


def test_the_probe_sees_an_outage_too_and_says_so(where: Place) -> None:
    # The serving task dies in mid-rollout: that is no fault of the new revision, but it is no silence either.
    killed = threading.Event()

    def kill(_: object) -> None:
        if not killed.is_set():
            killed.set()
            for pid in serving(where):
                os.kill(pid, signal.SIGKILL)

    (result,) = where.deploy("demo-2", sink=kill).services
    assert result.probe is not None
    assert result.probe.failed or result.probe.longest_gap_ms > 300


def serving(where: Place) -> list[int]:
    """The processes of the running tasks, found by the address they were given."""
    addresses = {a for task in where.snapshot().running for a in task.addresses}
    found = []
    for entry in Path("/proc").iterdir():
        try:
            environ = (entry / "environ").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if any(f"HOST={address}\0".encode() in environ + b"\0" for address in addresses):
            found.append(int(entry.name))
    assert found
    return found
