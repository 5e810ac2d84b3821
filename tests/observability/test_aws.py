"""Alarms as CloudWatch describes them -> the rule by which the service goes to sleep."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_stats.aws import rule_of

SIMPLE = {
    "AlarmName": "idle",
    "StateValue": "OK",
    "EvaluationPeriods": 5,
    "Period": 60,
    "Statistic": "Sum",
    "Threshold": 0.0,
    "Namespace": "AWS/ApplicationELB",
    "MetricName": "RequestCount",
    "Dimensions": [{"Name": "LoadBalancer", "Value": "app/web/1"}],
    "ActionsEnabled": True,
}
MATH = [
    {"Id": "idle", "Expression": "FILL(served, 0)", "ReturnData": True},
    {"Id": "served", "ReturnData": False, "MetricStat": {"Metric": {}, "Period": 300, "Stat": "Sum"}},
]


def test_an_alarm_of_one_metric_is_asked_for_as_it_looks() -> None:
    rule = rule_of(SIMPLE)
    assert (rule.periods, rule.period, rule.threshold, rule.enabled) == (5, 60, 0.0, True)
    (query,) = rule.queries
    assert query["MetricStat"]["Metric"]["MetricName"] == "RequestCount"
    assert query["MetricStat"]["Stat"] == "Sum"


@pytest.mark.parametrize("changes", [{}, {"ActionsEnabled": False}, {"Threshold": 2.5}])
def test_an_alarm_of_an_expression_keeps_its_queries(changes: dict[str, Any]) -> None:
    math = {key: SIMPLE[key] for key in ("AlarmName", "StateValue", "EvaluationPeriods")} | {"Metrics": MATH}
    rule = rule_of(math | changes)
    assert rule.queries == tuple(MATH)
    assert rule.period == 300
    assert rule.enabled is changes.get("ActionsEnabled", True)
    assert rule.threshold == changes.get("Threshold", 0.0)
