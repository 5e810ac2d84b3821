"""24 hours of a sleeping service with visitors and deploys, each in less than a second: who is served, who sleeps."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pytest
from ecs_local.cfn_template import parse
from ecs_local.profile import FARGATE
from ecs_provisioning import template

from tests.simulation.sleeper import (
    FILLED,
    IDLE_SECONDS,
    LEASED,
    NAIVE,
    PATIENT,
    Recipe,
    Sleeper,
    Tally,
    busy_day,
)

DAY = 86_400.0
SEEDS = (2, 3, 7)


@cache
def _day(recipe: Recipe, seed: int) -> Tally:
    return busy_day(recipe, seed).run_until(DAY)


def _wrong(recipe: Recipe) -> int:
    return sum(len(_day(recipe, seed).wrong_sleeps) for seed in SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_naive_recipe_serves_nobody(seed: int) -> None:
    """A refused visitor does not count as traffic: the idle alarm takes down what the wake alarm has just raised."""
    tally = _day(NAIVE, seed)
    assert tally.served == 0
    assert len(tally.wrong_sleeps) > 100


def test_counting_refused_visitors_serves_them_but_the_lag_puts_slow_readers_to_sleep() -> None:
    assert all(_day(FILLED, seed).served > 100 for seed in SEEDS)
    assert _wrong(FILLED) > 20 * len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_more_periods_leave_only_the_deploys_to_be_put_to_sleep(seed: int) -> None:
    day = busy_day(PATIENT, seed)
    wrong = day.run_until(DAY).wrong_sleeps
    assert 1 <= len(wrong) <= len(day.deploys)
    assert all(min(abs(at - began) for began in day.deploys) < IDLE_SECONDS for at in wrong)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_a_protected_deploy_nothing_sleeps_too_early(seed: int) -> None:
    tally = _day(LEASED, seed)
    assert tally.wrong_sleeps == ()
    assert tally.served > 200
    assert len(tally.sleeps) > 10
    assert len(tally.late_sleeps) <= 3  # somebody came in the minutes that no metric shows yet


def test_the_same_seed_gives_the_same_history() -> None:
    first, second, other = (busy_day(LEASED, seed) for seed in (4, 4, 5))
    assert first.run_until(DAY / 4) == second.run_until(DAY / 4) != other.run_until(DAY / 4)
    assert first.world.alarm_history == second.world.alarm_history
    assert first.world.scaling_activities == second.world.scaling_activities
    assert first.messages() == second.messages()


def test_a_service_deployed_from_zero_sleeps_after_its_idle_minutes_and_wakes_for_a_visitor() -> None:
    day = Sleeper(LEASED)
    day.deploy("1")
    day.run_until(1800.0)
    assert day.service.desired_count == 0
    day.roll_out("2")
    day.run_until(1800.0 + IDLE_SECONDS)
    assert day.service.desired_count == 1
    done = day.touched[-1]
    tally = day.run_until(3600.0)
    assert day.service.desired_count == 0
    assert (
        IDLE_SECONDS <= tally.sleeps[-1] - done <= 9 * 60
    )  # idle + 2 periods, the rest of one, and the evaluation
    day.insist(1, 0.0)
    tally = day.run_until(3600.0 + 600.0)
    assert tally.served == 1
    assert day.service.desired_count == 1
    assert 60 <= tally.wakes[-1] - 3600.0 <= 240  # the rest of the minute, the publishing, the evaluation
    assert day.run_until(7200.0).wrong_sleeps == ()


def test_an_idle_alarm_that_stands_in_alarm_acts_when_the_deploy_is_over() -> None:
    """What AWS does to a deploy without protection: held off while it rolls, then put to sleep at once."""
    day = Sleeper(PATIENT)
    day.deploy("1")
    day.run_until(1800.0)
    assert day.world.alarms["idle"].state == "ALARM"
    day.roll_out("2")
    deployment = day.primary
    tally = day.run_until(2400.0)
    assert deployment.completed_at is not None
    assert [at - deployment.completed_at for at in tally.sleeps] == [pytest.approx(FARGATE.minute / 60)]
    reasons = [
        one["NotScaledReasons"][0]["Code"]
        for one in day.world.scaling_activities
        if "NotScaledReasons" in one and day.deploys[0] < one["StartTime"] < tally.sleeps[0]
    ]
    assert reasons == ["TargetServicePutResourceAsUnscalable"]


@pytest.mark.parametrize(("expression", "wakes"), [("refused", True), ("FILL(refused, 0)", False)])
def test_a_wake_alarm_must_not_fill_what_it_waits_for(expression: str, wakes: bool) -> None:
    """The newest minute is not published yet: filled with 0 it is a real point, and the only one that is judged."""
    day = Sleeper(LEASED)
    query = {"Id": "knocks", "Expression": f"IF(FILL(healthy, 0) < 1, {expression}, 0)"}
    wake = day.world.alarms["wake"]
    wake.content = wake.content | {"Metrics": [*wake.content["Metrics"][:2], query]}
    day.deploy("1")
    day.at(1800.0, partial(day.insist, 1, 0.0))
    tally = day.run_until(3600.0)
    assert (bool(tally.wakes), bool(tally.served)) == (wakes, wakes)


def test_suspension_holds_it_and_resuming_lets_it_act_at_once() -> None:
    day = Sleeper(PATIENT)
    day.deploy("1")
    day.run_until(1800.0)
    day.suspend(True)
    day.roll_out("2")
    day.suspend(True)
    day.run_until(2400.0)
    assert day.service.desired_count == 1
    day.suspend(False)
    assert day.service.desired_count == 0


def _told(alarm: dict[str, Any]) -> dict[str, Any]:
    """What an alarm watches and how it judges, whatever its metrics are called and in whichever order they stand."""
    names = ("ComparisonOperator", "EvaluationPeriods", "Threshold", "TreatMissingData")
    return {name: alarm[name] for name in names} | {"Metrics": sorted(map(_watched, alarm["Metrics"]))}


def _watched(metric: dict[str, Any]) -> tuple[Any, ...]:
    if "Expression" in metric:
        return (metric["Expression"],)
    stat, what = metric["MetricStat"], metric["MetricStat"]["Metric"]
    by = [one["Name"] for one in what["Dimensions"]]
    return (metric["Id"], what["Namespace"], what["MetricName"], stat["Stat"], stat["Period"], *by)


@pytest.mark.parametrize("logical", ["IdleAlarm", "WakeAlarm"])
def test_the_recipe_that_is_simulated_is_the_templates(logical: str) -> None:
    read = parse(template.body())
    theirs = dict(read.resources[logical].properties)
    if logical == "IdleAlarm":
        theirs["EvaluationPeriods"] = read.parameters["IdlePeriods"]["Default"]
    ours = Sleeper(LEASED).world.alarms[logical.removesuffix("Alarm").lower()].content
    assert _told(dict(ours)) == _told(theirs)
