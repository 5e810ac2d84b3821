"""Waiting for the runs that are at work, in virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment import standstill
from ecs_deployment.settings import Environment

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World

ENVIRONMENT = Environment("staging", "aws", None, "eu-west-3", "deploys", services=(b.SETTINGS,))


def waited(place: World, patience: float, environment: Environment = ENVIRONMENT) -> tuple[int, list[str]]:
    """Whole seconds, since a call takes some of its own, and what was told."""
    began, told = place.clock.boottime(), list[str]()
    standstill.wait(place.cloud, environment, (), place.clock, began + patience, told.append)
    return round(place.clock.boottime() - began), told


def test_it_waits_for_each_run_until_it_ends_and_takes_no_lock() -> None:
    place = World()
    runs = [place.hold()]

    def ends() -> None:
        if place.clock.boottime() >= 1_010 and len(runs) == 1:
            runs[0].close("deployed")
            runs.append(place.hold())
        elif place.clock.boottime() >= 1_020:
            runs[1].close("deployed")

    place.clock.on_sleep = ends
    seconds, told = waited(place, 600)
    assert 20 <= seconds <= 22
    owner = runs[0].entry.owner
    assert [line.partition(", at most ")[0] for line in told] == [
        f"app: waiting for the deploy of demo by {owner}"
    ] * 2
    assert runs[1].entry.number == 2


@pytest.mark.parametrize(("patience", "lines"), [(0, 0), (7, 1)])
def test_it_waits_no_longer_than_it_was_told(patience: int, lines: int) -> None:
    place = World()
    place.hold()
    seconds, told = waited(place, patience)
    assert (seconds, len(told)) == (patience, lines)


def test_where_nobody_is_at_work_or_no_journal_tells_it_waits_for_nothing() -> None:
    place = World()
    assert waited(place, 60) == (0, [])
    place.hold()
    assert waited(place, 60, replace(ENVIRONMENT, journal="off")) == (0, [])
