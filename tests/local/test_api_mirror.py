"""Records of the load balancer as the world has them: groups, listeners, rules in their order."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_local.api.mirror import Records, apply
from ecs_local.world import World
from ecs_local.world_balancer import Target

GROUP = {"TargetGroupArn": "group", "TargetGroupName": "shop", "Matcher": {"HttpCode": "200-299"}}
CHECK = {
    "HealthCheckPath": "/health",
    "HealthCheckIntervalSeconds": 5,
    "HealthCheckTimeoutSeconds": 2,
    "HealthyThresholdCount": 2,
    "UnhealthyThresholdCount": 3,
}
DELAY = {"deregistration_delay.timeout_seconds": "7"}
LISTENER = {"ListenerArn": "listener", "LoadBalancerArn": "balancer", "Port": 80}
FORWARD = {"Type": "forward", "TargetGroupArn": "group"}
DEFAULT = {
    "RuleArn": "default",
    "Priority": "default",
    "IsDefault": True,
    "Conditions": [],
    "Actions": [FORWARD],
}


def _records(*rules: dict[str, Any]) -> Records:
    return Records([GROUP | CHECK], {"group": DELAY}, [LISTENER], {"listener": [*rules, DEFAULT]})


def _rule(condition: dict[str, Any], *actions: dict[str, Any], priority: int = 1) -> dict[str, Any]:
    return {
        "RuleArn": "rule",
        "Priority": str(priority),
        "IsDefault": False,
        "Conditions": [condition],
        "Actions": list(actions) or [FORWARD],
    }


def test_what_is_recorded_is_in_the_world() -> None:
    world = World()
    apply(_records(), world)
    group = world.target_groups["group"]
    assert (group.health_path, group.health_interval, group.health_timeout) == ("/health", 5.0, 2.0)
    assert (group.healthy_threshold, group.unhealthy_threshold, group.matcher) == (2, 3, "200-299")
    assert group.deregistration_delay == 7.0
    listener = world.listeners["listener"]
    assert (listener.port, [rule.action for rule in listener.rules]) == (
        80,
        [{"type": "forward", "group": "group"}],
    )


def test_what_lives_survives_a_change_of_the_records() -> None:
    world = World()
    apply(_records(), world)
    world.target_groups["group"].targets["127.1.1.1", 80] = Target("127.1.1.1", 80, "task", 1.0)
    world.listeners["listener"].bound_port = 4000
    apply(_records(), world)
    assert list(world.target_groups["group"].targets) == [("127.1.1.1", 80)]
    assert world.listeners["listener"].bound_port == 4000
    apply(Records(), world)
    assert (world.target_groups, world.listeners) == ({}, {})


@pytest.mark.parametrize(
    ("condition", "hosts", "paths"),
    [
        ({"Field": "host-header", "Values": ["a.example"]}, ["a.example"], []),
        ({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*", "/b"]}}, [], ["/a/*", "/b"]),
        (
            {"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}},
            [],
            ["/a"],
        ),
    ],
)
def test_conditions(condition: dict[str, Any], hosts: list[str], paths: list[str]) -> None:
    world = World()
    apply(_records(_rule(condition)), world)
    first = world.listeners["listener"].rules[0]
    assert (first.host_patterns, first.path_patterns) == (hosts, paths)


FIXED = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
REDIRECT = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Host": "b.example"}}
WEIGHTED = {
    "Type": "forward",
    "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}, {"TargetGroupArn": "b", "Weight": 1}]
    },
}


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([FIXED], {"type": "fixed-response", "StatusCode": "404"}),
        ([REDIRECT], {"type": "redirect", "StatusCode": "HTTP_301", "Host": "b.example"}),
        ([WEIGHTED], {"type": "forward", "group": "b"}),
        (
            [{"Type": "authenticate-oidc", "Order": 1}, FIXED | {"Order": 2}],
            {"type": "fixed-response", "StatusCode": "404"},
        ),
    ],
)
def test_actions(actions: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    world = World()
    apply(_records(_rule({"Field": "path-pattern", "Values": ["/"]}, *actions)), world)
    assert world.listeners["listener"].rules[0].action == expected


def test_rules_go_by_priority_and_those_that_cannot_be_followed_are_left_out() -> None:
    path = {"Field": "path-pattern", "Values": ["/"]}
    world = World()
    apply(
        _records(
            _rule(path, priority=20),
            _rule(path, priority=3),
            _rule({"Field": "http-header"}, priority=1),
            _rule(path, {"Type": "authenticate-oidc"}, priority=2),
        ),
        world,
    )
    assert [rule.priority for rule in world.listeners["listener"].rules][:2] == [3, 20]
    assert len(world.listeners["listener"].rules) == 3
