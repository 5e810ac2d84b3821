"""Alarms and scaling policies as plain data; `world` holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]


@dataclass
class Alarm:
    """A metric alarm. `content` is what PutMetricAlarm was given, with the defaults that CloudWatch adds."""

    name: str
    arn: str
    content: dict[str, Any]
    configured_at: float
    updated_at: float  # of the state or its reason
    transitioned_at: float
    next_at: float  # when it is evaluated next
    state: AlarmState = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    value: float | None = (
        None  # the newest point behind the state: a step policy compares it with the threshold
    )
    tags: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class ScalingPolicy:
    """A step scaling policy of one scalable target. `steps` is botocore's StepScalingPolicyConfiguration."""

    name: str
    arn: str
    resource_id: str
    created_at: float
    steps: dict[str, Any]
    held: bool = False  # refused during a rollout; looked at again as soon as that is over
