"""What a step policy does when its alarm calls: adjustments, bounds, cooldowns, suspension, rollouts."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local.autoscaler import Capacity, NotScaled, Scale, adjustment_for, changed, decide
from ecs_local.world import ScalableTarget
from hypothesis import given
from hypothesis import strategies as st

UNSCALABLE = NotScaled({"Code": "TargetServicePutResourceAsUnscalable"})


def _target(low: int = 0, high: int = 10, **suspended: bool) -> ScalableTarget:
    target = ScalableTarget("service/main/app", low, high, 0.0, "arn", "role")
    target.suspended |= {f"DynamicScaling{name}Suspended": flag for name, flag in suspended.items()}
    return target


def _steps(kind: str, adjustment: int, **more: Any) -> dict[str, Any]:
    return {"AdjustmentType": kind, "StepAdjustments": [{"ScalingAdjustment": adjustment}], **more}


def _at(desired: int, running: int | None = None, *, rolling: bool = False) -> Capacity:
    return Capacity(desired, desired if running is None else running, rolling)


EXACT, CHANGE, PERCENT = "ExactCapacity", "ChangeInCapacity", "PercentChangeInCapacity"


@pytest.mark.parametrize(
    ("kind", "adjustment", "desired", "expected"),
    [
        (EXACT, 0, 1, Scale(0)),
        (EXACT, 1, 0, Scale(1)),
        (EXACT, 1, 1, NotScaled({"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 1})),
        (EXACT, 1, 4, Scale(1)),
        (EXACT, 20, 4, Scale(10)),
        (EXACT, 20, 10, NotScaled({"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 10})),
        (CHANGE, 2, 3, Scale(5)),
        (CHANGE, -2, 3, Scale(1)),
        (CHANGE, -5, 3, Scale(0)),
        (CHANGE, -1, 0, NotScaled({"Code": "AlreadyAtMinCapacity", "MinCapacity": 0})),
        (PERCENT, 50, 5, Scale(7)),
        (PERCENT, 10, 5, Scale(6)),
        (PERCENT, -10, 5, Scale(4)),
        (PERCENT, -50, 5, Scale(3)),
        (PERCENT, 100, 0, NotScaled({"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 0})),
    ],
)
def test_adjustments(kind: str, adjustment: int, desired: int, expected: object) -> None:
    assert decide(_target(), _steps(kind, adjustment), _at(desired), 0.0, True, 0.0) == expected


def test_a_percentage_moves_by_its_minimum_at_least() -> None:
    assert decide(_target(), _steps(PERCENT, 25, MinAdjustmentMagnitude=2), _at(4), 0.0, True, 0.0) == Scale(
        6
    )


def test_the_base_is_the_running_count() -> None:
    assert decide(_target(), _steps(CHANGE, 1), _at(1, running=0), 0.0, True, 0.0) == NotScaled(
        {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 1}
    )


@pytest.mark.parametrize(
    ("gap", "rising", "expected"),
    [(0.0, True, 1), (9.9, True, 1), (10.0, True, 2), (-0.1, True, None), (0.0, False, None)],
)
def test_steps_above_the_threshold(gap: float, rising: bool, expected: int | None) -> None:
    steps = [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 2},
    ]
    assert adjustment_for(steps, gap, rising) == expected


@pytest.mark.parametrize(
    ("gap", "rising", "expected"),
    [(0.0, False, -1), (-10.0, False, -2), (-9.9, False, -1), (0.0, True, None)],
)
def test_steps_below_the_threshold(gap: float, rising: bool, expected: int | None) -> None:
    steps = [
        {"MetricIntervalLowerBound": -10.0, "MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1},
        {"MetricIntervalUpperBound": -10.0, "ScalingAdjustment": -2},
    ]
    assert adjustment_for(steps, gap, rising) == expected


def test_a_rollout_holds_off_scale_in_but_not_scale_out() -> None:
    assert decide(_target(), _steps(EXACT, 0), _at(1, rolling=True), 0.0, False, 0.0) == UNSCALABLE
    assert decide(_target(), _steps(EXACT, 3), _at(1, rolling=True), 0.0, True, 0.0) == Scale(3)


def test_suspension_is_silent_and_by_direction() -> None:
    assert decide(_target(In=True), _steps(EXACT, 0), _at(1), 0.0, False, 0.0) is None
    assert decide(_target(In=True), _steps(EXACT, 2), _at(1), 0.0, True, 0.0) == Scale(2)
    assert decide(_target(Out=True), _steps(EXACT, 2), _at(1), 0.0, True, 0.0) is None


def test_below_the_minimum_a_scale_in_does_nothing_and_a_scale_out_lifts_to_it() -> None:
    assert isinstance(decide(_target(low=2), _steps(CHANGE, -1), _at(1), 0.0, False, 0.0), NotScaled)
    assert decide(_target(low=2), _steps(CHANGE, 1), _at(0), 0.0, True, 0.0) == Scale(2)


def test_a_scale_in_cools_down_and_a_scale_out_ends_that() -> None:
    target, steps = _target(), _steps(CHANGE, -1, Cooldown=60)
    changed(target, steps, 5, 4, 60.0, 100.0)
    assert decide(target, steps, _at(4), 0.0, False, 159.0) is None
    assert decide(target, steps, _at(4), 0.0, False, 160.0) == Scale(3)
    assert decide(target, _steps(CHANGE, 2), _at(4), 0.0, True, 110.0) == Scale(6)
    changed(target, _steps(CHANGE, 2, Cooldown=60), 4, 6, 60.0, 110.0)
    assert decide(target, steps, _at(6), 0.0, False, 120.0) == Scale(5)


def test_while_a_scale_out_cools_down_what_it_added_counts_for_the_next() -> None:
    target, steps = _target(), _steps(CHANGE, 2, Cooldown=60)
    changed(target, steps, 1, 3, 60.0, 0.0)
    assert isinstance(decide(target, steps, _at(3), 0.0, True, 30.0), NotScaled)
    assert decide(target, _steps(CHANGE, 4), _at(3), 0.0, True, 30.0) == Scale(5)
    assert decide(target, steps, _at(3), 0.0, True, 60.0) == Scale(5)


def test_without_a_cooldown_given_it_is_five_minutes_of_cloudwatch() -> None:
    target = _target()
    changed(target, _steps(EXACT, 0), 1, 0, 6.0, 0.0)
    assert target.cools_in_until == 30.0


@given(
    st.sampled_from([EXACT, CHANGE, PERCENT]),
    st.integers(-200, 200),
    st.integers(0, 12),
    st.integers(0, 12),
    st.booleans(),
)
def test_a_decision_stays_between_the_bounds_and_changes_something(
    kind: str, adjustment: int, desired: int, running: int, rolling: bool
) -> None:
    target = _target(low=1, high=8)
    size = abs(adjustment) if kind == EXACT else adjustment
    found = decide(target, _steps(kind, size), Capacity(desired, running, rolling), 0.0, True, 0.0)
    if isinstance(found, Scale):
        assert 1 <= found.to <= 8
        assert found.to != desired
        assert not (rolling and found.to < desired)
