"""A dashboard's body against CloudWatch's published shape and limits: AWS itself says little before it is too late.

Source: CloudWatch API reference, "Dashboard body structure and syntax", and CloudWatch service quotas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecs_deployment.errors import Refused

MOST_WIDGETS = 500
MOST_METRICS = 500  # of one widget
MOST_METRICS_TOGETHER = 2500
COLUMNS = 24
TALLEST = 1000
_KINDS: Mapping[str, frozenset[str]] = {
    "metric": frozenset({"region"}),  # and metrics or an alarm annotation
    "log": frozenset({"query", "region"}),
    "text": frozenset({"markdown"}),
    "alarm": frozenset({"alarms"}),
}
_VIEWS: Mapping[str, frozenset[str]] = {
    "metric": frozenset({"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}),
    "log": frozenset({"table", "timeSeries", "bar", "pie"}),
}
_STATS = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})
_WHOLE = frozenset({"start", "end", "periodOverride", "widgets", "variables"})


def check(body: Mapping[str, Any]) -> None:
    """Raises `Refused` with the first thing that CloudWatch would not take or not show."""
    for problem in problems(body):
        raise Refused(
            f"The dashboard cannot be made: {problem}.", "Show fewer containers or services in one dashboard."
        )


def problems(body: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a body, in words; nothing for a good one."""
    unknown = sorted(set(body) - _WHOLE)
    if unknown:
        yield f"it has the unknown member {unknown[0]}"
    widgets = body.get("widgets")
    if not isinstance(widgets, list):
        yield "it has no list of widgets"
        return
    if len(widgets) > MOST_WIDGETS:
        yield f"it has {len(widgets)} widgets, and CloudWatch takes {MOST_WIDGETS}"
    together = 0
    for place, widget in enumerate(widgets, start=1):
        metrics = widget.get("properties", {}).get("metrics", ())
        together += len(metrics)
        yield from (f"widget {place}, {problem}" for problem in _of_widget(widget))
    if together > MOST_METRICS_TOGETHER:
        yield f"it has {together} metrics, and CloudWatch takes {MOST_METRICS_TOGETHER}"
    yield from _overlaps(widgets)


def _of_widget(widget: Mapping[str, Any]) -> Iterator[str]:
    kind, properties = str(widget.get("type", "")), widget.get("properties")
    if kind not in _KINDS or not isinstance(properties, dict):
        yield f"which is of the unknown type {kind}" if kind not in _KINDS else "which has no properties"
        return
    name = f'"{properties.get("title", kind)}"'
    missing = sorted(_KINDS[kind] - {key for key, value in properties.items() if value})
    if missing:
        yield f"{name}, has no {missing[0]}"
    x, width, height = widget.get("x", 0), widget.get("width", 0), widget.get("height", 0)
    if not (1 <= width <= COLUMNS and x >= 0 and x + width <= COLUMNS):
        yield f"{name}, reaches to column {x + width} of {COLUMNS}"
    if not 1 <= height <= TALLEST:
        yield f"{name}, is {height} rows high"
    if kind in _VIEWS and properties.get("view") not in _VIEWS[kind]:
        yield f"{name}, has the unknown view {properties.get('view')}"
    if kind == "metric":
        yield from (f"{name}, {problem}" for problem in _of_metrics(properties))
    if kind == "log" and not str(properties.get("query", "")).startswith("SOURCE '"):
        yield f"{name}, has a query without a SOURCE"


def _of_metrics(properties: Mapping[str, Any]) -> Iterator[str]:
    metrics = properties.get("metrics", [])
    if not metrics:
        yield "has no metrics"
    if len(metrics) > MOST_METRICS:
        yield f"has {len(metrics)} metrics, and CloudWatch takes {MOST_METRICS}"
    if properties.get("period", 60) % 60:
        yield f"has a period of {properties['period']} s"
    for metric in metrics:
        *parts, last = metric
        options = last if isinstance(last, dict) else {}
        parts = parts if isinstance(last, dict) else metric
        if "expression" in options:
            if parts:
                yield f"mixes a metric and an expression: {parts[0]}"
            continue
        # name space, name, then pairs of dimension and value
        if len(parts) < 2 or len(parts) % 2 or not all(isinstance(part, str) and part for part in parts):
            yield f"has a malformed metric: {parts}"
        stat = str(options.get("stat", "Average"))
        if stat not in _STATS and not (stat[:1] == "p" and stat[1:].replace(".", "", 1).isdigit()):
            yield f"asks for the unknown statistic {stat}"


def _overlaps(widgets: list[Any]) -> Iterator[str]:
    taken: dict[tuple[int, int], int] = {}
    for place, widget in enumerate(widgets[:MOST_WIDGETS], start=1):
        x, y = widget.get("x"), widget.get("y")
        if x is None or y is None:
            continue  # CloudWatch places it
        for cell in _cells(x, y, widget):
            if cell in taken:
                yield f"widget {place} lies over widget {taken[cell]}"
                return
            taken[cell] = place


def _cells(x: int, y: int, widget: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    width, height = min(widget.get("width", 0), COLUMNS), min(widget.get("height", 0), TALLEST)
    return ((x + right, y + down) for right in range(width) for down in range(height))
