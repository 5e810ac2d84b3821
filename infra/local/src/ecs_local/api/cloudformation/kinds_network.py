"""Networks, subnets, internet gateways and routes: records that lead nowhere here, as loopback needs no route."""

from __future__ import annotations

from ecs_local.api.cloudformation.kinds import (
    Delete,
    Desk,
    Kind,
    changed,
    remove,
    removed_by,
    shaped,
    without,
)
from ecs_local.cfn_records import Made
from ecs_local.world import Content


async def _create_vpc(desk: Desk, properties: Content) -> Made:
    answer = await _ec2(desk, "CreateVpc", without(properties, "Tags", *_DNS))
    identity = answer["Vpc"]["VpcId"]
    made = desk.begun(Made(identity, {"VpcId": identity, "CidrBlock": properties["CidrBlock"]}))
    await _dns(desk, made, {}, properties)
    await _tag(desk, made, properties)
    return made


async def _update_vpc(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    await _dns(desk, made, old, new)
    await _tag(desk, made, new)
    return made


_DNS = ("EnableDnsSupport", "EnableDnsHostnames")


async def _dns(desk: Desk, made: Made, old: Content, new: Content) -> None:
    for name in _DNS:  # EC2 takes one attribute a call
        if changed(old, new, name) and name in new:
            await _ec2(desk, "ModifyVpcAttribute", {"VpcId": made.physical, name: {"Value": new[name]}})


async def _create_subnet(desk: Desk, properties: Content) -> Made:
    answer = await _ec2(desk, "CreateSubnet", without(properties, "Tags", "MapPublicIpOnLaunch"))
    identity = answer["Subnet"]["SubnetId"]
    zone = answer["Subnet"]["AvailabilityZone"]
    made = desk.begun(Made(identity, {"SubnetId": identity, "AvailabilityZone": zone}))
    await _tag(desk, made, properties)
    return made


async def _create_gateway(desk: Desk, properties: Content) -> Made:
    answer = await _ec2(desk, "CreateInternetGateway", without(properties, "Tags"))
    identity = answer["InternetGateway"]["InternetGatewayId"]
    made = desk.begun(Made(identity, {"InternetGatewayId": identity}))
    await _tag(desk, made, properties)
    return made


async def _attach_gateway(desk: Desk, properties: Content) -> Made:
    await _ec2(desk, "AttachInternetGateway", properties)
    return Made(f"IGW|{properties['VpcId']}", {"AttachmentType": "IGW"})


async def _detach_gateway(desk: Desk, _made: Made, properties: Content) -> None:
    asked = shaped("ec2", "DetachInternetGateway", properties)
    await remove(desk, "ec2", "DetachInternetGateway", asked, "Gateway.NotAttached", "InvalidVpcID.NotFound")


async def _create_table(desk: Desk, properties: Content) -> Made:
    answer = await _ec2(desk, "CreateRouteTable", without(properties, "Tags"))
    identity = answer["RouteTable"]["RouteTableId"]
    made = desk.begun(Made(identity, {"RouteTableId": identity}))
    await _tag(desk, made, properties)
    return made


async def _create_route(desk: Desk, properties: Content) -> Made:
    await _ec2(desk, "CreateRoute", properties)
    return Made(f"{properties['RouteTableId']}|{properties['DestinationCidrBlock']}")


async def _delete_route(desk: Desk, _made: Made, properties: Content) -> None:
    named = {name: properties[name] for name in ("RouteTableId", "DestinationCidrBlock")}
    asked = shaped("ec2", "DeleteRoute", named)
    await remove(desk, "ec2", "DeleteRoute", asked, "InvalidRoute.NotFound", "InvalidRouteTableID.NotFound")


async def _associate(desk: Desk, properties: Content) -> Made:
    answer = await _ec2(desk, "AssociateRouteTable", properties)
    identity = answer["AssociationId"]
    return Made(identity, {"Id": identity})


async def _ec2(desk: Desk, operation: str, properties: Content) -> Content:
    return await desk.ask("ec2", operation, shaped("ec2", operation, properties))


async def _tag(desk: Desk, made: Made, properties: Content) -> None:
    if tags := properties.get("Tags"):
        await _ec2(desk, "CreateTags", {"Resources": [made.physical], "Tags": tags})


async def _retag(desk: Desk, made: Made, _old: Content, new: Content) -> Made:
    """The update of what has nothing but tags to change."""
    await _tag(desk, made, new)
    return made


def _gone(operation: str, member: str, code: str) -> Delete:
    return removed_by("ec2", operation, member, code)


KINDS = {
    "AWS::EC2::VPC": Kind(
        _create_vpc,
        _gone("DeleteVpc", "VpcId", "InvalidVpcID.NotFound"),
        _update_vpc,
        frozenset({"CidrBlock", "InstanceTenancy"}),
    ),
    "AWS::EC2::Subnet": Kind(
        _create_subnet,
        _gone("DeleteSubnet", "SubnetId", "InvalidSubnetID.NotFound"),
        _retag,
        frozenset({"AvailabilityZone", "CidrBlock", "VpcId"}),
    ),
    "AWS::EC2::InternetGateway": Kind(
        _create_gateway,
        _gone("DeleteInternetGateway", "InternetGatewayId", "InvalidInternetGatewayID.NotFound"),
        _retag,
    ),
    "AWS::EC2::VPCGatewayAttachment": Kind(_attach_gateway, _detach_gateway),
    "AWS::EC2::RouteTable": Kind(
        _create_table,
        _gone("DeleteRouteTable", "RouteTableId", "InvalidRouteTableID.NotFound"),
        _retag,
        frozenset({"VpcId"}),
    ),
    "AWS::EC2::Route": Kind(_create_route, _delete_route),
    "AWS::EC2::SubnetRouteTableAssociation": Kind(
        _associate,
        _gone("DisassociateRouteTable", "AssociationId", "InvalidAssociationID.NotFound"),
    ),
}
