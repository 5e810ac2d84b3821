"""What there is around a stack that is to be made: a network, perhaps a cluster, perhaps a repository."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_deployment.errors import NotFound, Refused

from ecs_provisioning.calls import Aws, call

_ZONES = 2  # a load balancer wants subnets in two Availability Zones


def network(aws: Aws, wishes: Mapping[str, str]) -> dict[str, str]:
    """VpcId, SubnetIds and BalancerSubnetIds: as asked for, else of the account's default VPC.

    Raises `Refused` where there is no such network.
    """
    if "VpcId" in wishes or "SubnetIds" in wishes:
        if not ("VpcId" in wishes and "SubnetIds" in wishes):
            raise Refused(
                "VpcId and SubnetIds belong together.", 'Give both: --set "VpcId=... SubnetIds=a,b".'
            )
        balancer = wishes.get("BalancerSubnetIds", wishes["SubnetIds"])
        return {"VpcId": wishes["VpcId"], "SubnetIds": wishes["SubnetIds"], "BalancerSubnetIds": balancer}
    ec2 = aws.read("ec2")
    filters = [{"Name": "is-default", "Values": ["true"]}]
    vpcs = call(ec2, "describe_vpcs", Filters=filters)["Vpcs"]
    if not vpcs:
        raise Refused(
            "The account has no default VPC in this region, and no other was named.",
            'Name a network: inv infra.apply --env ... --set "VpcId=vpc-... SubnetIds=subnet-...,subnet-...".',
        )
    vpc = vpcs[0]["VpcId"]
    rows = call(
        ec2,
        "describe_subnets",
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default-for-az", "Values": ["true"]}],
    )["Subnets"]
    zones = {row["AvailabilityZone"]: row["SubnetId"] for row in rows}
    if len(zones) < _ZONES:
        raise Refused(
            f"The default VPC {vpc} has subnets in {len(zones)} Availability Zones; a load balancer needs {_ZONES}.",
            'Name others: inv infra.apply --env ... --set "VpcId=vpc-... SubnetIds=subnet-...,subnet-...".',
        )
    subnets = ",".join(zones[zone] for zone in sorted(zones))
    return {"VpcId": vpc, "SubnetIds": subnets, "BalancerSubnetIds": subnets}


def cluster_exists(aws: Aws, name: str) -> bool:
    """Whether there is an active cluster of that name."""
    found = call(aws.read("ecs"), "describe_clusters", clusters=[name])["clusters"]
    return any(cluster["status"] == "ACTIVE" for cluster in found)


def repository_exists(aws: Aws, name: str) -> bool:
    """Whether there is a repository of that name: a stack that was taken away has left its own."""
    try:
        call(aws.read("ecr"), "describe_repositories", repositoryNames=[name])
    except NotFound:
        return False
    return True
