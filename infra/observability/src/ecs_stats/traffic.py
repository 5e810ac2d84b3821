"""What CloudWatch is asked about traffic and the service as a whole, and what its answer means. Pure.

All of it goes into one GetMetricData, with the idle alarm's own metrics: about ten metrics a minute while somebody
looks. At $0.01 for a thousand metrics (list price, CloudWatch pricing page) an hour of looking costs half a cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecs_stats.source import IdleRule, Query, Series
from ecs_stats.stats import Traffic

WINDOW = 15 * 60  # seconds of history
_MINUTE = 60
_STALE = 5 * _MINUTE
_BALANCED = {
    "requests": ("RequestCount", "Sum"),
    "code2": ("HTTPCode_Target_2XX_Count", "Sum"),
    "code4": ("HTTPCode_Target_4XX_Count", "Sum"),
    "code5": ("HTTPCode_Target_5XX_Count", "Sum"),
    "p50": ("TargetResponseTime", "p50"),
    "p99": ("TargetResponseTime", "p99"),
}
_FREE = {"cpu": ("CPUUtilization", "Average"), "memory": ("MemoryUtilization", "Average")}
_OURS = "look_"
_IDLE = "idle_sum"


def queries(cluster: str, service: str, balancer: str, group: str, rule: IdleRule | None) -> list[Query]:
    """Everything for one GetMetricData. `balancer` and `group` are ARNs, "" where there is none."""
    by_service = {"ClusterName": cluster, "ServiceName": service}
    found = [_stat(name, "AWS/ECS", *what, by_service) for name, what in _FREE.items()]
    if balancer and group:
        both = {
            "LoadBalancer": balancer.rpartition(":loadbalancer/")[2],
            "TargetGroup": group.rpartition(":")[2],
        }
        found += [_stat(name, "AWS/ApplicationELB", *what, both) for name, what in _BALANCED.items()]
        whole = {"LoadBalancer": both["LoadBalancer"]}
        found.append(_stat("own5", "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", whole))
    return [*found, *(_renamed(one) for one in (rule.queries if rule else ()))]


def span(rule: IdleRule | None) -> float:
    """Seconds to look back: for the graphs, and as far as the idle alarm looks."""
    return max(WINDOW, (rule.periods + 3) * rule.period if rule else 0)


def idle_of(answer: Mapping[str, Series]) -> Series:
    """What the idle alarm looks at."""
    return answer.get(_IDLE, ())


def whole_of(answer: Mapping[str, Series], now: float) -> tuple[float | None, float | None]:
    """CPU and memory of the service in per cent, the free figures; None where the last are older than minutes."""
    recent = [
        [value for at, value in answer.get(f"{_OURS}{name}", ()) if now - at < _STALE] for name in _FREE
    ]
    cpu, memory = ((values[-1] if values else None) for values in recent)
    return cpu, memory


def read(answer: Mapping[str, Series], now: float, lag: float) -> tuple[Traffic, float]:
    """The traffic of the newest minute, and when that minute was over.

    A balancer publishes nothing for a minute without a request, and each minute up to `lag` seconds late: a minute
    older than that which is not there had no request.
    """
    series = {name: dict(answer.get(f"{_OURS}{name}", ())) for name in (*_BALANCED, "own5")}
    settled = (now - lag) // _MINUTE * _MINUTE - _MINUTE
    newest = max([settled, *(at for points in series.values() for at in points)])
    wanted = [newest - _MINUTE * back for back in range(WINDOW // _MINUTE - 1, -1, -1)]
    errors = [series["code5"].get(at, 0.0) + series["own5"].get(at, 0.0) for at in wanted]
    traffic = Traffic(
        requests=series["requests"].get(newest, 0.0) / _MINUTE,
        answers_2xx=int(series["code2"].get(newest, 0)),
        answers_4xx=int(series["code4"].get(newest, 0)),
        answers_5xx=int(errors[-1]),
        p50_ms=_milliseconds(series["p50"].get(newest)),
        p99_ms=_milliseconds(series["p99"].get(newest)),
        requests_history=tuple(series["requests"].get(at, 0.0) / _MINUTE for at in wanted),
        errors_history=tuple(errors),
    )
    return traffic, min(now, newest + _MINUTE)


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 1)


def _stat(name: str, namespace: str, metric: str, stat: str, by: Mapping[str, str]) -> Query:
    dimensions = [{"Name": key, "Value": value} for key, value in by.items()]
    named = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": f"{_OURS}{name}", "MetricStat": {"Metric": named, "Period": _MINUTE, "Stat": stat}}


def _renamed(query: Query) -> Query:
    """One of the alarm's queries. The one that returns data gets a name of ours; those it refers to keep theirs."""
    taken: dict[str, Any] = {key: value for key, value in query.items() if key not in ("Label", "AccountId")}
    return {**taken, "Id": _IDLE} if query.get("ReturnData", True) else taken
