"""The one call of CloudWatch Logs that is ours: FilterLogEvents with a pattern for JSON, which moto does not read.

Everything else of CloudWatch Logs is a passive register.
"""

from __future__ import annotations

from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.log_filters import PatternError, compiled, is_json
from ecs_local.world import Content


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


OPERATIONS: dict[str, Handler] = {"FilterLogEvents": filter_log_events}
