"""What CloudWatch is asked about traffic, and what its silence means."""

from __future__ import annotations

from ecs_stats import traffic

from tests.deployment import builders as b
from tests.observability.memory_source import BALANCER, rule


def test_one_request_asks_for_everything_and_its_price_is_known() -> None:
    asked = traffic.queries("local", "app", BALANCER, b.GROUP, rule())
    names = [one["Id"] for one in asked]
    assert len(set(names)) == len(names)
    assert {"look_requests", "look_p99", "look_own5", "look_cpu", "idle_sum", "served"} <= set(names)
    assert sum("MetricStat" in one for one in asked) == 10  # charged, once a minute: half a cent an hour
    by = {one["Name"]: one["Value"] for one in asked[2]["MetricStat"]["Metric"]["Dimensions"]}
    assert by == {
        "LoadBalancer": "app/shop/0123456789abcdef",
        "TargetGroup": "targetgroup/app/0123456789abcdef",
    }


def test_without_a_load_balancer_only_the_free_figures_and_the_alarms() -> None:
    asked = traffic.queries("local", "app", "", "", None)
    assert [one["Id"] for one in asked] == ["look_cpu", "look_memory"]


def test_a_minute_without_requests_is_nought_once_it_can_not_come_any_more() -> None:
    old = {"look_requests": [(600.0, 60.0)]}
    moved, over = traffic.read(old, 700.0, 180.0)
    assert (moved.requests, over) == (1.0, 660.0)
    moved, over = traffic.read(old, 1000.0, 180.0)
    assert (moved.requests, over) == (0.0, 780.0)
    assert moved.requests_history[-3:] == (1.0, 0.0, 0.0)
    moved, _ = traffic.read({}, 1000.0, 180.0)
    assert (moved.requests, moved.answers_5xx, moved.p99_ms) == (0.0, 0, None)


def test_figures_of_the_whole_service_do_not_outlive_it() -> None:
    answer = {"look_cpu": [(600.0, 12.5)], "look_memory": [(600.0, 40.0)]}
    assert traffic.whole_of(answer, 700.0) == (12.5, 40.0)
    assert traffic.whole_of(answer, 2000.0) == (None, None)


def test_the_window_reaches_as_far_as_the_alarm_looks() -> None:
    assert traffic.span(rule(periods=60)) == 63 * 60
    assert traffic.span(None) == traffic.WINDOW
