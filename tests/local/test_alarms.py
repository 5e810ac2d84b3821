"""The judgement of alarms: the tables of CloudWatch's user guide, and the reasons in its words."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from ecs_local import metrics
from ecs_local.alarms import evaluate, judge
from ecs_local.alarms_model import AlarmState
from ecs_local.metrics import MetricStore
from hypothesis import given
from hypothesis import strategies as st

MARKS = {"0": False, "X": True, "-": None}
KEPT: AlarmState = (
    "ALARM"  # what the tables call "retain current state", in a state that no other column has there
)
KEY = metrics.key_of("App", "Visits", {"Name": "app"})


def _marks(text: str) -> list[bool | None]:
    return [MARKS[each] for each in text.split()]


@pytest.mark.parametrize(
    ("points", "to_alarm", "missing", "ignore", "breaching", "not_breaching"),
    [
        # "Evaluation Periods and Datapoints to Alarm are both 3"
        ("0 - X - X", 3, "OK", "OK", "OK", "OK"),
        ("0 - - - -", 3, "OK", "OK", "OK", "OK"),
        ("- - - - -", 3, "INSUFFICIENT_DATA", "kept", "ALARM", "OK"),
        ("0 X X - X", 3, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", 3, "ALARM", "kept", "ALARM", "OK"),
        # "a 2 out of 3 alarm"
        ("0 - X - X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", 2, "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", 2, "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", 2, "OK", "OK", "ALARM", "OK"),
        ("- - - X -", 2, "ALARM", "kept", "ALARM", "OK"),
        # "avoiding premature transitions": not yet
        ("- - - - X", 3, "kept", "kept", "ALARM", "OK"),
        ("- - - X -", 3, "kept", "kept", "ALARM", "OK"),
    ],
)
@pytest.mark.parametrize("current", get_args(AlarmState))
def test_the_tables_of_the_user_guide(
    points: str,
    to_alarm: int,
    missing: str,
    ignore: str,
    breaching: str,
    not_breaching: str,
    current: AlarmState,
) -> None:
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    for treated, state in expected.items():
        found = judge(_marks(points), 3, to_alarm, treated, current)
        assert found == (current if state == "kept" else state), treated


@given(
    st.lists(st.booleans(), min_size=5, max_size=5), st.integers(1, 3), st.sampled_from(get_args(AlarmState))
)
def test_without_missing_points_their_treatment_does_not_matter(
    marks: list[bool], to_alarm: int, current: AlarmState
) -> None:
    found = {
        judge(marks, 3, to_alarm, treated, current)
        for treated in ("missing", "ignore", "breaching", "notBreaching")
    }
    assert found == {"ALARM" if sum(marks[-3:]) >= to_alarm else "OK"}


@given(st.lists(st.sampled_from([True, False, None]), min_size=9, max_size=9), st.integers(1, 7))
def test_breaching_is_never_milder_than_not_breaching(marks: list[bool | None], to_alarm: int) -> None:
    mild = judge(marks, 7, to_alarm, "notBreaching", "OK")
    assert judge(marks, 7, to_alarm, "breaching", "OK") == "ALARM" or mild == "OK"


def _content(**more: Any) -> dict[str, Any]:
    return {
        "Namespace": "App",
        "MetricName": "Visits",
        "Dimensions": [{"Name": "Name", "Value": "app"}],
        "Period": 60,
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "EvaluationPeriods": 1,
    } | more


def _store(**minutes: float) -> MetricStore:
    store = MetricStore()
    for name, value in minutes.items():
        metrics.put(store, KEY, int(name[1:]), value, 0.0)
    return store


@pytest.mark.parametrize(
    ("store", "more", "state", "reason"),
    [
        (
            _store(m9=5.0),
            {},
            "ALARM",
            (
                "Threshold Crossed: 1 out of the last 1 datapoint [5.0 (01/01/70 00:09:00)] was greater than or "
                "equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition)."
            ),
        ),
        (
            _store(m9=0.0),
            {},
            "OK",
            (
                "Threshold Crossed: 1 out of the last 1 datapoint [0.0 (01/01/70 00:09:00)] was not greater than "
                "or equal to the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition)."
            ),
        ),
        (_store(), {}, "INSUFFICIENT_DATA", "Insufficient Data: 1 datapoint was unknown."),
        (
            _store(),
            {"TreatMissingData": "breaching", "EvaluationPeriods": 5},
            "ALARM",
            (
                "Threshold Crossed: no datapoints were received for 5 periods and 5 missing datapoints were treated as "
                "[Breaching]."
            ),
        ),
        (
            _store(m8=2.0, m9=3.0),
            {"EvaluationPeriods": 2},
            "ALARM",
            (
                "Threshold Crossed: 2 out of the last 2 datapoints [the most recent datapoints which crossed: 3.0 "
                "(01/01/70 00:09:00), 2.0 (01/01/70 00:08:00)] were greater than or equal to the threshold (1.0) "
                "(minimum 2 datapoints for OK -> ALARM transition)."
            ),
        ),
    ],
)
def test_states_with_their_reasons(store: MetricStore, more: dict[str, Any], state: str, reason: str) -> None:
    verdict = evaluate(store, _content(**more), "INSUFFICIENT_DATA", 60.0, 10, 600.0)
    assert (verdict.state, verdict.reason) == (state, reason)


def test_the_running_minute_does_not_count_and_an_old_one_is_used_again() -> None:
    running, old, gone = _store(m10=5.0), _store(m7=5.0), _store(m6=5.0)
    states = [
        evaluate(each, _content(TreatMissingData="notBreaching"), "OK", 60.0, 10, 630.0).state
        for each in (running, old, gone)
    ]
    assert states == ["OK", "ALARM", "OK"]


def test_a_period_of_several_minutes_and_a_minute_that_lasts_a_second() -> None:
    store = _store(m8=2.0, m9=3.0)
    verdict = evaluate(store, _content(Period=120, Threshold=5), "OK", 1.0, 10, 10.0)
    assert (verdict.state, verdict.value) == ("ALARM", 5.0)
    assert json.loads(verdict.reason_data)["recentDatapoints"] == [5.0]


def test_an_alarm_on_metric_math() -> None:
    query = {"Metric": {"Namespace": "App", "MetricName": "Visits"}, "Period": 60, "Stat": "Sum"}
    content = {
        "Metrics": [
            {"Id": "a", "MetricStat": query, "ReturnData": False},
            {"Id": "idle", "Expression": "FILL(a, 0) + 0"},
        ],
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "Threshold": 0.0,
        "EvaluationPeriods": 7,
        "DatapointsToAlarm": 7,
        "TreatMissingData": "breaching",
    }
    key, store = metrics.key_of("App", "Visits", {}), MetricStore()
    assert evaluate(store, content, "OK", 60.0, 20, 1200.0).state == "ALARM"
    metrics.put(store, key, 13, 1.0, 0.0)
    assert evaluate(store, content, "OK", 60.0, 20, 1200.0).state == "OK"
    assert evaluate(store, content, "OK", 60.0, 21, 1260.0).state == "ALARM"
