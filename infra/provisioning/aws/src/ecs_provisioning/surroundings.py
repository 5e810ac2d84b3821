"""What there is around a stack: a network, perhaps a cluster, a repository, a log group, an identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecs_deployment.errors import NotFound, Refused

from ecs_provisioning.calls import Aws, call

GITHUB = "token.actions.githubusercontent.com"
_ZONES = 2  # a load balancer wants subnets in two Availability Zones
_NAMED = ("VpcId", "SubnetIds", "BalancerSubnetIds")
_OWN = {"NetworkOrigin": "create", "VpcId": "", "SubnetIds": "", "BalancerSubnetIds": ""}
_WAYS = (
    'Name one: --set "VpcId=vpc-... SubnetIds=subnet-...,subnet-...", '
    'or have a small one made: --set "NetworkOrigin=create".'
)


def network(aws: Aws, wishes: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the network: one of the stack's own, the one that was named, else the default VPC.

    Raises `Refused` where there is no such network, or none that a load balancer can stand in.
    """
    named = [name for name in _NAMED if name in wishes]
    if wishes.get("NetworkOrigin") == "create":
        if named:
            raise Refused(f"NetworkOrigin=create makes a network, and {named[0]} names another.", "Keep one.")
        return dict(_OWN)
    if named:
        if not ("VpcId" in wishes and "SubnetIds" in wishes):
            raise Refused(
                "VpcId and SubnetIds belong together.", 'Give both: --set "VpcId=... SubnetIds=a,b".'
            )
        found = {name: wishes[name] for name in ("VpcId", "SubnetIds")}
        found["BalancerSubnetIds"] = wishes.get("BalancerSubnetIds", wishes["SubnetIds"])
        _check(aws, found)
        return found
    vpcs = call(aws.read("ec2"), "describe_vpcs", Filters=[_filter("is-default", "true")])["Vpcs"]
    if not vpcs:
        raise Refused("The account has no default VPC in this region, and no other was named.", _WAYS)
    vpc = vpcs[0]["VpcId"]
    rows = _subnets(aws, _filter("vpc-id", vpc), _filter("default-for-az", "true"))
    zones = {row["AvailabilityZone"]: row["SubnetId"] for row in rows}
    if len(zones) < _ZONES:
        raise Refused(
            f"The default VPC {vpc} has subnets in {len(zones)} Availability Zones; a load balancer needs {_ZONES}.",
            _WAYS,
        )
    subnets = ",".join(zones[zone] for zone in sorted(zones))
    return {"VpcId": vpc, "SubnetIds": subnets, "BalancerSubnetIds": subnets}


def _check(aws: Aws, named: Mapping[str, str]) -> None:
    """CloudFormation would find out after minutes, and in the words of another service."""
    vpc = named["VpcId"]
    for name in ("SubnetIds", "BalancerSubnetIds"):
        wanted = [one.strip() for one in named[name].split(",")]
        rows = {row["SubnetId"]: row for row in _subnets(aws, _filter("subnet-id", *wanted))}
        missing = [one for one in wanted if one not in rows]
        strange = [one for one, row in rows.items() if row["VpcId"] != vpc]
        if missing:
            raise Refused(f"{name}: there is no subnet {missing[0]!r} in this region.", "Check its id.")
        if strange:
            raise Refused(f"{name}: {strange[0]} is no subnet of {vpc}.", "Name subnets of one VPC.")
        zones = {row["AvailabilityZone"] for row in rows.values()}
        if name == "BalancerSubnetIds" and len(zones) < _ZONES:
            raise Refused(
                f"{name}: a load balancer needs subnets in {_ZONES} Availability Zones, and these are all in "
                f"{', '.join(zones)}.",
                "Name one more subnet, in another zone.",
            )


def _subnets(aws: Aws, *filters: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = call(aws.read("ec2"), "describe_subnets", Filters=list(filters))["Subnets"]
    return rows


def _filter(name: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def origins(aws: Aws, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Whether what an account may have already is to be made; asked only where it was not needed before.

    `before` and `after` are the values of parameters; before is empty for a new stack.
    """
    found = {}
    if after.get("ContainerInsights", "off") != "off" and before.get("ContainerInsights", "off") == "off":
        group = f"/aws/ecs/containerinsights/{after['ClusterName']}/performance"
        found["InsightsLogOrigin"] = _origin(log_group_exists(aws, group))
    if after.get("GitHubRepository") and not before.get("GitHubRepository"):
        found["OidcProviderOrigin"] = _origin(provider_exists(aws))
    return found


def _origin(exists: bool) -> str:
    return "existing" if exists else "create"


def cluster_exists(aws: Aws, name: str) -> bool:
    """Whether there is an active cluster of that name."""
    found = call(aws.read("ecs"), "describe_clusters", clusters=[name])["clusters"]
    return any(cluster["status"] == "ACTIVE" for cluster in found)


def service_exists(aws: Aws, cluster: str, name: str) -> bool:
    """Whether there is a service of that name in a cluster that is there."""
    found = call(aws.read("ecs"), "describe_services", cluster=cluster, services=[name])["services"]
    return any(service["status"] != "INACTIVE" for service in found)


def repository_exists(aws: Aws, name: str) -> bool:
    """Whether there is a repository of that name: a stack that was taken away has left its own."""
    try:
        call(aws.read("ecr"), "describe_repositories", repositoryNames=[name])
    except NotFound:
        return False
    return True


def log_group_exists(aws: Aws, name: str) -> bool:
    """Whether there is a log group of exactly that name."""
    rows = call(aws.read("logs"), "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    return any(row["logGroupName"] == name for row in rows)


def provider_exists(aws: Aws) -> bool:
    """Whether the account knows GitHub as an identity provider: it can have that once."""
    rows = call(aws.read("iam"), "list_open_id_connect_providers")["OpenIDConnectProviderList"]
    return any(row["Arn"].endswith(f"oidc-provider/{GITHUB}") for row in rows)
