"""Load balancers, target groups, listeners and their rules."""

from __future__ import annotations

from ecs_local.api.cloudformation.kinds import Desk, Kind, changed, removed_by, shaped, without
from ecs_local.cfn_records import Made
from ecs_local.world import Content

_LONGEST_NAME = 32
_HEALTH = (
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "Matcher",
    "UnhealthyThresholdCount",
)


async def _create_balancer(desk: Desk, properties: Content) -> Made:
    given = without(properties, "LoadBalancerAttributes")
    given["Name"] = properties.get("Name") or desk.name(_LONGEST_NAME)
    answer = await _call(desk, "CreateLoadBalancer", given)
    one = answer["LoadBalancers"][0]
    arn = one["LoadBalancerArn"]
    made = Made(
        arn,
        {
            "LoadBalancerArn": arn,
            "LoadBalancerName": one["LoadBalancerName"],
            "LoadBalancerFullName": arn.partition(":loadbalancer/")[2],
            "DNSName": "127.0.0.1",  # every balancer listens there; Amazon's names do not resolve here
            "CanonicalHostedZoneID": one.get("CanonicalHostedZoneId", ""),
            "SecurityGroups": one.get("SecurityGroups", []),
        },
    )
    await _balancer_attributes(desk, desk.begun(made), properties)
    return made


async def _update_balancer(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if changed(old, new, "LoadBalancerAttributes"):
        await _balancer_attributes(desk, made, new)
    for name, operation in (("SecurityGroups", "SetSecurityGroups"), ("Subnets", "SetSubnets")):
        if changed(old, new, name) and name in new:
            await _call(desk, operation, {"LoadBalancerArn": made.physical, name: new[name]})
    return made


async def _balancer_attributes(desk: Desk, made: Made, properties: Content) -> None:
    if attributes := properties.get("LoadBalancerAttributes"):
        await _call(
            desk,
            "ModifyLoadBalancerAttributes",
            {"LoadBalancerArn": made.physical, "Attributes": attributes},
        )


async def _create_group(desk: Desk, properties: Content) -> Made:
    given = without(properties, "TargetGroupAttributes", "Targets")
    given["Name"] = properties.get("Name") or desk.name(_LONGEST_NAME)
    answer = await _call(desk, "CreateTargetGroup", given)
    one = answer["TargetGroups"][0]
    arn = one["TargetGroupArn"]
    made = Made(
        arn,
        {
            "TargetGroupArn": arn,
            "TargetGroupName": one["TargetGroupName"],
            "TargetGroupFullName": arn.rpartition(":")[2],
            "LoadBalancerArns": [],
        },
    )
    await _group_attributes(desk, desk.begun(made), properties)
    return made


async def _update_group(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if changed(old, new, *_HEALTH):
        health = {name: new[name] for name in _HEALTH if name in new}
        await _call(desk, "ModifyTargetGroup", {"TargetGroupArn": made.physical} | health)
    if changed(old, new, "TargetGroupAttributes"):
        await _group_attributes(desk, made, new)
    return made


async def _group_attributes(desk: Desk, made: Made, properties: Content) -> None:
    if attributes := properties.get("TargetGroupAttributes"):
        await _call(
            desk, "ModifyTargetGroupAttributes", {"TargetGroupArn": made.physical, "Attributes": attributes}
        )


async def _create_listener(desk: Desk, properties: Content) -> Made:
    answer = await _call(desk, "CreateListener", properties)
    arn = answer["Listeners"][0]["ListenerArn"]
    return Made(arn, {"ListenerArn": arn})


async def _update_listener(desk: Desk, made: Made, _old: Content, new: Content) -> Made:
    given = without(new, "LoadBalancerArn") | {"ListenerArn": made.physical}
    await _call(desk, "ModifyListener", given)
    return made


async def _create_rule(desk: Desk, properties: Content) -> Made:
    answer = await _call(desk, "CreateRule", properties)
    arn = answer["Rules"][0]["RuleArn"]
    return Made(arn, {"RuleArn": arn, "IsDefault": False})


async def _update_rule(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if changed(old, new, "Actions", "Conditions"):
        await _call(desk, "ModifyRule", without(new, "Priority", "ListenerArn") | {"RuleArn": made.physical})
    if changed(old, new, "Priority"):
        order = [{"RuleArn": made.physical, "Priority": new["Priority"]}]
        await _call(desk, "SetRulePriorities", {"RulePriorities": order})
    return made


async def _call(desk: Desk, operation: str, properties: Content) -> Content:
    return await desk.ask("elbv2", operation, shaped("elbv2", operation, properties))


KINDS = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Kind(
        _create_balancer,
        removed_by("elbv2", "DeleteLoadBalancer", "LoadBalancerArn", "LoadBalancerNotFound"),
        _update_balancer,
        frozenset({"Name", "Scheme", "Type"}),
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Kind(
        _create_group,
        removed_by("elbv2", "DeleteTargetGroup", "TargetGroupArn", "TargetGroupNotFound"),
        _update_group,
        frozenset({"Name", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId", "IpAddressType"}),
    ),
    "AWS::ElasticLoadBalancingV2::Listener": Kind(
        _create_listener,
        removed_by("elbv2", "DeleteListener", "ListenerArn", "ListenerNotFound"),
        _update_listener,
        frozenset({"LoadBalancerArn"}),
    ),
    "AWS::ElasticLoadBalancingV2::ListenerRule": Kind(
        _create_rule,
        removed_by("elbv2", "DeleteRule", "RuleArn", "RuleNotFound"),
        _update_rule,
        frozenset({"ListenerArn"}),
    ),
}
