"""Answers MetricDataQueries (botocore, cloudwatch): metrics and expressions over one window of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ecs_local import metrics
from ecs_local.metrics import MetricStore, Points
from ecs_local.metrics_math import MathError, evaluate, names_in, parse

Query = Mapping[str, Any]
_MINUTE = 60


class QueryError(ValueError):
    """Queries that CloudWatch would refuse, or that the embedded ECS cannot answer; the text says why."""


@dataclass(frozen=True)
class Window:
    """`count` periods of `width` minutes, the first beginning with minute `first`."""

    first: int
    width: int
    count: int


def check(queries: Sequence[Query]) -> None:
    """Raises `QueryError` for queries that can never be answered."""
    named = {query["Id"]: query for query in queries}
    if len(named) != len(queries):
        raise QueryError("The ids of the queries are not unique.")
    for query in queries:
        name = query["Id"]
        if not name[:1].islower():
            raise QueryError(f"The id {name!r} does not begin with a lowercase letter.")
        if ("MetricStat" in query) == ("Expression" in query):
            raise QueryError(f"{name} needs exactly one of MetricStat and Expression.")
        if "MetricStat" in query:
            stat = query["MetricStat"]
            if not metrics.is_statistic(stat["Stat"]):
                raise QueryError(
                    f"{name}: the embedded ECS has no statistic {stat['Stat']}; it knows "
                    f"{', '.join(metrics.STATISTICS)} and percentiles such as p99."
                )
            width_of(stat["Period"])
    for name in named:
        _order(named, name, ())


def width_of(period: int) -> int:
    """A Period in minutes. Raises `QueryError`: minutes are the finest that is kept."""
    if period <= 0 or period % _MINUTE:
        raise QueryError(
            f"The period {period} is not a multiple of 60: the embedded ECS keeps whole minutes."
        )
    return period // _MINUTE


def period_of(queries: Sequence[Query], name: str) -> int:
    """The period, in seconds, of the metrics behind a query. Raises `QueryError` where they differ."""
    named = {query["Id"]: query for query in queries}
    periods = {
        named[each]["MetricStat"]["Period"] for each in _order(named, name, ()) if "MetricStat" in named[each]
    }
    if len(periods) > 1:
        raise QueryError(f"{name} mixes metrics of the periods {sorted(periods)}: all must have the same.")
    return int(periods.pop() if periods else named[name].get("Period", _MINUTE))


def answer(store: MetricStore, queries: Sequence[Query], name: str, window: Window, now: float) -> Points:
    """The points of query `name`, which may refer to the others. Raises `QueryError`."""
    named = {query["Id"]: query for query in queries}
    values: dict[str, Points] = {}
    for each in _order(named, name, ()):
        query = named[each]
        if "MetricStat" in query:
            values[each] = _stat(store, query["MetricStat"], window, now)
            continue
        try:
            values[each] = evaluate(parse(query["Expression"]), values, window.count)
        except MathError as error:
            raise QueryError(f"Error in expression '{each}': {error}.") from None
    return values[name]


def _stat(store: MetricStore, stat: Mapping[str, Any], window: Window, now: float) -> Points:
    key = metrics.key_in(stat["Metric"])
    if stat.get("Unit", "None") not in ("None", store.units.get(key)):
        return [None] * window.count
    return metrics.read(store, key, stat["Stat"], window.first, window.width, window.count, now)


def _order(named: Mapping[str, Query], name: str, asking: tuple[str, ...]) -> list[str]:
    """What must be known to answer `name`, itself last."""
    if name in asking:
        raise QueryError(f"Error in expression '{name}': it refers to itself.")
    query = named.get(name)
    if query is None:
        raise QueryError(
            f"Error in expression '{asking[-1]}': {name} is not the id of a metric or expression."
        )
    if "Expression" not in query:
        return [name]
    try:
        wanted = names_in(parse(query["Expression"]))
    except MathError as error:
        raise QueryError(f"Error in expression '{name}': {error}.") from None
    if "METRICS()" in wanted:
        wanted = wanted - {"METRICS()"} | {each for each, one in named.items() if "MetricStat" in one}
    found: list[str] = []
    for each in sorted(wanted):
        found += [one for one in _order(named, each, (*asking, name)) if one not in found]
    return [*found, name]
