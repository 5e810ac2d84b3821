"""Every AWS operation that the port calls, and the IAM actions it needs: what a deploy role has to allow.

The names of the services are boto3's. What a role needs for `docker push` (`app.build`) and for CloudFormation
(`infra.apply`) does not stand here: neither goes through the port.
"""

from __future__ import annotations

from dataclasses import dataclass

_IAM_PREFIX = {"elbv2": "elasticloadbalancing"}


@dataclass(frozen=True)
class Permission:
    """What one operation needs. `without`: how a deploy fares where it is not allowed; "" means not at all."""

    service: str
    operation: str
    without: str = ""
    also: tuple[str, ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions, that of the operation itself first."""
        return (action(self.service, self.operation), *self.also)


def action(service: str, operation: str) -> str:
    """The IAM action of an operation: ("elbv2", "AddTags") is elasticloadbalancing:AddTags."""
    return f"{_IAM_PREFIX.get(service, service)}:{operation}"


PERMISSIONS = (
    Permission("sts", "GetCallerIdentity"),  # AWS allows it to everybody
    Permission("ecs", "DescribeServices"),
    Permission("ecs", "ListServiceDeployments", "judged by the rollout state of our deployment id"),
    Permission("ecs", "DescribeServiceDeployments", "judged by the rollout state of our deployment id"),
    Permission("ecs", "ListTasks"),
    Permission("ecs", "DescribeTasks"),
    Permission("ecs", "DescribeTaskDefinition"),
    # Registering hands the task's roles to ECS, and the tags of the revision before go along.
    Permission("ecs", "RegisterTaskDefinition", also=("iam:PassRole", "ecs:TagResource")),
    Permission("ecs", "UpdateService"),
    Permission("ecs", "StopServiceDeployment", "goes back by UpdateService"),
    Permission("elbv2", "DescribeTargetHealth"),
    Permission("elbv2", "DescribeTargetGroups", "a failing health check is told without its path"),
    Permission("ecr", "DescribeRepositories"),
    Permission("ecr", "BatchGetImage"),
    Permission("ecr", "DescribeImages", "a mistyped tag is refused without naming those that are there"),
    Permission("ecr", "GetDownloadUrlForLayer", "the image's CPU architecture and commit are not compared"),
    Permission("application-autoscaling", "DescribeScalableTargets"),
    Permission("application-autoscaling", "RegisterScalableTarget"),
    Permission("application-autoscaling", "DescribeScalingPolicies", "the idle alarm is not waited for"),
    Permission("cloudwatch", "DescribeAlarms", "the idle alarm is not waited for"),
    Permission("cloudwatch", "PutMetricData", "the idle alarm is not told of the deploy"),
    Permission("logs", "GetLogEvents", "a failure is told without log lines"),
    Permission("ssm", "GetParametersByPath"),
    Permission("ssm", "GetParameter"),
    Permission("ssm", "PutParameter"),
    Permission("ssm", "DeleteParameter", "old journal entries stay"),
)
"""In the order in which a deploy first needs them, by service."""
