"""What `inv local.status` shows."""

from __future__ import annotations

from ecs_local.facts_text import table

ARN = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:"


def test_lists_stand_below_each_other_and_things_go_by_their_names() -> None:
    facts = {
        "pid": 7,
        "failure": None,
        "services": [{"service": "a", "desired": 1}, {"service": "b", "desired": 0}],
        "listeners": [{"load_balancer": f"{ARN}loadbalancer/app/front/09ebe4", "port": 80}],
        "tasks": [f"{ARN}task/local/0af"],
        "uptime": 12.3456,
        "faults": [],
        "tags": {"app": ["demo", "demo-2"]},
    }
    assert list(table(facts)) == [
        "pid        7",
        "services   service a, desired 1",
        "           service b, desired 0",
        "listeners  load_balancer front, port 80",
        "tasks      0af",
        "uptime     12 s",
        "faults     none",
        "tags       app demo demo-2",
    ]
