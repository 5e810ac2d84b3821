"""Alarms on the virtual clock: transitions, actions each minute, states set by hand, switched-off actions."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import Any

import pytest
from ecs_local.alarms import Verdict
from ecs_local.alarms_model import Alarm
from ecs_local.alarms_watch import keys_of, next_evaluation, point_was_put, set_by_hand
from ecs_local.metrics import minute_at, put
from ecs_local.profile import FARGATE, FAST, Profile
from ecs_local.world import World

from tests.simulation.sleeper import LEASED, PATIENT, Sleeper

MINUTE = 60.0


def _awake(**more: Any) -> Sleeper:
    """A service that runs one task, and that its idle alarm is about to take down."""
    stage = Sleeper(PATIENT, profile=FAST, **more)
    stage.suspend(True)
    stage.scale(1)
    stage.deploy("1")
    stage.run_until(5 * MINUTE)
    assert stage.world.alarms["idle"].state == "ALARM"
    assert stage.service.desired_count == 1
    return stage


def _set(stage: Sleeper, name: str, state: Any, data: str = "") -> None:
    set_by_hand(stage.world, stage.world.alarms[name], Verdict(state, "by hand", data, None), stage.now)


def test_an_auto_scaling_action_is_repeated_each_minute() -> None:
    stage = _awake()
    target = next(iter(stage.world.scalable_targets.values()))
    target.suspended["DynamicScalingInSuspended"] = False  # not by a call: nothing is evaluated at once
    assert stage.service.desired_count == 1
    stage.run(MINUTE)
    assert stage.service.desired_count == 0
    stage.scale(1)
    stage.run(MINUTE)
    assert stage.service.desired_count == 0


def test_switched_off_actions_leave_the_state_to_change() -> None:
    stage = _awake()
    idle = stage.world.alarms["idle"]
    idle.content = idle.content | {"ActionsEnabled": False}
    stage.suspend(False)
    stage.run(3 * MINUTE)
    assert (idle.state, stage.service.desired_count) == ("ALARM", 1)


def test_a_state_set_by_hand_lasts_until_the_next_evaluation() -> None:
    stage = _awake()
    _set(stage, "idle", "OK")
    assert stage.world.alarms["idle"].state == "OK"
    stage.suspend(False)  # nothing stands in ALARM just now
    assert stage.service.desired_count == 1
    stage.run(3.0)
    assert (stage.world.alarms["idle"].state, stage.service.desired_count) == ("ALARM", 0)


@pytest.mark.parametrize(("data", "desired"), [("", 0), ('{"recentDatapoints": [1.0]}', 1)])
def test_a_state_set_by_hand_drives_a_policy_only_with_its_data(data: str, desired: int) -> None:
    stage = Sleeper(LEASED, profile=FAST)
    stage.deploy("1")
    stage.run(MINUTE)
    _set(stage, "wake", "ALARM", data)
    assert stage.service.desired_count == desired


def test_a_policy_that_a_rollout_holds_gets_its_turn_when_that_is_over_and_not_before() -> None:
    stage = _awake()
    stage.deploy("2")
    stage.suspend(False)
    assert stage.service.desired_count == 1
    assert stage.world.scaling_activities[0]["NotScaledReasons"] == [
        {"Code": "TargetServicePutResourceAsUnscalable"}
    ]
    stage.simulation.run(until=lambda: stage.primary.rollout_state == "COMPLETED")
    assert stage.service.desired_count == 1
    stage.run(1.01)
    assert stage.service.desired_count == 0


def test_a_policy_that_was_held_is_let_go_when_its_alarm_is_well_by_then() -> None:
    stage = _awake()
    stage.deploy("2")
    stage.suspend(False)
    _set(stage, "idle", "OK")
    stage.world.alarms["idle"].next_at = inf  # it stays so
    stage.simulation.run(until=lambda: stage.primary.rollout_state == "COMPLETED")
    stage.run(1.01)
    assert stage.service.desired_count == 1


@pytest.mark.parametrize("speed", [1.0, 7.0, 120.0])
def test_an_alarm_is_evaluated_once_a_minute_of_the_profile(speed: float) -> None:
    world = World(profile=FAST.at_speed(speed), seed=3)
    moments = [next_evaluation(world, "a", 1_700_000_000.0)]
    for _ in range(5):
        moments.append(next_evaluation(world, "a", moments[-1]))
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert gaps == [pytest.approx(MINUTE / speed, rel=1e-4)] * 5


def test_an_alarm_that_is_deleted_does_nothing_more() -> None:
    stage = _awake()
    alarm: Alarm = stage.world.alarms.pop("idle")
    stage.suspend(False)
    stage.run(3 * MINUTE)
    assert (alarm.state, stage.service.desired_count) == ("ALARM", 1)


@pytest.mark.parametrize(("profile", "state"), [(FAST, "OK"), (FARGATE, "ALARM")])
def test_a_point_put_by_hand_is_judged_at_once_on_fast_only(profile: Profile, state: str) -> None:
    stage = Sleeper(LEASED, profile=profile)
    stage.suspend(True)
    stage.scale(1)
    stage.deploy("1")
    stage.run_until(15 * MINUTE)
    idle = stage.world.alarms["idle"]
    assert idle.state == "ALARM"
    running = minute_at(stage.now, MINUTE)
    (leased,) = [key for key in keys_of(idle) if key[1] == "DeployActivity"]
    put(stage.world.metrics, leased, running, 1.0, stage.now)
    point_was_put(stage.world, leased, stage.now)
    stage.run(0.5)
    assert idle.state == state
