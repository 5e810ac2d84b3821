"""The CloudWatch dashboard: within the published shape and limits, whatever is there; found out where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from ecs_deployment.errors import Refused
from ecs_stats.widgets import (
    PLACEHOLDERS,
    Names,
    as_text,
    console_link,
    dashboard_body,
    dashboard_name,
)
from ecs_stats.widgets_check import problems

NAMES = Names(
    region="eu-west-3",
    cluster="shop",
    service="web",
    containers=("app", "proxy"),
    load_balancer="app/web/50dc6c495c0c9188",
    target_group="targetgroup/web/73e2d6bc24d8a067",
    log_group="/ecs/shop/web",
    alarms=("arn:aws:cloudwatch:eu-west-3:123456789012:alarm:shop-web-idle",),
)
VARIANTS = [
    replace(NAMES, insights=insights, load_balancer=balancer, log_group=group, alarms=alarms)
    for insights, balancer, group, alarms in product(
        ("off", "standard", "enhanced"), ("", NAMES.load_balancer), ("", NAMES.log_group), ((), NAMES.alarms)
    )
]


@pytest.mark.parametrize("names", [*VARIANTS, PLACEHOLDERS])
def test_every_variant_is_within_the_limits(names: Names) -> None:
    body = dashboard_body(names)
    assert list(problems(body)) == []
    assert json.loads(as_text(body)) == body
    assert {widget["type"] for widget in body["widgets"]} <= {"text", "alarm", "metric", "log"}


def test_what_the_reader_looks_for_is_there() -> None:
    titles = [w["properties"].get("title", "") for w in dashboard_body(NAMES)["widgets"]]
    for wanted in (
        "Sleep and wake alarms",
        "Running / desired",
        "5xx a minute",
        "p99, seconds",
        "Containers (docker stats)",
        "CPU of each container, units (1024 = one vCPU)",
        "Memory of each container, MB",
        "Network of each task, bytes a second",
        "Rollout: running against desired",
        "Sleep and wake: asks of a minute",
        "Target health",
        "Answers a minute",
        "Log of app",
        "Log of proxy",
        "Errors in the logs",
    ):
        assert wanted in titles


@pytest.mark.parametrize(("insights", "table"), [("off", 0), ("standard", 1), ("enhanced", 1)])
def test_without_insights_nothing_is_asked_of_them(insights: Any, table: int) -> None:
    text = as_text(dashboard_body(replace(NAMES, insights=insights)))
    assert text.count("docker stats") == table
    assert ("ECS/ContainerInsights" in text) == (insights != "off")
    assert ("SEARCH(" in text) == (insights == "enhanced")


def test_the_placeholders_are_all_that_a_template_fills_in() -> None:
    """`Fn::Sub` reads every "${": one of our own would be a reference to nothing."""
    found = set(re.findall(r"\$\{([^}]*)\}", as_text(dashboard_body(PLACEHOLDERS))))
    assert found == {
        "AWS::Region",
        "Balancer.LoadBalancerFullName",
        "ClusterName",
        "ContainerName",
        "IdleAlarm.Arn",
        "LogGroup",
        "ServiceName",
        "TargetGroup.TargetGroupFullName",
        "WakeAlarm.Arn",
    }
    assert len(as_text(dashboard_body(PLACEHOLDERS))) < 12_000  # of a template's 51,200 bytes


def test_a_dashboard_over_its_limits_is_refused_in_a_sentence() -> None:
    with pytest.raises(Refused, match="CloudWatch takes 500") as caught:
        dashboard_body(replace(NAMES, containers=tuple(f"c{number}" for number in range(500))))
    assert caught.value.exit_code == 2
    assert caught.value.cure


def _graph(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(w for w in body["widgets"] if w["type"] == "metric")
    return found


def _broken(change: Callable[[dict[str, Any]], object]) -> list[str]:
    body = json.loads(as_text(dashboard_body(NAMES)))
    change(body)
    return list(problems(body))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b.pop("widgets"), "no list of widgets"),
        (lambda b: b.update(title="x"), "unknown member title"),
        (lambda b: _graph(b).update(x=20, width=8), "reaches to column 28 of 24"),
        (lambda b: _graph(b).update(height=0), "0 rows high"),
        (lambda b: _graph(b).update(type="graph"), "unknown type graph"),
        (lambda b: _graph(b)["properties"].pop("region"), "has no region"),
        (lambda b: _graph(b)["properties"].update(view="donut"), "unknown view donut"),
        (lambda b: _graph(b)["properties"].update(period=90), "period of 90 s"),
        (lambda b: _graph(b)["properties"].update(metrics=[]), "has no metrics"),
        (lambda b: _graph(b)["properties"].update(metrics=[["AWS/ECS", "X", "Y"]]), "malformed metric"),
        (lambda b: _graph(b)["properties"].update(metrics=[["AWS/ECS", "X", {"stat": "p"}]]), "statistic p"),
        (lambda b: _graph(b)["properties"].update(metrics=[["AWS/ECS", "X"]] * 501), "has 501 metrics"),
        (lambda b: b["widgets"][0].update(y=4), "lies over"),
        (lambda b: b["widgets"][-1]["properties"].update(query="fields @message"), "without a SOURCE"),
        (lambda b: b["widgets"][0]["properties"].clear(), "has no markdown"),
    ],
)
def test_each_way_of_being_wrong_is_named(change: Callable[[dict[str, Any]], object], said: str) -> None:
    assert any(said in problem for problem in _broken(change)), _broken(change)


def test_the_link_leads_to_the_console_of_its_partition() -> None:
    name = dashboard_name("shop", "web")
    assert console_link("eu-west-3", name).endswith("region=eu-west-3#dashboards/dashboard/shop-web")
    assert console_link("cn-north-1", name).startswith("https://console.amazonaws.cn/")
    assert console_link("us-gov-west-1", name).startswith("https://console.amazonaws-us-gov.com/")
