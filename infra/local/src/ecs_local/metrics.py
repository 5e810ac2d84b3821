"""Metrics as CloudWatch keeps them: one datum a minute, by name space, name and dimensions.

A CloudWatch minute lasts `Profile.minute` seconds of the engine's clock, so that a test can have many of them. Minutes
are counted from the epoch: minute n begins at n * `Profile.minute`. A datum is not seen before `visible_at`: load
balancers publish a minute some time after it is over.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

MetricKey: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...]]
"""(name space, name, dimensions by name)."""
Points: TypeAlias = list[float | None]
"""One value for each period, oldest first; None where there is no datum."""

STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_KEPT_MINUTES = 25 * 60  # an alarm may look back a day
_SLACK = 60  # minutes that gather before the oldest are dropped
_HUNDRED = 100.0


@dataclass
class Datum:
    """What was measured in one minute. `spread` holds the values, rounded to three digits, for percentiles."""

    visible_at: float
    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    spread: Counter[float] = field(default_factory=Counter)


@dataclass
class MetricStore:
    """All metrics of an account, by the number of the minute."""

    series: dict[MetricKey, dict[int, Datum]] = field(default_factory=dict)
    units: dict[MetricKey, str] = field(default_factory=dict)


def key_of(namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricKey:
    """A metric's identity: the order of its dimensions does not matter."""
    return namespace, name, tuple(sorted(dimensions.items()))


def key_in(metric: Mapping[str, Any]) -> MetricKey:
    """The identity of botocore's `Metric` structure (Namespace, MetricName, Dimensions)."""
    named = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    return key_of(metric["Namespace"], metric["MetricName"], named)


def minute_at(moment: float, minute: float) -> int:
    """The number of the minute that `moment` (epoch seconds) lies in."""
    return math.floor(moment / minute + 1e-9)  # a boundary times a fraction may come out a rounding too low


def put(
    store: MetricStore, key: MetricKey, number: int, value: float, visible_at: float, times: float = 1.0
) -> None:
    """One measured value, `times` over, in minute `number`."""
    datum = _datum(store, key, number, visible_at)
    datum.count += times
    datum.total += value * times
    datum.low, datum.high = min(datum.low, value), max(datum.high, value)
    datum.spread[_rounded(value)] += max(1, round(times))


def put_set(
    store: MetricStore, key: MetricKey, number: int, values: Mapping[str, float], visible_at: float
) -> None:
    """A StatisticSet (SampleCount, Sum, Minimum, Maximum); percentiles do not see it."""
    datum = _datum(store, key, number, visible_at)
    datum.count += values["SampleCount"]
    datum.total += values["Sum"]
    datum.low, datum.high = min(datum.low, values["Minimum"]), max(datum.high, values["Maximum"])


def read(
    store: MetricStore, key: MetricKey, statistic: str, first: int, width: int, count: int, now: float
) -> Points:
    """`count` periods of `width` minutes from minute `first` on, as far as they are visible `now`."""
    minutes = store.series.get(key)
    if not minutes:
        return [None] * count
    points: Points = []
    for start in range(first, first + width * count, width):
        found = [minutes[n] for n in range(start, start + width) if n in minutes]
        visible = [datum for datum in found if datum.visible_at <= now]
        points.append(_statistic(visible, statistic) if visible else None)
    return points


def is_statistic(name: str) -> bool:
    """Is it one of the five statistics or a percentile ("p99", "p99.9")?"""
    return name in STATISTICS or _percentile(name) is not None


def _datum(store: MetricStore, key: MetricKey, number: int, visible_at: float) -> Datum:
    minutes = store.series.setdefault(key, {})
    datum = minutes.get(number)
    if datum is None:
        datum = minutes[number] = Datum(visible_at)
        if len(minutes) > _KEPT_MINUTES + _SLACK:
            oldest = max(minutes) - _KEPT_MINUTES
            for gone in [each for each in minutes if each < oldest]:
                del minutes[gone]
    return datum


def _statistic(data: Sequence[Datum], name: str) -> float | None:
    count = sum(datum.count for datum in data)
    if name == "SampleCount":
        return count
    if name == "Sum":
        return sum(datum.total for datum in data)
    if name == "Minimum":
        return min(datum.low for datum in data)
    if name == "Maximum":
        return max(datum.high for datum in data)
    if name == "Average":
        return sum(datum.total for datum in data) / count if count else None
    return _at(_percentile(name) or 0.0, (datum.spread for datum in data))


def _at(percent: float, spreads: Iterable[Counter[float]]) -> float | None:
    together: Counter[float] = Counter()
    for spread in spreads:
        together.update(spread)
    left = math.ceil(percent / _HUNDRED * together.total())
    for value, count in sorted(together.items()):
        left -= count
        if left <= 0:
            return value
    return None


def _percentile(name: str) -> float | None:
    try:
        percent = float(name[1:]) if name[:1] == "p" else math.nan
    except ValueError:
        return None
    return percent if 0 < percent <= _HUNDRED else None


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
