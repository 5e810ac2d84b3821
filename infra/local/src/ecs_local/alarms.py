"""Judges an alarm from its points: evaluation range, M out of N, missing data, and the reason in CloudWatch's words.

CloudWatch looks at more periods than EvaluationPeriods says, and fills in missing ones "only as few times as
possible" (CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", whose tables the tests hold).
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecs_local.alarms_model import AlarmState
from ecs_local.metrics import MetricStore, Points
from ecs_local.metrics_query import Query, Window, answer, width_of

EXTRA = 2
"""Periods beyond EvaluationPeriods in the evaluation range: the guide's examples take 5 for 3."""

_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_FILLED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class Verdict:
    """A state, its reason, and the newest point it rests on (None where it rests on missing data)."""

    state: AlarmState
    reason: str
    reason_data: str
    value: float | None


def comparisons() -> tuple[str, ...]:
    """The ComparisonOperators of alarms with a threshold of their own."""
    return tuple(_COMPARE)


def rises(content: Mapping[str, Any]) -> bool:
    """Does the alarm watch for values above its threshold?"""
    return str(content["ComparisonOperator"]).startswith("Greater")


def queries_of(content: Mapping[str, Any]) -> list[Query]:
    """What the alarm watches, as MetricDataQueries; exactly one of them returns data."""
    if "Metrics" in content:
        return list(content["Metrics"])
    metric = {key: content[key] for key in ("Namespace", "MetricName", "Dimensions") if key in content}
    stat = {
        "Metric": metric,
        "Period": content["Period"],
        "Stat": content.get("Statistic") or content["ExtendedStatistic"],
    }
    return [{"Id": "m1", "MetricStat": stat | {key: content[key] for key in ("Unit",) if key in content}}]


def watched(content: Mapping[str, Any]) -> str:
    """The id of the query that the alarm judges."""
    queries = queries_of(content)
    return str(next(each["Id"] for each in queries if len(queries) == 1 or each.get("ReturnData", True)))


def period_of(content: Mapping[str, Any]) -> int:
    """The alarm's period in seconds of CloudWatch."""
    return int(
        content["Period"]
        if "Period" in content
        else next(each["MetricStat"]["Period"] for each in content["Metrics"] if "MetricStat" in each)
    )


def evaluate(
    store: MetricStore,
    content: Mapping[str, Any],
    current: AlarmState,
    minute: float,
    number: int,
    now: float,
) -> Verdict:
    """The alarm at `now`: its evaluation range ends where minute `number`, the running one, begins."""
    width, needed = width_of(period_of(content)), int(content["EvaluationPeriods"])
    count = needed + EXTRA
    first = number - count * width
    points = answer(store, queries_of(content), watched(content), Window(first, width, count), now)
    breaches, _ = _COMPARE[content["ComparisonOperator"]]
    threshold = float(content["Threshold"])
    marks = [None if point is None else breaches(point, threshold) for point in points]
    treated = content.get("TreatMissingData", "missing")
    state = judge(marks, needed, int(content.get("DatapointsToAlarm", needed)), treated, current)
    starts = [(first + place * width) * minute for place in range(count)]
    used = [(at, point) for at, point in zip(starts, points, strict=True) if point is not None][-needed:]
    return Verdict(
        state,
        _reason(content, used, state, needed),
        _data(content, used, points[-needed:], now),
        used[-1][1] if used else None,
    )


def judge(
    marks: Sequence[bool | None], needed: int, to_alarm: int, treated: str, current: AlarmState
) -> AlarmState:
    """The state by the points of the evaluation range, oldest first: breaching, not breaching, or None.

    `needed` is EvaluationPeriods, `to_alarm` DatapointsToAlarm, `treated` TreatMissingData.
    """
    real = [mark for mark in marks if mark is not None]
    breaching = sum(real[-needed:])
    if len(real) >= needed or treated == "notBreaching":
        return "ALARM" if breaching >= to_alarm else "OK"
    if treated == "breaching":
        return "ALARM" if breaching + needed - len(real) >= to_alarm else "OK"
    if breaching >= to_alarm:
        return "ALARM"
    if False in real:
        return "OK"
    if treated == "ignore":
        return current
    if not real:
        return "INSUFFICIENT_DATA"
    # A lone breach becomes an alarm only when it is old enough that nothing better can still arrive.
    age = len(marks) - list(marks).index(True)
    return "ALARM" if age >= to_alarm else current


def _reason(
    content: Mapping[str, Any], used: list[tuple[float, float]], state: AlarmState, needed: int
) -> str:
    treated = _FILLED.get(content.get("TreatMissingData", "missing"))
    missing = needed - len(used)
    points = "datapoint" if missing == 1 else "datapoints"
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {missing} {points} {'was' if missing == 1 else 'were'} unknown."
    filled = f"{missing} missing {points} {'was' if missing == 1 else 'were'} treated as [{treated}]"
    if not used:
        periods = "period" if needed == 1 else "periods"
        told = f" and {filled}" if treated else ""
        return f"Threshold Crossed: no datapoints were received for {needed} {periods}{told}."
    compare, words = _COMPARE[content["ComparisonOperator"]]
    threshold, in_alarm = float(content["Threshold"]), state == "ALARM"
    shown = [each for each in used if compare(each[1], threshold) == in_alarm] or used
    many = len(shown) != 1
    listed = ", ".join(f"{value} ({_clock(at)})" for at, value in reversed(shown[-5:]))
    recent = "the most recent datapoints which crossed" if many and in_alarm else ""
    head = f"{len(shown)} out of the last {needed} datapoint{'s' if needed != 1 else ''} "
    verb = ("were" if many else "was") + ("" if in_alarm else " not")
    least = int(content.get("DatapointsToAlarm", needed))
    turn = "OK -> ALARM" if in_alarm else "ALARM -> OK"
    minimum = least if in_alarm else needed - least + 1
    also = f"; {filled}" if missing > 0 and treated else ""
    return (
        f"Threshold Crossed: {head}[{recent + ': ' if recent else ''}{listed}] {verb} {words} the threshold "
        f"({threshold}) (minimum {minimum} datapoint{'s' if minimum != 1 else ''} for {turn} transition){also}."
    )


def _data(content: Mapping[str, Any], used: list[tuple[float, float]], recent: Points, now: float) -> str:
    """StateReasonData, from which Application Auto Scaling reads the value."""
    told = {
        "version": "1.0",
        "queryDate": _iso(now),
        "startDate": _iso(used[0][0]) if used else None,
        "statistic": content.get("Statistic"),
        "period": period_of(content),
        "recentDatapoints": [point for point in recent if point is not None],
        "threshold": float(content["Threshold"]),
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d/%m/%y %H:%M:%S")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
