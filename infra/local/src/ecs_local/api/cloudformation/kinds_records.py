"""Log groups, image repositories, roles, identity providers and security groups."""

from __future__ import annotations

import json
from typing import Any

from ecs_local.api.cloudformation.kinds import Desk, Kind, changed, remove, removed_by, shaped, without
from ecs_local.cfn_records import Made
from ecs_local.cfn_values import text_of
from ecs_local.world import Content


async def _create_log_group(desk: Desk, properties: Content) -> Made:
    name = properties.get("LogGroupName") or desk.name(512)
    given = without(properties, "RetentionInDays") | {"LogGroupName": name}
    await desk.ask("logs", "CreateLogGroup", shaped("logs", "CreateLogGroup", given))
    world = desk.world
    made = desk.begun(Made(name, {"Arn": f"arn:aws:logs:{world.region}:{world.account}:log-group:{name}:*"}))
    if "RetentionInDays" in properties:
        await _retain(desk, name, properties)
    return made


async def _update_log_group(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if "RetentionInDays" in new:
        await _retain(desk, made.physical, new)
    elif "RetentionInDays" in old:
        await desk.ask("logs", "DeleteRetentionPolicy", {"logGroupName": made.physical})
    return made


async def _retain(desk: Desk, name: str, properties: Content) -> None:
    days = int(properties["RetentionInDays"])
    await desk.ask("logs", "PutRetentionPolicy", {"logGroupName": name, "retentionInDays": days})


async def _create_repository(desk: Desk, properties: Content) -> Made:
    name = properties.get("RepositoryName") or desk.name(256).lower()
    given = without(properties, "LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete")
    answer = await _ecr(desk, "CreateRepository", given | {"RepositoryName": name})
    one = answer["repository"]
    made = Made(name, {"Arn": one["repositoryArn"], "RepositoryUri": one["repositoryUri"]})
    await _repository_policies(desk, desk.begun(made), {}, properties)
    return made


async def _update_repository(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if changed(old, new, "ImageTagMutability"):
        mutability = new.get("ImageTagMutability", "MUTABLE")
        await _ecr(
            desk, "PutImageTagMutability", {"RepositoryName": made.physical, "ImageTagMutability": mutability}
        )
    if changed(old, new, "ImageScanningConfiguration"):
        scanning = new.get("ImageScanningConfiguration", {"ScanOnPush": False})
        given = {"RepositoryName": made.physical, "ImageScanningConfiguration": scanning}
        await _ecr(desk, "PutImageScanningConfiguration", given)
    await _repository_policies(desk, made, old, new)
    return made


async def _repository_policies(desk: Desk, made: Made, old: Content, new: Content) -> None:
    if changed(old, new, "LifecyclePolicy"):
        text = (new.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
        if text:
            given = {"RepositoryName": made.physical, "LifecyclePolicyText": text}
            await _ecr(desk, "PutLifecyclePolicy", given)
        else:
            await _ecr(desk, "DeleteLifecyclePolicy", {"RepositoryName": made.physical})
    if changed(old, new, "RepositoryPolicyText"):
        if "RepositoryPolicyText" in new:
            given = {"RepositoryName": made.physical, "PolicyText": _document(new["RepositoryPolicyText"])}
            await _ecr(desk, "SetRepositoryPolicy", given)
        else:
            await _ecr(desk, "DeleteRepositoryPolicy", {"RepositoryName": made.physical})


async def _delete_repository(desk: Desk, made: Made, properties: Content) -> None:
    force = text_of(properties.get("EmptyOnDelete", False)) == "true"
    asked = {"repositoryName": made.physical, "force": force}
    await remove(desk, "ecr", "DeleteRepository", asked, "RepositoryNotFoundException")


async def _ecr(desk: Desk, operation: str, properties: Content) -> Content:
    return await desk.ask("ecr", operation, shaped("ecr", operation, properties))


async def _create_role(desk: Desk, properties: Content) -> Made:
    name = properties.get("RoleName") or desk.name(64)
    given = without(properties, "ManagedPolicyArns", "Policies") | {
        "RoleName": name,
        "AssumeRolePolicyDocument": _document(properties["AssumeRolePolicyDocument"]),
    }
    answer = await desk.ask("iam", "CreateRole", shaped("iam", "CreateRole", given))
    made = desk.begun(Made(name, {"Arn": answer["Role"]["Arn"], "RoleId": answer["Role"]["RoleId"]}))
    await _role_policies(desk, name, {}, properties)
    return made


async def _update_role(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    name = made.physical
    if changed(old, new, "AssumeRolePolicyDocument"):
        document = _document(new["AssumeRolePolicyDocument"])
        await desk.ask("iam", "UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": document})
    if changed(old, new, "Description", "MaxSessionDuration"):
        given = {key: new[key] for key in ("Description", "MaxSessionDuration") if key in new}
        await desk.ask("iam", "UpdateRole", shaped("iam", "UpdateRole", given | {"RoleName": name}))
    await _role_policies(desk, name, old, new)
    return made


async def _role_policies(desk: Desk, name: str, old: Content, new: Content) -> None:
    before, after = (set(one.get("ManagedPolicyArns", [])) for one in (old, new))
    for arn in sorted(before - after):
        await remove(desk, "iam", "DetachRolePolicy", {"RoleName": name, "PolicyArn": arn}, "NoSuchEntity")
    for arn in sorted(after - before):
        await desk.ask("iam", "AttachRolePolicy", {"RoleName": name, "PolicyArn": arn})
    was, wanted = (
        {one["PolicyName"]: one["PolicyDocument"] for one in p.get("Policies", [])} for p in (old, new)
    )
    for policy in sorted(set(was) - set(wanted)):
        await remove(
            desk, "iam", "DeleteRolePolicy", {"RoleName": name, "PolicyName": policy}, "NoSuchEntity"
        )
    for policy, document in wanted.items():
        if was.get(policy) != document:
            given = {"RoleName": name, "PolicyName": policy, "PolicyDocument": _document(document)}
            await desk.ask("iam", "PutRolePolicy", given)


async def _delete_role(desk: Desk, made: Made, properties: Content) -> None:
    await _role_policies(desk, made.physical, properties, {})
    await remove(desk, "iam", "DeleteRole", {"RoleName": made.physical}, "NoSuchEntity")


async def _create_managed_policy(desk: Desk, properties: Content) -> Made:
    given = {
        "PolicyName": properties.get("ManagedPolicyName") or desk.name(128),
        "PolicyDocument": _document(properties["PolicyDocument"]),
    } | ({"Description": properties["Description"]} if "Description" in properties else {})
    arn = (await desk.ask("iam", "CreatePolicy", given))["Policy"]["Arn"]
    made = desk.begun(Made(arn, {"PolicyArn": arn}))
    await _attached(desk, arn, {}, properties)
    return made


async def _update_managed_policy(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    arn = made.physical
    if changed(old, new, "PolicyDocument"):
        versions = (await desk.ask("iam", "ListPolicyVersions", {"PolicyArn": arn}))["Versions"]
        given = {"PolicyArn": arn, "PolicyDocument": _document(new["PolicyDocument"]), "SetAsDefault": True}
        await desk.ask("iam", "CreatePolicyVersion", given)
        for one in versions:
            await desk.ask("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": one["VersionId"]})
    await _attached(desk, arn, old, new)
    return made


async def _attached(desk: Desk, arn: str, old: Content, new: Content) -> None:
    before, after = (set(one.get("Roles", [])) for one in (old, new))
    for role in sorted(before - after):
        await remove(desk, "iam", "DetachRolePolicy", {"RoleName": role, "PolicyArn": arn}, "NoSuchEntity")
    for role in sorted(after - before):
        await desk.ask("iam", "AttachRolePolicy", {"RoleName": role, "PolicyArn": arn})


async def _delete_managed_policy(desk: Desk, made: Made, properties: Content) -> None:
    await _attached(desk, made.physical, properties, {})
    await remove(desk, "iam", "DeletePolicy", {"PolicyArn": made.physical}, "NoSuchEntity")


async def _create_provider(desk: Desk, properties: Content) -> Made:
    operation = "CreateOpenIDConnectProvider"
    answer = await desk.ask("iam", operation, shaped("iam", operation, properties))
    arn = answer["OpenIDConnectProviderArn"]
    return Made(arn, {"Arn": arn})


async def _create_security_group(desk: Desk, properties: Content) -> Made:
    given = {
        "GroupName": properties.get("GroupName") or desk.name(255),
        "Description": properties["GroupDescription"],
    } | ({"VpcId": properties["VpcId"]} if "VpcId" in properties else {})
    group = (await desk.ask("ec2", "CreateSecurityGroup", given))["GroupId"]
    made = Made(group, {"GroupId": group, "VpcId": properties.get("VpcId", "")})
    await _rules(desk, desk.begun(made), {}, properties)
    return made


async def _update_security_group(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    await _rules(desk, made, old, new)
    return made


async def _rules(desk: Desk, made: Made, old: Content, new: Content) -> None:
    for name, direction in (("SecurityGroupIngress", "Ingress"), ("SecurityGroupEgress", "Egress")):
        before, after = ([_permission(rule) for rule in one.get(name, [])] for one in (old, new))
        if name == "SecurityGroupEgress" and not before and after:
            before = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]  # what every new group has
        for rules, operation in (
            ([r for r in before if r not in after], "Revoke"),
            ([r for r in after if r not in before], "Authorize"),
        ):
            if rules:
                call = f"{operation}SecurityGroup{direction}"
                await desk.ask("ec2", call, {"GroupId": made.physical, "IpPermissions": rules})


def _permission(rule: Content) -> Content:
    """A rule of a template as EC2's API has it."""
    ports = {name: int(rule[name]) for name in ("FromPort", "ToPort") if name in rule}
    note = {"Description": rule["Description"]} if "Description" in rule else {}
    permission: Content = {"IpProtocol": str(rule["IpProtocol"])} | ports
    for name, member, key in (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("SourceSecurityGroupId", "UserIdGroupPairs", "GroupId"),
        ("DestinationSecurityGroupId", "UserIdGroupPairs", "GroupId"),
        ("SourcePrefixListId", "PrefixListIds", "PrefixListId"),
    ):
        if name in rule:
            permission[member] = [{key: rule[name]} | note]
    return permission


def _document(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


KINDS = {
    "AWS::EC2::SecurityGroup": Kind(
        _create_security_group,
        removed_by("ec2", "DeleteSecurityGroup", "GroupId", "InvalidGroup.NotFound"),
        _update_security_group,
        frozenset({"GroupDescription", "GroupName", "VpcId"}),
    ),
    "AWS::ECR::Repository": Kind(
        _create_repository,
        _delete_repository,
        _update_repository,
        frozenset({"RepositoryName", "EncryptionConfiguration"}),
    ),
    "AWS::IAM::ManagedPolicy": Kind(
        _create_managed_policy,
        _delete_managed_policy,
        _update_managed_policy,
        frozenset({"Description", "ManagedPolicyName", "Path"}),
    ),
    "AWS::IAM::OIDCProvider": Kind(
        _create_provider,
        removed_by("iam", "DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn", "NoSuchEntity"),
    ),
    "AWS::IAM::Role": Kind(_create_role, _delete_role, _update_role, frozenset({"RoleName", "Path"})),
    "AWS::Logs::LogGroup": Kind(
        _create_log_group,
        removed_by("logs", "DeleteLogGroup", "logGroupName", "ResourceNotFoundException"),
        _update_log_group,
        frozenset({"LogGroupName"}),
    ),
}
