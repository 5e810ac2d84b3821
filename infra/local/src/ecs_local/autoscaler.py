"""What a step scaling policy does when its alarm calls: pure rules of Application Auto Scaling.

A scale-in is refused while a deployment rolls; a scale-out never is. What a cooldown blocks is told in the user
guide ("How step scaling for Application Auto Scaling works"); the base of a change is the running count (ECS
developer guide, "Service auto scaling").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_local.world import ScalableTarget

Steps = Mapping[str, Any]
DEFAULT_COOLDOWN = 300
_HUNDRED = 100


@dataclass(frozen=True)
class Capacity:
    """A service as Application Auto Scaling sees it."""

    desired: int
    running: int
    rolling: bool  # a deployment is in progress


@dataclass(frozen=True)
class Scale:
    """Set the desired count."""

    to: int


@dataclass(frozen=True)
class NotScaled:
    """Nothing is changed; `reason` is botocore's NotScaledReason."""

    reason: Mapping[str, Any]


Decision = Scale | NotScaled | None
"""None: nothing happens and nothing is recorded (suspended, cooling down, no step for the value)."""


def decide(
    target: ScalableTarget, steps: Steps, now_at: Capacity, gap: float, rising: bool, now: float
) -> Decision:
    """What a policy does for a metric that is `gap` above its alarm's threshold."""
    adjustment = adjustment_for(steps["StepAdjustments"], gap, rising)
    if adjustment is None:
        return None
    wished = _wished(target, steps, now_at, adjustment, now)
    low, high = target.min_capacity, target.max_capacity
    count = min(max(wished, low), high)
    grows = count > now_at.desired
    if count == now_at.desired or (wished < now_at.desired < low):
        return NotScaled(_at_limit(wished, now_at.desired, low, high))
    if grows:
        return None if target.suspended["DynamicScalingOutSuspended"] else Scale(count)
    if now_at.desired < low or target.suspended["DynamicScalingInSuspended"] or now < target.cools_in_until:
        return None
    if now_at.rolling:
        return NotScaled({"Code": "TargetServicePutResourceAsUnscalable"})
    return Scale(count)


def adjustment_for(adjustments: Sequence[Steps], gap: float, rising: bool) -> int | None:
    """The ScalingAdjustment whose interval holds the gap between metric and threshold; None where none does.

    Above the threshold the lower bound belongs to the interval, below it the upper one (botocore, StepAdjustment);
    at the threshold the alarm's direction decides.
    """
    above = gap > 0 or (gap == 0 and rising)
    for each in adjustments:
        low = each.get("MetricIntervalLowerBound", -math.inf)
        high = each.get("MetricIntervalUpperBound", math.inf)
        if (low <= gap < high) if above else (low < gap <= high):
            return int(each["ScalingAdjustment"])
    return None


def changed(target: ScalableTarget, steps: Steps, before: int, after: int, minute: float, now: float) -> None:
    """Begins the cooldown of a change; a scale-out ends that of a scale-in."""
    until = now + steps.get("Cooldown", DEFAULT_COOLDOWN) * minute / 60
    if after < before:
        target.cools_in_until = until
        return
    if now >= target.cools_out_until:
        target.base_capacity = before
    target.cools_in_until, target.cools_out_until = -math.inf, until


def _wished(target: ScalableTarget, steps: Steps, at: Capacity, adjustment: int, now: float) -> int:
    """The capacity before bounds. What a scale-out has just added counts as part of the next one."""
    kind = steps["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    cooling = now < target.cools_out_until and adjustment > 0
    base = target.base_capacity if cooling else at.running
    wished = base + (adjustment if kind == "ChangeInCapacity" else _percent(base, adjustment, steps))
    return max(wished, at.desired) if adjustment > 0 else wished


def _percent(base: int, adjustment: int, steps: Steps) -> int:
    """Rounded towards 0, but never to 0; at least MinAdjustmentMagnitude."""
    exact = base * adjustment / _HUNDRED
    if exact == 0:
        return 0
    size = max(1, math.floor(abs(exact)), steps.get("MinAdjustmentMagnitude", 0))
    return int(math.copysign(size, exact))


def _at_limit(wished: int, desired: int, low: int, high: int) -> Mapping[str, Any]:
    if wished > high:
        return {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": high}
    if wished < low:
        return {"Code": "AlreadyAtMinCapacity", "MinCapacity": low}
    return {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": desired}
