"""Metrics and their math: statistics, visibility, forgetting, and expressions by tables."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local import metrics
from ecs_local.metrics import MetricStore, Points
from ecs_local.metrics_math import MathError, evaluate, parse
from ecs_local.metrics_query import QueryError, Window, answer, check, period_of
from hypothesis import given
from hypothesis import strategies as st

KEY = metrics.key_of("App", "Seconds", {})
A: Points = [1.0, None, 3.0]
B: Points = [10.0, 20.0, None]
NONE: Points = [None, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("a + 1", [2.0, None, 4.0]),
        ("a + b", [11.0, None, None]),
        ("FILL(a, 0) + FILL(b, 0)", [11.0, 20.0, 3.0]),
        ("FILL(none, 0)", [0.0, 0.0, 0.0]),
        ("FILL(a, REPEAT)", [1.0, 1.0, 3.0]),
        ("FILL(none, REPEAT)", NONE),
        ("1 + 2 * 3", [7.0] * 3),
        ("(1 + 2) * 3 - -1", [10.0] * 3),
        ("2 ^ 3 / 4", [2.0] * 3),
        ("1 / (a - 1)", [None, None, 0.5]),
        ("1 / 0", NONE),
        ("(0 - 8) ^ 0.5", NONE),
        ("0 ^ (a - 2)", [None, None, 0.0]),
        ("a > 1", [0.0, None, 1.0]),
        ("a <= 1 OR a >= 3", [1.0, None, 1.0]),
        ("a == 1 && b == 10", [1.0, None, None]),
        ("IF(a > 1, b, 0)", [0.0, None, None]),
        ("IF(FILL(b, 0) < 1, a)", [None, None, 3.0]),
        ("SUM(a)", [4.0] * 3),
        ("SUM([a, b])", [11.0, 20.0, 3.0]),
        ("MAX([a, b])", [10.0, 20.0, 3.0]),
        ("AVG(METRICS())", [5.5, 20.0, 3.0]),
        ("MIN(none)", NONE),
        ("CEIL(a / 2) + ABS(0 - 1)", [2.0, None, 3.0]),
    ],
)
def test_expressions(text: str, expected: Points) -> None:
    assert evaluate(parse(text), {"a": A, "b": B, "none": NONE}, 3) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a b",
        "FILL(a)",
        "SEARCH(a, 1)",
        "(a",
        "a $ b",
        "[a",
        "FILL(a,,0)",
        "SUM(1)",
        "missing",
        "a + [a, b]",
        "(" * 1500,
    ],
)
def test_expressions_that_are_refused(text: str) -> None:
    with pytest.raises(MathError):
        evaluate(parse(text), {"a": A, "b": B}, 3)


@given(st.text(alphabet="ab01.+-*/^<>=!&|(),[] FILSUMREPETX", max_size=25))
def test_anything_is_answered_or_refused(text: str) -> None:
    try:
        found = evaluate(parse(text), {"a": A, "b": B}, 3)
    except MathError:
        return
    assert len(found) == 3


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Sum", 10.0),
        ("SampleCount", 4.0),
        ("Average", 2.5),
        ("Minimum", 1.0),
        ("Maximum", 4.0),
        ("p50", 2.0),
        ("p99", 4.0),
    ],
)
def test_statistics(statistic: str, expected: float) -> None:
    store = MetricStore()
    for value in (4.0, 1.0, 3.0, 2.0):
        metrics.put(store, KEY, 5, value, 0.0)
    assert metrics.read(store, KEY, statistic, 4, 2, 2, 1000.0) == [expected, None]


def test_a_datum_is_seen_when_it_was_published() -> None:
    store = MetricStore()
    metrics.put(store, KEY, 5, 1.0, 420.0)
    assert metrics.read(store, KEY, "Sum", 5, 1, 1, 419.0) == [None]
    assert metrics.read(store, KEY, "Sum", 5, 1, 1, 420.0) == [1.0]


def test_a_statistic_set_joins_single_values() -> None:
    store = MetricStore()
    metrics.put(store, KEY, 5, 9.0, 0.0)
    metrics.put_set(store, KEY, 5, {"SampleCount": 3, "Sum": 6, "Minimum": 1, "Maximum": 3}, 0.0)
    assert [metrics.read(store, KEY, name, 5, 1, 1, 0.0) for name in ("Average", "Minimum", "Maximum")] == [
        [3.75],
        [1.0],
        [9.0],
    ]


def test_old_minutes_are_forgotten() -> None:
    store = MetricStore()
    for number in range(4000):
        metrics.put(store, KEY, number, 1.0, 0.0)
    assert min(store.series[KEY]) > 2000
    assert len(store.series[KEY]) < 1700


def _query(name: str, expression: str | None = None, **stat: Any) -> dict[str, Any]:
    if expression is not None:
        return {"Id": name, "Expression": expression}
    metric = {"Namespace": "App", "MetricName": "Seconds"}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"} | stat}


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ([_query("a"), _query("a")], "not unique"),
        ([_query("A")], "lowercase"),
        ([{"Id": "a"}], "exactly one"),
        ([_query("a", Period=30)], "multiple of 60"),
        ([_query("a", Stat="tm99")], "no statistic"),
        ([_query("a", "b + 1")], "b is not the id"),
        ([_query("a", "b"), _query("b", "a")], "refers to itself"),
        ([_query("a", "1 +")], "ends too early"),
        ([_query("a", "SEARCH(1)")], "no function SEARCH"),
    ],
)
def test_queries_that_are_refused(queries: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(QueryError, match=told):
        check(queries)


def test_an_expression_has_the_period_of_its_metrics() -> None:
    queries = [_query("a", Period=300), _query("b", "a * 2"), _query("c", Period=60), _query("d", "b + c")]
    check(queries)
    assert period_of(queries, "b") == 300
    with pytest.raises(QueryError, match="mixes"):
        period_of(queries, "d")


def test_an_expression_over_an_expression() -> None:
    store = MetricStore()
    metrics.put(store, KEY, 1, 2.0, 0.0)
    queries = [_query("c", "b + FILL(a, 0)"), _query("b", "a * 10"), _query("a")]
    assert answer(store, queries, "c", Window(0, 1, 3), 0.0) == [None, 22.0, None]
