"""Creates what a service runs on, call by call, for an account that has nothing: the embedded ECS.

The order is that of the dependencies; every step finds what is there already, so that a second run, or one
after an interrupted first, ends in the same place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ecs_provisioning.names import StackNames

Clients = Callable[[str], Any]
"""boto3 clients by service name."""

_AFFORDABLE = {"cpu": "256", "memory": "512"}
_MOST_TASKS = 4


def ensure(clients: Clients, names: StackNames) -> bool:
    """Make sure the service and all it needs exist. True where something had to be created.

    A new service is at desired 0 with an image that was never published: its first deploy brings it to life.
    """
    ecs = clients("ecs")
    found = (
        ecs.describe_services(cluster=names.cluster, services=[names.service])["services"]
        if _cluster(ecs, names)
        else []
    )
    if any(service["status"] == "ACTIVE" for service in found):
        return False
    ecs.create_cluster(
        clusterName=names.cluster, settings=[{"name": "containerInsights", "value": "enhanced"}]
    )
    _log_group(clients("logs"), names)
    repository = _repository(clients("ecr"), names)
    group, subnets = _balancer(clients("elbv2"), clients("ec2"), names)
    definition = ecs.register_task_definition(**_task_definition(names, repository))
    ecs.create_service(
        cluster=names.cluster,
        serviceName=names.service,
        taskDefinition=definition["taskDefinition"]["taskDefinitionArn"],
        desiredCount=0,
        launchType="FARGATE",
        loadBalancers=[
            {"targetGroupArn": group, "containerName": names.container, "containerPort": names.port}
        ],
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "assignPublicIp": "ENABLED"}},
        deploymentConfiguration={
            "minimumHealthyPercent": names.floor,
            "maximumPercent": names.ceiling,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        healthCheckGracePeriodSeconds=60,
    )
    if names.idle_minutes is not None:
        clients("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=f"service/{names.cluster}/{names.service}",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=0,
            MaxCapacity=_MOST_TASKS,
        )
    return True


def _cluster(ecs: Any, names: StackNames) -> bool:
    return bool(ecs.describe_clusters(clusters=[names.cluster])["clusters"])


def _log_group(logs: Any, names: StackNames) -> None:
    try:
        logs.create_log_group(logGroupName=names.log_group)
    except logs.exceptions.ResourceAlreadyExistsException:
        return
    logs.put_retention_policy(logGroupName=names.log_group, retentionInDays=7)


def _repository(ecr: Any, names: StackNames) -> str:
    """The repository's URI."""
    try:
        made = ecr.create_repository(repositoryName=names.repository, imageTagMutability="IMMUTABLE")
        uri: str = made["repository"]["repositoryUri"]
    except ecr.exceptions.RepositoryAlreadyExistsException:
        uri = ecr.describe_repositories(repositoryNames=[names.repository])["repositories"][0][
            "repositoryUri"
        ]
    return uri


def _balancer(elbv2: Any, ec2: Any, names: StackNames) -> tuple[str, list[str]]:
    """Target group, load balancer and listener; the group's ARN and the subnets of the default VPC."""
    rows = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    subnets = [row["SubnetId"] for row in rows][:2]
    group: str = elbv2.create_target_group(
        Name=names.balancer,
        Protocol="HTTP",
        Port=names.port,
        VpcId=rows[0]["VpcId"],
        TargetType="ip",
        HealthCheckPath=names.health_path,
        HealthCheckIntervalSeconds=names.health_interval,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elbv2.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": str(names.deregistration_delay)}
        ],
    )
    balancer = elbv2.create_load_balancer(Name=names.balancer, Subnets=subnets, Scheme="internet-facing")
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )
    return group, subnets


def _task_definition(names: StackNames, repository: str) -> dict[str, Any]:
    return {
        "family": f"{names.cluster}-{names.service}",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        **_AFFORDABLE,
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "containerDefinitions": [
            {
                "name": names.container,
                "image": f"{repository}:none-yet",
                "essential": True,
                "portMappings": [{"containerPort": names.port, "protocol": "tcp"}],
                "stopTimeout": names.stop_timeout,
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {
                        "awslogs-group": names.log_group,
                        "awslogs-region": names.region,
                        "awslogs-stream-prefix": names.service,
                    },
                },
            }
        ],
    }
