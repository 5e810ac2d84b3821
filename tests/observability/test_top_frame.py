"""The picture of the terminal view, as text: at every width, at every height, whatever is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_stats import stats as s
from ecs_stats.stats import Reading, Stats
from ecs_stats.top_frame import SORTS, View, frame, plain
from ecs_stats.top_text import (
    Line,
    age,
    bytes_a_second,
    cut,
    fitted,
    mebibytes,
    percent,
    spark,
    text_of,
    width_of,
)
from ecs_stats.top_text import Span as Piece
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.observability.looks import NOW, asleep, look, rolling


def _text(seen: Stats, width: int = 200, height: int | None = None, **view: Any) -> str:
    return plain(frame([seen], NOW, View(width, height, **view)))


def _heads(width: int) -> list[str]:
    (line,) = [one for one in _text(look(), width).splitlines() if one.startswith("CONTAINER")]
    return line.split()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 140, 220])
@pytest.mark.parametrize("height", [6, 12, 24, 60])
@pytest.mark.parametrize("seen", [look(2), look(50), asleep(), rolling()])
def test_it_never_grows_over_the_terminal(width: int, height: int, seen: Stats) -> None:
    lines = frame([seen], NOW, View(width, height, keys=True))
    assert len(lines) <= height
    assert all(width_of(line) <= width for line in lines), [
        text_of(one) for one in lines if width_of(one) > width
    ]


def test_columns_go_by_their_rank_where_there_is_no_room() -> None:
    assert _heads(40) == ["CONTAINER", "TASK", "CPU", "MEM", "/", "LIMIT"]
    assert _heads(80) == [
        "CONTAINER",
        "TASK",
        "REV",
        "STATE",
        "HEALTH",
        "CPU",
        "MEM",
        "/",
        "LIMIT",
        "NET/s",
        "AGE",
    ]
    assert _heads(200)[-3:] == ["LAST", "LOG", "LINE"]
    assert len(_heads(200)) > len(_heads(80)) > len(_heads(40))


def test_the_header_tells_rollout_traffic_and_sleep() -> None:
    text = _text(look())
    for said in (
        "shop in staging · 2/2 running · rev 42 shop:2026-11-20@7c1e9a40 · COMPLETED 2h ago · breaker on, rolls back",
        "sleeps in 3m12s · 42.6 req/s · 2xx 2541 4xx 13 5xx 0 · p50 12ms p99 187ms · targets 2 healthy",
        "figures 74s old · traffic of the minute to 95s ago · looked 0s ago · 128 API calls",
    ):
        assert said in text


def test_the_clock_goes_on_between_two_looks() -> None:
    assert "sleeps in 2m12s" in plain(frame([look()], NOW + 60, View(200, None)))
    assert "looked 60s ago" in plain(frame([look()], NOW + 60, View(200, None)))


def test_a_row_for_each_container() -> None:
    (row,) = [line for line in _text(look(1), 200, drawn=False).splitlines() if line.startswith("app")]
    assert row.split()[:10] == [
        "app",
        "a1f3b731",
        "42",
        "RUNNING",
        "healthy",
        "18%",
        "140M",
        "/",
        "512M",
        "12K",
    ]
    assert row.endswith("GET /orders 200 in 12 ms")


def test_a_rollout_shows_old_new_and_failed() -> None:
    text = _text(rolling())
    assert "IN_PROGRESS 61s ago, 1 failed" in text
    assert "STOPPED 137" in text
    assert "Essential container in task exited" in text
    assert "awake while a rollout is under way" in text


def test_the_age_of_one_that_stopped_goes_on() -> None:
    row = next(line for line in _text(rolling(), 200, drawn=False).splitlines() if "STOPPED 137" in line)
    stopped = next(one for one in rolling().tasks if one.stopped_at is not None)
    assert age(NOW - (stopped.started_at or stopped.created_at)) in row.split()


def test_asleep_is_said_and_no_table_drawn() -> None:
    text = _text(asleep())
    assert "shop is asleep: no task runs" in text
    assert "CONTAINER" not in text
    assert "0/0 running" in text


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("Container Insights is off", "No CPU and memory per container: Container Insights is off."),
        (
            "not permitted: logs:FilterLogEvents",
            "No CPU and memory per container: not permitted: logs:FilterLogEvents.",
        ),
    ],
)
def test_what_is_missing_is_said(note: str, said: str) -> None:
    seen = look()
    assert said in _text(replace(seen, readings={**seen.readings, s.USAGE: Reading("x", None, note)}))


def test_too_many_rows_are_counted() -> None:
    text = _text(look(50), 100, 24)
    assert "more containers" in text
    assert "API calls" in text.splitlines()[-1]


@pytest.mark.parametrize("key", SORTS)
def test_every_key_sorts(key: str) -> None:
    text = _text(look(12), sort=key, keys=True)
    assert f"[{key}]" in text
    rows = [line for line in text.splitlines() if line.startswith(("app ", "proxy "))]
    assert len(rows) == 12


def test_sorted_by_cpu_the_busiest_is_first() -> None:
    rows = [line for line in _text(look(12), sort="c").splitlines() if line.startswith(("app ", "proxy "))]
    busiest = max(look(12).containers, key=lambda one: one.cpu_percent or 0)
    assert rows[0].split()[:2] == [busiest.name, busiest.task[:8]]


def test_several_services_are_told_apart() -> None:
    other = replace(look(2), name="jobs")
    text = plain(frame([look(2), other], NOW, View(200, None)))
    assert "SERVICE" in text
    assert "jobs in staging" in text
    assert "jobs: has reached a steady state." in text


def test_nothing_is_drawn_for_a_pipe() -> None:
    assert not set("▁▂▃▄▅▆▇█·") & set(
        _text(look(), drawn=False).partition("CONTAINER")[2].partition("EVENTS")[0]
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(max_size=12), st.just(""))), st.integers(0, 30))
def test_fitted_is_exactly_as_wide_as_asked(texts: list[tuple[str, str]], width: int) -> None:
    line: Line = fitted([Piece("".join(c for c in text if c.isprintable())) for text, _ in texts], width)
    assert width_of(line) == width


@settings(deadline=None, max_examples=60)
@given(st.text(), st.integers(1, 30))
def test_cut_never_exceeds(text: str, width: int) -> None:
    assert width_of([Piece(cut(text, width))]) <= width


def test_figures_as_people_read_them() -> None:
    assert [percent(v) for v in (None, 0, 3.44, 9.96, 412.4)] == ["-", "0.0%", "3.4%", "10%", "412%"]
    assert [mebibytes(v) for v in (None, 48.2, 1536)] == ["-", "48M", "1.5G"]
    assert [bytes_a_second(v) for v in (None, 0, 999, 1200, 34e6, 5e9)] == [
        "-",
        "0B",
        "999B",
        "1.2K",
        "32M",
        "4.7G",
    ]
    assert [age(v) for v in (-1, 42, 119, 121, 7300, 90000 * 2)] == ["0s", "42s", "119s", "2m", "2h", "2d"]
    assert spark([0, 50, 100], 5) == "  ▁▄█"
    assert spark([], 3) == "   "
