"""The calls of CloudWatch Logs that are ours: FilterLogEvents with a pattern for JSON, and Insights' queries.

moto reads no such pattern, and answers a query without its `stats`.

Everything else of CloudWatch Logs is a passive register.
"""

from __future__ import annotations

from ecs_local import ids, logs_query
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.log_filters import PatternError, compiled, is_json
from ecs_local.logs_query_rows import event, written
from ecs_local.world import Content

_KEPT = 100  # queries; AWS keeps their results for seven days


async def filter_log_events(call: Call, params: Content) -> Content:
    """The events of a group; a page may hold fewer than asked for, and still not be the last, as on AWS."""
    pattern, prefix = params.get("filterPattern", ""), params.get("logStreamNamePrefix", "")
    if prefix and params.get("logStreamNames"):
        raise AwsError(
            "InvalidParameterException", "logStreamNames and logStreamNamePrefix must not be used together."
        )
    try:
        matches = compiled(pattern) if is_json(pattern) else None
    except PatternError as error:
        raise AwsError("InvalidParameterException", f"Invalid filter pattern: {error}.") from None
    asked = {key: value for key, value in params.items() if key != "logStreamNamePrefix"}
    if matches is not None:
        asked.pop("filterPattern")
    answer = await call.passive.call("logs", "FilterLogEvents", asked)
    answer["events"] = [
        one
        for one in answer["events"]
        if one["logStreamName"].startswith(prefix) and (matches is None or matches(one["message"]))
    ]
    return answer


async def start_query(call: Call, params: Content) -> Content:
    """Answers it at once: whoever asks for the results finds it complete."""
    if params.get("queryLanguage", "CWLI") != "CWLI":
        raise AwsError(
            "InvalidParameterException", "The embedded ECS knows queries of Logs Insights QL alone."
        )
    if params["endTime"] < params["startTime"]:
        raise AwsError("InvalidParameterException", "The end of the time range is before its start.")
    try:
        query = logs_query.read(params["queryString"], params.get("limit", 10_000))
    except logs_query.QueryError as error:
        raise AwsError(
            "MalformedQueryException", f"The embedded ECS cannot read the query: {error}."
        ) from None
    groups = [*params.get("logGroupNames", ()), *map(_group, params.get("logGroupIdentifiers", ()))]
    groups += [params["logGroupName"]] if "logGroupName" in params else []
    groups = groups or [query.source]
    if groups == [""]:
        raise AwsError("InvalidParameterException", "The query names no log group.")
    found = [
        event(one["logStreamName"], one["timestamp"], one["message"])
        for group in groups
        for one in await _events(call, group, params["startTime"] * 1000, params["endTime"] * 1000 + 999)
    ]
    scanned = sum(len(row["@message"].encode()) for row in found)
    rows = query.rows(found)
    identity = ids.event_id(call.world)
    call.world.log_queries[identity] = {
        "queryLanguage": "CWLI",
        "results": [[{"field": name, "value": written(value)} for name, value in row.items()] for row in rows],
        "statistics": {
            "recordsMatched": float(len(rows)), "recordsScanned": float(len(found)), "bytesScanned": float(scanned),
        },
        "status": "Complete",
    }  # fmt: skip
    while len(call.world.log_queries) > _KEPT:
        del call.world.log_queries[next(iter(call.world.log_queries))]
    return {"queryId": identity}


def get_query_results(call: Call, params: Content) -> Content:
    """What a query has found."""
    if params["queryId"] not in call.world.log_queries:
        raise AwsError("ResourceNotFoundException", f"Query with id {params['queryId']} does not exist.")
    return call.world.log_queries[params["queryId"]]


def stop_query(call: Call, params: Content) -> Content:
    """There is nothing to stop: every query is complete."""
    get_query_results(call, params)
    raise AwsError("InvalidParameterException", "Query is not in running state.")


async def _events(call: Call, group: str, start: int, end: int) -> list[Content]:
    asked: Content = {"logGroupName": group, "startTime": start, "endTime": end}
    found: list[Content] = []
    while True:
        answer = await call.passive.call("logs", "FilterLogEvents", asked)
        found += answer["events"]
        if not answer.get("nextToken"):
            return found
        asked["nextToken"] = answer["nextToken"]


def _group(identifier: str) -> str:
    """The name of a group that is named by its ARN."""
    return identifier.partition(":log-group:")[2].removesuffix(":*") or identifier


OPERATIONS: dict[str, Handler] = {
    "FilterLogEvents": filter_log_events,
    "StartQuery": start_query,
    "GetQueryResults": get_query_results,
    "StopQuery": stop_query,
}
