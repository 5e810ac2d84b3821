"""What a stack believes to have, and somebody has deleted by other means: CloudFormation sees no change there.

It is made anew by two updates: one in which the stack gives it up, and one in which it wants it again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ecs_deployment.errors import CloudError

from ecs_provisioning.calls import Aws, call
from ecs_provisioning.changeset import Change
from ecs_provisioning.stack import Stack, resources

_WANTED_BY = {
    "IdleAlarm": "IdlePeriods",
    "WakeAlarm": "IdlePeriods",
    "ScalableTarget": "IdlePeriods",
    "SleepPolicy": "IdlePeriods",
    "WakePolicy": "IdlePeriods",
    "ErrorAlarm": "ErrorsPerMinute",
}
"""Logical id -> the parameter that, at 0, has the stack do without it."""


def of(aws: Aws, found: Stack) -> tuple[Change, ...]:
    """Each of them as what is to be made. Only what a stack can give up for a moment is looked for."""
    there = {logical: (kind, name) for logical, kind, name in resources(aws, found) if logical in _WANTED_BY}
    try:
        present = _present(aws, [name for _, name in there.values()]) if there else set()
    except CloudError:
        return ()  # who may not look is told by app.verify
    return tuple(
        Change("Add", logical, kind) for logical, (kind, name) in there.items() if name not in present
    )


def given_up(gone: Collection[Change]) -> dict[str, str]:
    """The parameters by which the stack does without all that is gone."""
    return {_WANTED_BY[one.logical]: "0" for one in gone}


def _present(aws: Aws, names: list[str]) -> set[str]:
    """Those of these physical ids that there are: of targets, of policies, of alarms."""
    found: set[str] = set()
    alarms = [name for name in names if "|" not in name and not name.startswith("arn:")]
    if alarms:
        rows = call(aws.read("cloudwatch"), "describe_alarms", AlarmNames=alarms)["MetricAlarms"]
        found |= {row["AlarmName"] for row in rows}
    for target in (name for name in names if "|" in name):  # service/CLUSTER/SERVICE|DIMENSION|NAMESPACE
        resource, dimension, namespace = target.split("|")
        scaling = aws.read("application-autoscaling")
        same: dict[str, Any] = {"ServiceNamespace": namespace, "ScalableDimension": dimension}
        if call(scaling, "describe_scalable_targets", ResourceIds=[resource], **same)["ScalableTargets"]:
            found.add(target)
        rows = call(scaling, "describe_scaling_policies", ResourceId=resource, **same)["ScalingPolicies"]
        found |= {row["PolicyARN"] for row in rows}
    return found
