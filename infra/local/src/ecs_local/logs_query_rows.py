"""What queries of CloudWatch Logs Insights do with rows: discover fields, compare, sum up, sort, write. Pure."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from ecs_local.log_filters import as_number

Row = dict[str, Any]
"""An event by its fields, or a group of them; a field that it has not is not there."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Moment(int):
    """Milliseconds since the epoch, which are written as a time."""


def event(stream: str, at: int, message: str) -> Row:
    """An event with the fields that every event has, and those discovered in one that is a JSON object."""
    row: Row = {"@timestamp": Moment(at), "@message": message, "@logStream": stream}
    try:
        found = json.loads(message)
    except ValueError:
        return row
    return {**dict(_flat(found, "")), **row} if isinstance(found, dict) else row


def _flat(value: Any, path: str) -> Iterable[tuple[str, Any]]:
    """(dotted name, value) of every leaf of a document; numbers of a list are parts of a name."""
    inner: Iterable[tuple[Any, Any]] | None = None
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    if inner is None:
        yield path, value
        return
    for name, one in inner:
        yield from _flat(one, f"{path}.{name}" if path else str(name))


def compared(value: Any, how: str, other: str) -> bool:
    """Whether a field compares so: as numbers where both are some, else as text; one that is not there never does."""
    if value is None:
        return False
    left, right = as_number(value), as_number(other)
    if left is None or right is None:
        return _COMPARE[how](written(value), other)
    return _COMPARE[how](left, right)


def _numbers(values: Sequence[Any]) -> list[float]:
    return [found for found in map(as_number, values) if found is not None]


def _newest(rows: Sequence[Row], field: str) -> Any:
    return max(rows, key=lambda row: int(row["@timestamp"]))[field]


def _oldest(rows: Sequence[Row], field: str) -> Any:
    return min(rows, key=lambda row: int(row["@timestamp"]))[field]


def _of_numbers(of: Callable[[list[float]], float]) -> Callable[[Sequence[Row], str], Any]:
    def found(rows: Sequence[Row], field: str) -> float | None:
        values = _numbers([row[field] for row in rows])
        return of(values) if values else None

    return found


AGGREGATES: dict[str, Callable[[Sequence[Row], str], Any]] = {
    "latest": _newest,
    "earliest": _oldest,
    "count": lambda rows, _: len(rows),
    "sum": _of_numbers(sum),
    "avg": _of_numbers(lambda values: sum(values) / len(values)),
    "min": _of_numbers(min),
    "max": _of_numbers(max),
}
"""Functions over the rows of a group that have the field; there is one at least."""


def aggregated(rows: Iterable[Row], wanted: Iterable[tuple[str, str, str]], by: Sequence[str]) -> list[Row]:
    """A row for each group of rows that agree in `by`. `wanted`: (name, function, field)."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in by), []).append(row)
    found = []
    for key, members in groups.items():
        row = {name: value for name, value in zip(by, key, strict=True) if value is not None}
        for alias, function, field in wanted:
            having = members if field == "*" else [one for one in members if one.get(field) is not None]
            value = AGGREGATES[function](having, field) if having else None
            if value is not None:
                row[alias] = value
        found.append(row)
    return found


def ordered(rows: list[Row], keys: Iterable[tuple[str, bool]]) -> list[Row]:
    """By these fields, the first counts most; numbers before text, and what has no such field last."""
    for name, falling in reversed(list(keys)):
        there = [row for row in rows if row.get(name) is not None]
        missing = [row for row in rows if row.get(name) is None]
        there.sort(key=lambda row: _rank(row[name]), reverse=falling)
        rows = there + missing
    return rows


def _rank(value: Any) -> tuple[bool, float, str]:
    found = as_number(value)
    return (found is None, found or 0.0, "" if found is not None else str(value))


def written(value: Any) -> str:
    """A value as results have it: always text."""
    if isinstance(value, Moment):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
