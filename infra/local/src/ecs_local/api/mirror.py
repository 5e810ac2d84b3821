"""Brings the records of load balancers, listeners and target groups from the passive registers into the world."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from ecs_local.api.passive import Passive
from ecs_local.world import Content, World
from ecs_local.world_balancer import Listener, ListenerRule, TargetGroup

_log = logging.getLogger(__name__)
_DEFAULT_PRIORITY = 1_000_000  # after every rule a client can make: those end at 50,000
_CONFIGS = {"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}


@dataclass(frozen=True)
class Records:
    """What the registers say, as elbv2's Describe calls answer it."""

    groups: list[Content] = field(default_factory=list)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)  # by target group ARN
    listeners: list[Content] = field(default_factory=list)
    rules: dict[str, list[Content]] = field(default_factory=dict)  # by listener ARN


async def refresh(passive: Passive, world: World) -> None:
    """Reads all records as one job and writes them into the world."""
    apply(await passive.work(lambda: _read(passive)), world)


def apply(records: Records, world: World) -> None:
    """Writes the records into the world. Targets and bound ports of what is still there stay."""
    arns = [record["TargetGroupArn"] for record in records.groups]
    for gone in set(world.target_groups) - set(arns):
        del world.target_groups[gone]
    for record in records.groups:
        arn = record["TargetGroupArn"]
        group = world.target_groups.setdefault(arn, TargetGroup(arn, record["TargetGroupName"]))
        _update(group, record, records.attributes[arn])
    for gone in set(world.listeners) - set(records.rules):
        del world.listeners[gone]
    for record in records.listeners:
        arn = record["ListenerArn"]
        listener = world.listeners.setdefault(arn, Listener(arn, record["LoadBalancerArn"], record["Port"]))
        listener.port = record["Port"]
        rules = [rule for rule in map(_rule, records.rules[arn]) if rule is not None]
        listener.rules = sorted(rules, key=lambda rule: rule.priority)


def _read(passive: Passive) -> Records:
    def ask(operation: str, member: str, **params: str) -> list[Content]:
        found: list[Content] = []
        marker: Content = {}
        while True:
            answer = passive.call_here("elbv2", operation, params | marker)
            found += answer[member]
            if not answer.get("NextMarker"):
                return found
            marker = {"Marker": answer["NextMarker"]}

    balancers = [one["LoadBalancerArn"] for one in ask("DescribeLoadBalancers", "LoadBalancers")]
    listeners = [
        one for arn in balancers for one in ask("DescribeListeners", "Listeners", LoadBalancerArn=arn)
    ]
    groups = ask("DescribeTargetGroups", "TargetGroups")
    attributes = {
        arn: {
            one["Key"]: one["Value"]
            for one in passive.call_here("elbv2", "DescribeTargetGroupAttributes", {"TargetGroupArn": arn})[
                "Attributes"
            ]
        }
        for arn in (group["TargetGroupArn"] for group in groups)
    }
    rules = {
        one["ListenerArn"]: ask("DescribeRules", "Rules", ListenerArn=one["ListenerArn"]) for one in listeners
    }
    return Records(groups, attributes, listeners, rules)


def _update(group: TargetGroup, record: Content, attributes: dict[str, str]) -> None:
    group.health_path = record.get("HealthCheckPath", "/")
    group.health_interval = float(record.get("HealthCheckIntervalSeconds", 30))
    group.health_timeout = float(record.get("HealthCheckTimeoutSeconds", 5))
    group.healthy_threshold = int(record.get("HealthyThresholdCount", 5))
    group.unhealthy_threshold = int(record.get("UnhealthyThresholdCount", 2))
    group.matcher = record.get("Matcher", {}).get("HttpCode", "200")
    group.deregistration_delay = float(attributes.get("deregistration_delay.timeout_seconds", "300"))


def _rule(record: Content) -> ListenerRule | None:
    patterns: dict[str, list[str]] = {"host-header": [], "path-pattern": []}
    for condition in record.get("Conditions", []):
        kind = condition.get("Field")
        if kind not in patterns:
            _log.warning("rule %s is left out: the balancer has no condition %s", record["RuleArn"], kind)
            return None
        patterns[kind] += condition.get("Values") or condition.get(_CONFIGS[kind], {}).get("Values", [])
    priority = _DEFAULT_PRIORITY if record.get("IsDefault") else int(record["Priority"])
    action = _action(record["Actions"])
    if action is None:
        return None
    return ListenerRule(priority, patterns["host-header"], patterns["path-pattern"], action)


def _action(actions: list[Content]) -> Content | None:
    """The action that ends a rule; authentication before it is left out."""
    last = max(actions, key=lambda one: one.get("Order", 1))
    kind = last["Type"]
    if kind == "forward":
        weighted = last.get("ForwardConfig", {}).get("TargetGroups", [])
        heaviest: Content = max(weighted, key=lambda one: one.get("Weight", 1), default={})
        return {"type": kind, "group": last.get("TargetGroupArn") or heaviest["TargetGroupArn"]}
    if kind == "fixed-response":
        return {"type": kind, **last["FixedResponseConfig"]}
    if kind == "redirect":
        return {"type": kind, **last["RedirectConfig"]}
    _log.warning("a rule is left out: the balancer has no action %s", kind)
    return None
