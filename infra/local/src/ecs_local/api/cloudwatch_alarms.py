"""Metric alarms: PutMetricAlarm and all that reads, sets, switches and deletes them."""

from __future__ import annotations

import json

from ecs_local import alarms, alarms_watch
from ecs_local.alarms import Verdict
from ecs_local.alarms_model import Alarm
from ecs_local.api.cloudwatch_metrics import TOKEN
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.metrics import is_statistic
from ecs_local.metrics_query import QueryError, check, period_of
from ecs_local.world import Content

_A_DAY = 86_400
_KNOWN = frozenset(
    {
        "AlarmName", "AlarmDescription", "ActionsEnabled", "OKActions", "AlarmActions", "InsufficientDataActions",
        "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Dimensions", "Period", "Unit",
        "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "TreatMissingData",
        "EvaluateLowSampleCountPercentile", "Metrics", "Tags",
    }
)  # fmt: skip
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def put_metric_alarm(call: Call, params: Content) -> Content:
    """Creates an alarm in INSUFFICIENT_DATA, or replaces what one watches; its state stays until it is evaluated."""
    _check(params)
    name, world = params["AlarmName"], call.world
    content: Content = {"ActionsEnabled": True, "TreatMissingData": "missing"}
    content |= {key: [] for key in _ACTIONS}
    content |= {key: value for key, value in params.items() if key not in ("AlarmName", "Tags")}
    if "Metrics" not in params:
        content.setdefault("Dimensions", [])
    there = world.alarms.get(name)
    if there is None:
        arn = f"arn:aws:cloudwatch:{world.region}:{world.account}:alarm:{name}"
        moment = alarms_watch.next_evaluation(world, name, call.now)
        alarm = Alarm(name, arn, content, call.now, call.now, call.now, moment, tags=params.get("Tags", []))
        world.alarms[name] = alarm
        alarms_watch.remember(world, alarm, "ConfigurationUpdate", f'Alarm "{name}" created', call.now)
    else:
        there.content, there.configured_at = content, call.now
        alarms_watch.remember(world, there, "ConfigurationUpdate", f'Alarm "{name}" updated', call.now)
    return {}


def describe_alarms(call: Call, params: Content) -> Content:
    """The metric alarms asked for, by name; there are no composite ones."""
    names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
    if names and "AlarmNamePrefix" in params:
        raise AwsError(
            "InvalidParameterCombination", "AlarmNamePrefix and AlarmNames cannot be specified together."
        )
    chosen = [
        alarm
        for name, alarm in sorted(call.world.alarms.items())
        if "MetricAlarm" in params.get("AlarmTypes", ["MetricAlarm"])
        and name in (names or [name])
        and name.startswith(prefix)
        and alarm.state == params.get("StateValue", alarm.state)
        and _acts(alarm, params.get("ActionPrefix"))
    ]
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxRecords", 50), lambda one: one.name, TOKEN
    )
    shown = {"MetricAlarms": [_shown(alarm) for alarm in found], "CompositeAlarms": []}
    return shown | ({"NextToken": token} if token else {})


def describe_alarms_for_metric(call: Call, params: Content) -> Content:
    """The alarms on exactly this metric; those on expressions are not found so."""
    wanted = {one["Name"]: one["Value"] for one in params.get("Dimensions", ())}
    return {
        "MetricAlarms": [
            _shown(alarm)
            for _, alarm in sorted(call.world.alarms.items())
            if (alarm.content.get("Namespace"), alarm.content.get("MetricName"))
            == (params["Namespace"], params["MetricName"])
            and {one["Name"]: one["Value"] for one in alarm.content["Dimensions"]} == wanted
        ]
    }


def describe_alarm_history(call: Call, params: Content) -> Content:
    """What happened to alarms, newest first unless asked otherwise; also of alarms that are gone."""
    chosen = [
        entry
        for entry in call.world.alarm_history
        if entry["AlarmName"] == params.get("AlarmName", entry["AlarmName"])
        and "MetricAlarm" in params.get("AlarmTypes", ["MetricAlarm"])
        and entry["HistoryItemType"] == params.get("HistoryItemType", entry["HistoryItemType"])
        and params.get("StartDate", entry["Timestamp"]) <= entry["Timestamp"]
        and entry["Timestamp"] <= params.get("EndDate", entry["Timestamp"])
    ]
    if params.get("ScanBy") == "TimestampAscending":
        chosen.reverse()
    places = {id(entry): f"{place:06d}" for place, entry in enumerate(chosen)}
    found, token = page(
        chosen, params.get("NextToken"), params.get("MaxRecords", 100), lambda one: places[id(one)], TOKEN
    )
    return {"AlarmHistoryItems": found} | ({"NextToken": token} if token else {})


def delete_alarms(call: Call, params: Content) -> Content:
    """Forgets alarms: all of those named, or none where one is not there."""
    for alarm in [_found(call, name) for name in params["AlarmNames"]]:
        call.world.alarms.pop(alarm.name, None)
        alarms_watch.remember(
            call.world, alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" deleted', call.now
        )
    return {}


def set_alarm_state(call: Call, params: Content) -> Content:
    """Sets a state for the moment: the next evaluation, seconds later, brings back the actual one."""
    alarm, data, value = _found(call, params["AlarmName"]), params.get("StateReasonData", ""), None
    if data:
        try:
            recent = json.loads(data).get("recentDatapoints") or [None]
        except (ValueError, AttributeError):
            raise AwsError("InvalidFormat", "StateReasonData is not a JSON object.") from None
        value = recent[-1]
    verdict = Verdict(params["StateValue"], params["StateReason"], data, value)
    alarms_watch.set_by_hand(call.world, alarm, verdict, call.now)
    return {}


def enable_alarm_actions(call: Call, params: Content) -> Content:
    """Lets alarms act."""
    return _switch(call, params, on=True)


def disable_alarm_actions(call: Call, params: Content) -> Content:
    """Lets alarms change their state without acting."""
    return _switch(call, params, on=False)


def list_tags_for_resource(call: Call, params: Content) -> Content:
    """The tags of an alarm, by its ARN."""
    return {"Tags": list(_by_arn(call, params["ResourceARN"]).tags)}


def tag_resource(call: Call, params: Content) -> Content:
    """Adds tags to an alarm; a key that is there gets the new value."""
    alarm = _by_arn(call, params["ResourceARN"])
    keys = {tag["Key"] for tag in params["Tags"]}
    alarm.tags = [tag for tag in alarm.tags if tag["Key"] not in keys] + params["Tags"]
    return {}


def untag_resource(call: Call, params: Content) -> Content:
    """Takes tags off an alarm."""
    alarm = _by_arn(call, params["ResourceARN"])
    alarm.tags = [tag for tag in alarm.tags if tag["Key"] not in params["TagKeys"]]
    return {}


def _check(params: Content) -> None:
    for name in params.keys() - _KNOWN:
        raise AwsError("ValidationError", f"The embedded ECS has no alarms with {name}.")
    for name in ("EvaluationPeriods", "ComparisonOperator", "Threshold"):
        if name not in params:
            raise AwsError("ValidationError", f"The parameter {name} is required.")
    if params["ComparisonOperator"] not in alarms.comparisons():
        raise AwsError("ValidationError", "The embedded ECS has no alarms on anomaly detection.")
    if params.get("TreatMissingData", "missing") not in _TREATMENTS:
        raise AwsError("ValidationError", f"TreatMissingData must be one of {', '.join(_TREATMENTS)}.")
    if params.get("DatapointsToAlarm", 1) > params["EvaluationPeriods"]:
        raise AwsError("ValidationError", "DatapointsToAlarm must not be greater than EvaluationPeriods.")
    _check_metrics(params)
    if params["EvaluationPeriods"] * alarms.period_of(params) > _A_DAY:
        raise AwsError("ValidationError", "Metrics cannot be checked across more than a day.")


def _check_metrics(params: Content) -> None:
    single = [name for name in ("MetricName", "Namespace", "Period") if name in params]
    statistics = [name for name in ("Statistic", "ExtendedStatistic") if name in params]
    if "Metrics" in params and (single or statistics):
        raise AwsError("ValidationError", f"Metrics cannot be combined with {(single + statistics)[0]}.")
    if "Metrics" not in params and (len(single) < 3 or len(statistics) != 1):
        raise AwsError(
            "ValidationError",
            "An alarm needs MetricName, Namespace, Period and one of Statistic and ExtendedStatistic, or Metrics.",
        )
    if statistics and not is_statistic(params[statistics[0]]):
        raise AwsError("ValidationError", f"The embedded ECS has no statistic {params[statistics[0]]}.")
    queries = alarms.queries_of(params)
    returning = [each for each in queries if each.get("ReturnData", True)]
    if len(queries) > 1 and len(returning) != 1:
        raise AwsError("ValidationError", "Exactly one element of the metrics list should return data.")
    if not any("MetricStat" in each for each in queries):
        raise AwsError("ValidationError", "At least one element of the metrics list must be a metric.")
    try:
        check(queries)
        period_of(queries, alarms.watched(params))
    except QueryError as error:
        raise AwsError("ValidationError", str(error)) from None


def _shown(alarm: Alarm) -> Content:
    shown = alarm.content | {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_at,
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.updated_at,
        "StateTransitionedTimestamp": alarm.transitioned_at,
    }
    return shown | ({"StateReasonData": alarm.reason_data} if alarm.reason_data else {})


def _acts(alarm: Alarm, prefix: str | None) -> bool:
    return prefix is None or any(arn.startswith(prefix) for name in _ACTIONS for arn in alarm.content[name])


def _found(call: Call, name: str) -> Alarm:
    alarm = call.world.alarms.get(name)
    if alarm is None:
        raise AwsError("ResourceNotFound", f"There is no alarm with the name {name}.", 404)
    return alarm


def _by_arn(call: Call, arn: str) -> Alarm:
    for alarm in call.world.alarms.values():
        if alarm.arn == arn:
            return alarm
    raise AwsError("ResourceNotFoundException", f"There is no alarm {arn}.", 404)


def _switch(call: Call, params: Content, *, on: bool) -> Content:
    """Alarms that are not there are passed over, as by CloudWatch."""
    for name in params["AlarmNames"]:
        alarm = call.world.alarms.get(name)
        if alarm is not None and alarm.content["ActionsEnabled"] != on:
            alarm.content = alarm.content | {"ActionsEnabled": on}
            words = "enabled" if on else "disabled"
            summary = f'Alarm actions for "{name}" {words}'
            alarms_watch.remember(call.world, alarm, "ConfigurationUpdate", summary, call.now)
    return {}


OPERATIONS: dict[str, Handler] = {
    "DeleteAlarms": delete_alarms,
    "DescribeAlarmHistory": describe_alarm_history,
    "DescribeAlarms": describe_alarms,
    "DescribeAlarmsForMetric": describe_alarms_for_metric,
    "DisableAlarmActions": disable_alarm_actions,
    "EnableAlarmActions": enable_alarm_actions,
    "ListTagsForResource": list_tags_for_resource,
    "PutMetricAlarm": put_metric_alarm,
    "SetAlarmState": set_alarm_state,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
