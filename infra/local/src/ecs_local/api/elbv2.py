"""Target health from the world; the records of load balancers, listeners and groups are passive."""

from __future__ import annotations

from ecs_local import transitions
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.world import Content
from ecs_local.world_balancer import Target, TargetGroup


def describe_target_health(call: Call, params: Content) -> Content:
    """The targets of a group, or those asked for, as their health checks see them now."""
    group = _group(call, params)
    if "Targets" not in params:
        return {"TargetHealthDescriptions": [_shown(target) for target in group.targets.values()]}
    asked = []
    for wanted in params["Targets"]:
        found = [one for one in group.targets.values() if _means(wanted, one)]
        asked.extend([_shown(one) for one in found] or [_stranger(wanted)])
    return {"TargetHealthDescriptions": asked}


async def register_targets(call: Call, params: Content) -> Content:
    """Registers targets by address; health checks begin at once. One that is there stays as it is."""
    group = _group(call, params)
    default = None
    for wanted in params["Targets"]:
        port = wanted.get("Port")
        if port is None:
            default = default or await _default_port(call, group)
            port = default
        transitions.register_target(group, wanted["Id"], port, call.now)
    return {}


def deregister_targets(call: Call, params: Content) -> Content:
    """Begins to drain targets; those that are not there are refused."""
    group = _group(call, params)
    for wanted in params["Targets"]:
        found = [one for one in group.targets.values() if _means(wanted, one)]
        if not found:
            raise AwsError("InvalidTarget", f"The following targets are not registered: {wanted['Id']}")
        for target in found:
            transitions.deregister_target(group, target.id, target.port, call.now)
    return {}


def _group(call: Call, params: Content) -> TargetGroup:
    found = call.world.target_groups.get(params["TargetGroupArn"])
    if found is None:
        raise AwsError("TargetGroupNotFound", f"Target groups '{params['TargetGroupArn']}' not found")
    return found


async def _default_port(call: Call, group: TargetGroup) -> int:
    answer = await call.passive.call("elbv2", "DescribeTargetGroups", {"TargetGroupArns": [group.arn]})
    return int(answer["TargetGroups"][0]["Port"])


def _means(wanted: Content, target: Target) -> bool:
    return bool(wanted["Id"] == target.id and wanted.get("Port", target.port) == target.port)


def _shown(target: Target) -> Content:
    health: Content = {"State": target.state}
    if target.state != "healthy":
        health |= {"Reason": target.reason, "Description": target.description}
    return {
        "Target": {"Id": target.id, "Port": target.port},
        "HealthCheckPort": str(target.port),
        "TargetHealth": health,
    }


def _stranger(wanted: Content) -> Content:
    """How a target is shown that is not in the group (elbv2, TargetHealth)."""
    return {
        "Target": wanted,
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    }


OPERATIONS: dict[str, Handler] = {
    "DeregisterTargets": deregister_targets,
    "DescribeTargetHealth": describe_target_health,
    "RegisterTargets": register_targets,
}
