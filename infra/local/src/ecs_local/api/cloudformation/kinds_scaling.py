"""Scalable targets and their policies, alarms and dashboards."""

from __future__ import annotations

from ecs_local.api.cloudformation.kinds import Create, Desk, Kind, Update, remove, removed_by, shaped, without
from ecs_local.api.errors import AwsError
from ecs_local.cfn_records import Made
from ecs_local.cfn_values import text_of
from ecs_local.world import Content

_SCALING = "application-autoscaling"
_IDENTITY = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _again(create: Create) -> Update:
    """The update of what is changed by putting it once more."""

    async def update(desk: Desk, _made: Made, _old: Content, new: Content) -> Made:
        return await create(desk, new)

    return update


async def _register_target(desk: Desk, properties: Content) -> Made:
    given = shaped(_SCALING, "RegisterScalableTarget", without(properties, "ScheduledActions"))
    await desk.ask(_SCALING, "RegisterScalableTarget", given)
    return Made(
        "|".join(properties[name] for name in _IDENTITY), {"Id": "|".join(properties[n] for n in _IDENTITY)}
    )


async def _deregister_target(desk: Desk, made: Made, _: Content) -> None:
    await remove(
        desk, _SCALING, "DeregisterScalableTarget", _identity(made.physical), "ObjectNotFoundException"
    )


def _identity(target: str) -> Content:
    """The three members that name a target, from what Ref gives for one."""
    parts = target.split("|")
    if len(parts) != len(_IDENTITY):
        raise AwsError("ValidationException", f"{target} is no id of a scalable target.")
    return dict(zip(_IDENTITY, parts, strict=True))


async def _put_policy(desk: Desk, properties: Content) -> Made:
    given = without(properties, "ScalingTargetId")
    if "ScalingTargetId" in properties:
        given |= _identity(properties["ScalingTargetId"])
    answer = await desk.ask(_SCALING, "PutScalingPolicy", shaped(_SCALING, "PutScalingPolicy", given))
    return Made(answer["PolicyARN"], {"Arn": answer["PolicyARN"], "PolicyName": properties["PolicyName"]})


async def _delete_policy(desk: Desk, _made: Made, properties: Content) -> None:
    target = properties.get("ScalingTargetId")
    identity = _identity(target) if target else {name: properties[name] for name in _IDENTITY}
    asked = {"PolicyName": properties["PolicyName"]} | identity
    await remove(desk, _SCALING, "DeleteScalingPolicy", asked, "ObjectNotFoundException")


async def _put_alarm(desk: Desk, properties: Content) -> Made:
    return await _alarm(desk, properties.get("AlarmName") or desk.name(255), properties)


async def _update_alarm(desk: Desk, made: Made, _old: Content, new: Content) -> Made:
    return await _alarm(desk, made.physical, new)


async def _alarm(desk: Desk, name: str, properties: Content) -> Made:
    given = shaped("cloudwatch", "PutMetricAlarm", properties | {"AlarmName": name})
    await desk.ask("cloudwatch", "PutMetricAlarm", given)
    world = desk.world
    return Made(name, {"Arn": f"arn:aws:cloudwatch:{world.region}:{world.account}:alarm:{name}"})


async def _put_dashboard(desk: Desk, properties: Content) -> Made:
    return await _dashboard(desk, properties.get("DashboardName") or desk.name(255), properties)


async def _update_dashboard(desk: Desk, made: Made, _old: Content, new: Content) -> Made:
    return await _dashboard(desk, made.physical, new)


async def _dashboard(desk: Desk, name: str, properties: Content) -> Made:
    body = text_of(properties["DashboardBody"])
    await desk.ask("cloudwatch", "PutDashboard", {"DashboardName": name, "DashboardBody": body})
    return Made(name)


KINDS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Kind(
        _register_target, _deregister_target, _again(_register_target), frozenset(_IDENTITY)
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Kind(
        _put_policy,
        _delete_policy,
        _again(_put_policy),
        frozenset({"PolicyName", "ScalingTargetId", *_IDENTITY}),
    ),
    "AWS::CloudWatch::Alarm": Kind(
        _put_alarm,
        removed_by("cloudwatch", "DeleteAlarms", "AlarmNames", "ResourceNotFound"),
        _update_alarm,
        frozenset({"AlarmName"}),
    ),
    "AWS::CloudWatch::Dashboard": Kind(
        _put_dashboard,
        removed_by("cloudwatch", "DeleteDashboards", "DashboardNames", "ResourceNotFound"),
        _update_dashboard,
        frozenset({"DashboardName"}),
    ),
}
