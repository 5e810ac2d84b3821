"""Queries of Logs Insights: each held against the same question asked in Python; what is not known is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ecs_local.logs_query import QueryError, read
from ecs_local.logs_query_rows import Moment, Row, event, written
from ecs_stats.widgets import Names, dashboard_body
from hypothesis import given, settings
from hypothesis import strategies as st

LINES = [
    event("app/web/t1", 1000, "GET / 200"),
    event("app/web/t2", 3000, "an ERROR | of one"),
    event("app/side/t1", 2000, '{"level": "warn", "ms": 12.5, "deep": {"list": ["a", {"b": true}]}}'),
    event("odd", 2500, '["no object"]'),
]


def asked(query: str, rows: list[Row] | None = None) -> list[dict[str, str]]:
    found = read(query).rows([dict(row) for row in (LINES if rows is None else rows)])
    return [{name: written(value) for name, value in row.items()} for row in found]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("fields @logStream | limit 2", [{"@logStream": "app/web/t2"}, {"@logStream": "odd"}]),
        ("filter level = 'warn'", [{"@timestamp": "1970-01-01 00:00:02.000", "@message": LINES[2]["@message"]}]),
        ('filter ms > 12 and ms <= "12.50" | display level, deep.list.1.b', [{"level": "warn", "deep.list.1.b": "1"}]),
        ("filter ms < 9 or level = other | fields ms", []),
        ("filter level != warn | fields level", []),
        ("filter @message like /(?i)error|\\/ 2/ | sort @timestamp asc | fields @message",
         [{"@message": "GET / 200"}, {"@message": "an ERROR | of one"}]),
        ('filter @message like "| of" | display @message', [{"@message": "an ERROR | of one"}]),
        ('parse @logStream "*/*/*" as a, b, c | sort c desc, b asc | display b, c',
         [{"b": "web", "c": "t2"}, {"b": "side", "c": "t1"}, {"b": "web", "c": "t1"}, {}]),
        ("parse 'GET * *' as path, code | filter code = 200 | fields path", [{"path": "/"}]),
        ("filter (level = warn or @logStream = odd) and @message like /object/ | fields @logStream",
         [{"@logStream": "odd"}]),
        ("stats count(*) by nothing", [{"count(*)": "4"}]),
        ("stats max(@timestamp) as last, count(ms) by level | sort last asc",
         [{"level": "warn", "last": "2000", "count(ms)": "1"}, {"last": "3000"}]),
        ("stats avg(ms), sum(ms), min(ms)", [{"avg(ms)": "12.5", "sum(ms)": "12.5", "min(ms)": "12.5"}]),
        ("stats earliest(@logStream) as first, latest(@timestamp) as seen",
         [{"first": "app/web/t1", "seen": "1970-01-01 00:00:03.000"}]),
    ],
)  # fmt: skip
def test_what_a_query_finds(query: str, rows: list[dict[str, str]]) -> None:
    assert asked(query) == rows


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "the end is not expected"),
        ("dedup a", "the command dedup is not known"),
        ("stats pct(a, 99)", "the function pct is not known"),
        ("stats sum(*)", r"sum\(\*\) is not known"),
        ("sort a", "the end is not expected"),
        ("sort a up", "say asc or desc"),
        ("limit 0", "limit 0 is no number from 1"),
        ("limit ten", "limit ten is no number"),
        ('parse a "*" as b, c', "1 stars and 2 names"),
        ("filter a like /(/", "is no regular expression"),
        ("filter a | limit 1", r"\| compares nothing"),
        ("filter strlen(a) > 1", r"\( compares nothing"),
        ("filter a = 1 limit 1", r"\| is expected before limit"),
        ("fields a + b", "cannot be read"),
        ("fields 'a", "cannot be read"),
    ],
)
def test_what_is_not_known_is_refused(query: str, why: str) -> None:
    with pytest.raises(QueryError, match=why):
        read(query)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"at": st.integers(0, 9), "group": st.sampled_from("ab")},
        optional={"v": st.integers(-5, 5) | st.floats(-5, 5).map(lambda one: round(one, 3))},
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_stats_are_those_that_python_works_out(rows: list[dict[str, Any]]) -> None:
    events = [event("s", one["at"] * 100 + place, json.dumps(one)) for place, one in enumerate(rows)]
    query = "stats count(*) as n, sum(v) as total, max(v) as top, latest(v) as last by group | sort group asc"
    expected = []
    for group in sorted({one["group"] for one in rows}):
        mine = [(one["at"] * 100 + place, one) for place, one in enumerate(rows) if one["group"] == group]
        having = [(at, one["v"]) for at, one in mine if "v" in one]
        row: dict[str, Any] = {"group": group, "n": len(mine)}
        if having:
            values = [float(value) for _, value in having]
            row |= {"total": sum(reversed(values)), "top": max(values), "last": max(having)[1]}
        expected.append(row)
    found = read(query).rows(events)
    assert [
        row | {"total": pytest.approx(row["total"])} if "total" in row else row for row in expected
    ] == found


def widgets() -> list[str]:
    """The queries of the dashboard of the template."""
    names = Names("eu-west-3", "main", "app", containers=("web",), log_group="/ecs/app")
    return [w["properties"]["query"] for w in dashboard_body(names)["widgets"] if w["type"] == "log"]


def test_every_query_of_the_dashboard_is_answered() -> None:
    table, *logs = (read(query) for query in widgets())
    assert table.source == "/aws/ecs/containerinsights/main/performance"
    assert {one.source for one in logs} == {"/ecs/app"}
    usage = {
        "Type": "Container",
        "ServiceName": "app",
        "ContainerName": "web",
        "CpuUtilized": 3.5,
        "CpuReserved": 256.0,
    }
    events = [
        event("t", at, json.dumps(usage | {"TaskId": task, "CpuUtilized": cpu}))
        for at, task, cpu in [(1, "t1", 1.0), (3, "t1", 64.0), (2, "t2", 7.25)]
    ]
    events.append(event("t", 4, json.dumps(usage | {"Type": "Task", "TaskId": "t1"})))
    shown = [(row["TaskId"], written(row["cpu"]), written(row["cpu_limit"])) for row in table.rows(events)]
    assert shown == [("t1", "64", "256"), ("t2", "7.25", "256")]
    of_web, errors = (one.rows([dict(row) for row in LINES]) for one in logs)
    assert [row["task"] for row in of_web] == ["t2", "t1"]
    assert [row["@message"] for row in errors] == ["an ERROR | of one"]
    assert isinstance(of_web[0]["@timestamp"], Moment)
