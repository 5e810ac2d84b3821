"""Performance events: read from anything that a log may hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ecs_stats.figures import Figures
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.observability.memory_source import TASK, event


def _taken(*messages: str) -> Figures:
    figures = Figures()
    figures.take(messages, "app")
    return figures


def test_samples_come_in_their_order_and_once() -> None:
    figures = _taken(event(30.0), event(10.0), event(30.0))
    assert [one.at for one in figures.of(TASK, "app", first=True)] == [10.0, 30.0]
    assert figures.newest == 30.0


def test_only_the_newest_are_kept_and_only_of_living_tasks() -> None:
    figures = _taken(*(event(float(at)) for at in range(100)))
    assert next(one.at for one in figures.of(TASK, "app", first=True)) == 40.0
    figures.keep([])
    assert (figures.newest, figures.of(TASK, "app", first=True)) == (None, ())


def test_a_reservation_of_nothing_is_none() -> None:
    (sample,) = _taken(event(1.0, CpuReserved=0.0, RestartCount=3)).of(TASK, "app", first=False)
    assert (sample.cpu_limit, sample.restarts) == (None, 3)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "plain text",
        "[]",
        "{}",
        '{"Type": "Service"}',
        event(1.0, ServiceName="other"),
        event(1.0, Timestamp="x"),
    ],
)
def test_what_is_no_event_of_the_service_is_passed_over(message: str) -> None:
    assert _taken(message).newest is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
_FIELDS = st.sampled_from(sorted(json.loads(event(1.0))))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(_FIELDS, _JSON, max_size=4))
def test_no_event_is_so_strange_that_it_ends_a_look(changes: dict[str, Any]) -> None:
    figures = _taken(json.dumps(json.loads(event(1.0)) | changes))
    for sample in figures.of(TASK, "app", first=True):
        assert all(
            isinstance(value, float | int | None) for value in (sample.cpu, sample.memory, sample.received)
        )
