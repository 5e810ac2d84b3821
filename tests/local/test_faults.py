"""Faults as data: what can be planted, what it strikes and how often."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local import faults
from ecs_local.faults import KINDS, Fault, FaultError, plant, strike_call, strike_task, well
from ecs_local.faults_scaler import look
from ecs_local.faults_stale import Past
from ecs_local.world import World
from hypothesis import given
from hypothesis import strategies as st

from tests.local.worlds import Stage

TASKS = [name for name, kind in KINDS.items() if kind.strikes == "task"]
CALLS = [name for name, kind in KINDS.items() if kind.strikes == "call"]
TIMED = [name for name, kind in KINDS.items() if kind.seconds is not None]


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(FaultError, match="Did you mean crash-at-start") as caught:
        plant([], "crash-on-start", 0.0)
    assert all(kind in str(caught.value) for kind in KINDS)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        *[(kind, {"operation": "UpdateService"}, "Leave the operation out") for kind in TASKS],
        *[(kind, {"seconds": 1}, "Leave them out") for kind in KINDS if kind not in TIMED],
        ("crash-after", {"seconds": -1}, "Give 0 or more"),
        ("crash-after", {"seconds": float("inf")}, "Give 0 or more"),
        ("throttling", {"count": 0}, "Give 1 or more"),
        ("scaler-to-zero", {"seconds": 0}, "more than 0 seconds"),
        ("published-limits", {"service": "app"}, "whole account"),
    ],
)
def test_what_a_kind_does_not_have_is_refused(kind: str, options: dict[str, Any], said: str) -> None:
    planted: list[Fault] = []
    with pytest.raises(FaultError, match=said):
        plant(planted, kind, 0.0, **options)
    assert planted == []


@given(st.sampled_from(TASKS), st.integers(1, 5), st.lists(st.integers(0, 9), max_size=40))
def test_a_task_fault_strikes_so_many_tasks_and_stays_with_them(
    kind: str, count: int, asked: list[int]
) -> None:
    planted = [plant([], kind, 10.0, count=count)]
    for number in asked:
        strike_task(planted, [kind], f"task-{number}", "app", 10.0)
    first = list(dict.fromkeys(f"task-{number}" for number in asked))[:count]
    assert planted[0].tasks == set(first)
    assert planted[0].struck == len(first)
    again = [strike_task(planted, [kind], f"task-{number}", "app", 10.0) for number in range(10)]
    assert sum(fault is not None for fault in again) == count


def test_a_task_fault_spares_what_was_there_before_and_other_services() -> None:
    planted = [plant([], "crash-at-start", 10.0, service="app")]
    assert strike_task(planted, ["crash-at-start"], "old", "app", 9.9) is None
    assert strike_task(planted, ["crash-at-start"], "other", "shop", 10.0) is None
    assert strike_task(planted, ["no-capacity"], "new", "app", 10.0) is None
    assert strike_task(planted, ["crash-at-start"], "new", "app", 10.0) is planted[0]


@given(st.sampled_from(CALLS), st.one_of(st.none(), st.integers(1, 4)), st.integers(0, 9))
def test_a_call_fault_strikes_so_often(kind: str, count: int | None, calls: int) -> None:
    if kind == "published-limits":
        return
    planted = [plant([], kind, 0.0, count=count, operation="UpdateService")]
    struck = [strike_call(planted, kind, "UpdateService") is not None for _ in range(calls)]
    assert sum(struck) == (calls if count is None else min(calls, count))
    assert strike_call(planted, kind, "DescribeServices") is None


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("app", True),
        ("service/main/app", True),
        ("arn:aws:ecs:eu-west-3:000000000000:service/main/app", True),
        ("arn:aws:ecs:eu-west-3:000000000000:service-deployment/main/app/abc", True),
        ("app-2", False),
        ("arn:aws:ecs:eu-west-3:000000000000:service/main/my-app", False),
        ("", False),
    ],
)
def test_a_call_names_a_service_by_name_resource_or_arn(text: str, means: bool) -> None:
    planted = [plant([], "throttling", 0.0, service="app")]
    assert (strike_call(planted, "throttling", "X", ["other", text]) is not None) is means


@pytest.mark.parametrize(
    ("kind", "seconds", "age", "expected"),
    [
        ("failing-health", 0.0, 0.0, False),
        ("failing-health", 2.0, 1.9, True),
        ("failing-health", 2.0, 2.0, False),
        ("slow-health", 2.0, 1.9, False),
        ("slow-health", 2.0, 2.0, True),
    ],
)
def test_health_by_age(kind: str, seconds: float, age: float, expected: bool) -> None:
    assert well(plant([], kind, 0.0, seconds=seconds), age) is expected


def test_the_status_shows_what_was_given_and_how_often_it_struck() -> None:
    planted = plant([], "slow-answers", 0.0, operation="UpdateService", count=2)
    strike_call([planted], "slow-answers", "UpdateService")
    expected = {
        "kind": "slow-answers",
        "operation": "UpdateService",
        "seconds": 5.0,
        "left": 1,
        "struck": 1,
    }
    assert faults.shown(planted) == expected


def test_the_external_scaler_waits_for_something_to_put_to_sleep() -> None:
    stage = Stage(desired=0)
    stage.up("1")
    once = plant(stage.world.faults, "scaler-to-zero", 0.0, service="app", count=1)
    assert not look(stage.world, once, stage.now)
    stage.scale(2)
    assert look(stage.world, once, stage.now)
    assert stage.service.desired_count == 0
    stage.scale(1)
    assert not look(stage.world, once, stage.now)
    other = plant(stage.world.faults, "scaler-to-zero", 0.0, service="shop")
    assert not look(stage.world, other, stage.now)
    assert stage.service.desired_count == 1


def test_the_past_is_as_old_as_asked_where_it_is_known() -> None:
    past, world = Past(), World()
    assert past.before(0.0, 5.0) is None
    for second in range(20):
        world.serial = second
        past.remember(world, float(second), longest=5.0)
    seen = [past.before(19.0, age) for age in (0.0, 3.0, 5.0, 60.0)]
    assert [one.serial for one in seen if one is not None] == [19, 16, 14, 14]
    assert all(one is not world for one in seen)
    past.remember(World(), 20.0, longest=5.0)  # the account was reset
    last = past.before(20.0, 5.0)
    assert last is not None
    assert last.serial == 0
