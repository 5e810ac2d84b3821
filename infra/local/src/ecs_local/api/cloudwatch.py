"""CloudWatch: metrics and alarms are ours, dashboards are passive."""

from __future__ import annotations

from ecs_local.api import cloudwatch_alarms, cloudwatch_metrics
from ecs_local.api.context import Handler

OPERATIONS: dict[str, Handler] = cloudwatch_metrics.OPERATIONS | cloudwatch_alarms.OPERATIONS


def is_passive(operation: str) -> bool:
    """Is it an operation that the passive registers answer?"""
    return operation.endswith(("Dashboard", "Dashboards"))
