"""PutMetricData, GetMetricData, GetMetricStatistics and ListMetrics over the world's metrics."""

from __future__ import annotations

import json
import math

from ecs_local import metrics
from ecs_local.alarms_watch import point_was_put
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.metrics import MetricKey, minute_at
from ecs_local.metrics_query import QueryError, Window, answer, check, period_of, width_of
from ecs_local.world import Content

TOKEN = AwsError("InvalidNextToken", "The specified token is not valid.")
_MOST_POINTS = 1440  # of GetMetricStatistics
_MOST_MINUTES = 25 * 60  # what is kept
_LISTED = 500
_MINUTES_OLD, _MINUTES_AHEAD = 14 * 24 * 60, 120  # what PutMetricData takes


def put_metric_data(call: Call, params: Content) -> Content:
    """Adds data; they can be read at once."""
    namespace = params["Namespace"]
    if namespace.startswith("AWS/"):
        raise AwsError("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
    data = list(params.get("MetricData", ()))
    for entity in params.get("EntityMetricData", ()):
        data += entity.get("MetricData", ())
    if not data:
        raise AwsError("MissingParameter", "The parameter MetricData is required.")
    for place, datum in enumerate(data, start=1):
        _check_datum(call, datum, place)
    for datum in data:
        key = metrics.key_in(datum | {"Namespace": namespace})
        _add(call, key, datum)
        point_was_put(call.world, key, call.now)
    return {}


def get_metric_data(call: Call, params: Content) -> Content:
    """The points of every query that returns data, newest first unless asked otherwise, as one page."""
    if "NextToken" in params:
        raise TOKEN
    queries = params["MetricDataQueries"]
    ascending = params.get("ScanBy") == "TimestampAscending"
    results = []
    try:
        check(queries)
        for query in queries:
            if not query.get("ReturnData", True):
                continue
            name, minute = query["Id"], call.world.profile.minute
            window = _window(call, params, width_of(period_of(queries, name)))
            points = answer(call.world.metrics, queries, name, window, call.now)
            found = [
                ((window.first + place * window.width) * minute, point)
                for place, point in enumerate(points)
                if point is not None
            ]
            found.sort(reverse=not ascending)
            label = query.get("Label") or query.get("MetricStat", {}).get("Metric", {}).get(
                "MetricName", name
            )
            results.append(
                {
                    "Id": name,
                    "Label": label,
                    "Timestamps": [at for at, _ in found],
                    "Values": [point for _, point in found],
                    "StatusCode": "Complete",
                }
            )
    except QueryError as error:
        raise AwsError("ValidationError", str(error)) from None
    return {"MetricDataResults": results, "Messages": []}


def get_metric_statistics(call: Call, params: Content) -> Content:
    """One metric in several statistics, oldest first."""
    asked = [*params.get("Statistics", ()), *params.get("ExtendedStatistics", ())]
    if not asked:
        raise AwsError("MissingParameter", "Must specify either Statistics or ExtendedStatistics.")
    unknown = [name for name in asked if not metrics.is_statistic(name)]
    if unknown:
        raise AwsError("InvalidParameterValue", f"The embedded ECS has no statistic {unknown[0]}.")
    try:
        width = width_of(params["Period"])
    except QueryError as error:
        raise AwsError("InvalidParameterValue", str(error)) from None
    window, minute, store = _window(call, params, width), call.world.profile.minute, call.world.metrics
    if window.count > _MOST_POINTS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {window.count} datapoints, which exceeds the limit of {_MOST_POINTS}.",
        )
    key = metrics.key_in(params)
    unit = store.units.get(key, "None")
    shown = []
    for place in range(window.count):
        first = window.first + place * width
        values = {
            name: value
            for name in asked
            if (value := metrics.read(store, key, name, first, width, 1, call.now)[0]) is not None
        }
        if values and params.get("Unit", unit) == unit:
            plain = {name: value for name, value in values.items() if name in metrics.STATISTICS}
            extended = {name: value for name, value in values.items() if name not in plain}
            more = {"ExtendedStatistics": extended} if extended else {}
            shown.append({"Timestamp": first * minute, "Unit": unit, **plain, **more})
    return {"Label": params["MetricName"], "Datapoints": shown}


def list_metrics(call: Call, params: Content) -> Content:
    """The metrics that have data, by name space, name and dimensions."""
    store = call.world.metrics
    chosen = sorted(
        (
            key
            for key, minutes in store.series.items()
            if _meant(key, params) and any(datum.visible_at <= call.now for datum in minutes.values())
        ),
        key=json.dumps,
    )
    found, token = page(chosen, params.get("NextToken"), _LISTED, json.dumps, TOKEN)
    shown = [
        {
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions],
        }
        for namespace, name, dimensions in found
    ]
    return {"Metrics": shown} | ({"NextToken": token} if token else {})


def _meant(key: MetricKey, params: Content) -> bool:
    namespace, name, pairs = key
    dimensions = dict(pairs)
    return (
        params.get("Namespace", namespace) == namespace
        and params.get("MetricName", name) == name
        and all(
            wanted["Name"] in dimensions
            and wanted.get("Value", dimensions[wanted["Name"]]) == dimensions[wanted["Name"]]
            for wanted in params.get("Dimensions", ())
        )
    )


def _window(call: Call, params: Content, width: int) -> Window:
    """Whole periods from StartTime to EndTime, as far as there can be data."""
    minute = call.world.profile.minute
    newest = minute_at(call.now, minute) + 1
    start, end = minute_at(params["StartTime"], minute), math.ceil(params["EndTime"] / minute)
    if end <= start:
        raise AwsError("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    first = max(start, newest - _MOST_MINUTES)
    first -= first % width
    return Window(first, width, max(0, math.ceil((min(end, newest) - first) / width)))


def _check_datum(call: Call, datum: Content, place: int) -> None:
    where = f"MetricData.member.{place}"
    given = [each for each in ("Value", "Values", "StatisticValues") if each in datum]
    if len(given) != 1:
        raise AwsError(
            "InvalidParameterCombination",
            f"{where}: exactly one of Value, Values and StatisticValues must be specified.",
        )
    numbers = (
        [datum["Value"]]
        if "Value" in datum
        else datum.get("Values", list(datum.get("StatisticValues", {}).values()))
    )
    if not all(math.isfinite(each) for each in numbers):
        raise AwsError("InvalidParameterValue", f"The value of {where}.Value is not a number.")
    if len(datum.get("Counts", numbers)) != len(numbers):
        raise AwsError("InvalidParameterValue", f"{where}: Values and Counts must have the same length.")
    minute, at = call.world.profile.minute, datum.get("Timestamp", call.now)
    if not call.now - _MINUTES_OLD * minute <= at <= call.now + _MINUTES_AHEAD * minute:
        raise AwsError(
            "InvalidParameterValue",
            f"The parameter {where}.Timestamp must be within the last two weeks and the next two hours.",
        )


def _add(call: Call, key: MetricKey, datum: Content) -> None:
    store = call.world.metrics
    store.units[key] = datum.get("Unit", "None")
    number = minute_at(datum.get("Timestamp", call.now), call.world.profile.minute)
    if "StatisticValues" in datum:
        metrics.put_set(store, key, number, datum["StatisticValues"], call.now)
        return
    values = [datum["Value"]] if "Value" in datum else datum["Values"]
    for value, times in zip(values, datum.get("Counts", [1.0] * len(values)), strict=True):
        metrics.put(store, key, number, value, call.now, times)


OPERATIONS: dict[str, Handler] = {
    "GetMetricData": get_metric_data,
    "GetMetricStatistics": get_metric_statistics,
    "ListMetrics": list_metrics,
    "PutMetricData": put_metric_data,
}
