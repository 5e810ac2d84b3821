"""Engines for tests: each in a process and a home of its own, with boto3 clients, and a service to deploy to.

with running_engine(tmp_path) as engine:
    aws = Aws(engine)
    place = balanced(aws, "shop")
    create_service(aws, place, register(aws, "shop", publish_sample(aws, "shop", "demo")))
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from ecs_local import client, images
from ecs_local.client import Engine
from ecs_local.sample import variants

from tests.waiting import wait_for

ACCOUNT, REGION = "000000000000", "eu-west-3"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@contextmanager
def running_engine(home: Path, profile: str = "fast", speed: float = 1.0) -> Iterator[Engine]:
    """An engine that is stopped at the end, whatever happens."""
    engine = client.up(home, profile=profile, speed=speed, timeout=60)
    try:
        yield engine
    finally:
        client.down(home)


class Aws:
    """boto3 clients of one engine: `aws("ecs").list_clusters()`. Never retries, sees no outer configuration."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """The client of that service, made once."""
        if service not in self._clients:
            self._clients[service] = _session().client(
                service,
                endpoint_url=self.engine.url,
                region_name=REGION,
                config=Config(retries={"total_max_attempts": 1}, proxies={}, max_pool_connections=50),
            )
        return self._clients[service]

    def close(self) -> None:
        """Closes the connections."""
        for each in self._clients.values():
            each.close()


@cache
def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION)


@dataclass(frozen=True)
class Place:
    """A service behind a load balancer, and the names to find it by."""

    cluster: str
    service: str
    load_balancer: str
    target_group: str
    listener: str
    network: dict[str, Any]


def balanced(aws: Aws, name: str, *, delay: int = 5, interval: int = 5) -> Place:
    """A cluster, a load balancer with a listener, and a target group; no service yet."""
    subnets = [one["SubnetId"] for one in aws("ec2").describe_subnets()["Subnets"]]
    vpc = aws("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    elb = aws("elbv2")
    load_balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    group = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=8080,
        VpcId=vpc,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=interval,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}],
    )
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    listener = elb.create_listener(
        LoadBalancerArn=load_balancer, Protocol="HTTP", Port=80, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]
    aws("ecs").create_cluster(clusterName=name)
    network = {"awsvpcConfiguration": {"subnets": subnets[:1]}}
    return Place(name, name, load_balancer, group, listener, network)


def register(aws: Aws, family: str, image: str, **container: Any) -> str:
    """A Fargate task definition with the one container "app" on port 8080; gives its ARN."""
    definition = {"name": "app", "image": image, "portMappings": [{"containerPort": 8080}]} | container
    answer = aws("ecs").register_task_definition(
        family=family,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[definition],
    )
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn


def create_service(
    aws: Aws, place: Place, task_definition: str, desired: int = 1, **more: Any
) -> dict[str, Any]:
    """The service of a place, behind its target group."""
    balancers = [{"targetGroupArn": place.target_group, "containerName": "app", "containerPort": 8080}]
    answer = aws("ecs").create_service(
        cluster=place.cluster,
        serviceName=place.service,
        taskDefinition=task_definition,
        desiredCount=desired,
        launchType="FARGATE",
        loadBalancers=balancers,
        networkConfiguration=place.network,
        **more,
    )
    created: dict[str, Any] = answer["service"]
    return created


def described(aws: Aws, place: Place) -> dict[str, Any]:
    """The service as DescribeServices shows it now."""
    answer = aws("ecs").describe_services(cluster=place.cluster, services=[place.service])
    service: dict[str, Any] = answer["services"][0]
    return service


def url(engine: Engine) -> str:
    """Where the first listener really listens."""
    return str(wait_for(lambda: client.status(engine)["listeners"][0]["url"], "a bound listener"))


def publish_sample(aws: Aws, repository: str, *tags: str) -> str:
    """Publishes variants of the sample service; gives the image name of the first."""
    ecr = aws("ecr")
    with suppress(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
    for tag in tags:
        images.publish(
            variants()[tag].build(), repository=repository, tag=tag, endpoint=aws.engine.url, ecr=ecr
        )
    return f"{REGISTRY}/{repository}:{tags[0]}"
