"""Reads a resource of a stack back from the service that has it, by its type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ecs_provisioning.calls import Aws

Read = Callable[[Aws, str], dict[str, Any]]
"""Physical id -> the resource as its own service describes it."""


def _cluster(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ecs").describe_clusters(clusters=[name], include=["SETTINGS"])["clusters"][0])


def _log_group(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0])


def repository(aws: Aws, name: str) -> dict[str, Any]:
    ecr = aws.read("ecr")
    found = dict(ecr.describe_repositories(repositoryNames=[name])["repositories"][0])
    return found | {"policy": ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]}


def security_group(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ec2").describe_security_groups(GroupIds=[name])["SecurityGroups"][0])


def _balancer(aws: Aws, name: str) -> dict[str, Any]:
    elb = aws.read("elbv2")
    rows = elb.describe_load_balancer_attributes(LoadBalancerArn=name)["Attributes"]
    found = dict(elb.describe_load_balancers(LoadBalancerArns=[name])["LoadBalancers"][0])
    return found | {row["Key"]: row["Value"] for row in rows}


def _vpc(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ec2").describe_vpcs(VpcIds=[name])["Vpcs"][0])


def _subnet(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ec2").describe_subnets(SubnetIds=[name])["Subnets"][0])


def _gateway(aws: Aws, name: str) -> dict[str, Any]:
    rows = aws.read("ec2").describe_internet_gateways(InternetGatewayIds=[name])["InternetGateways"]
    return dict(rows[0])


def _routes(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ec2").describe_route_tables(RouteTableIds=[name])["RouteTables"][0])


def _of_another(_: Aws, name: str) -> dict[str, Any]:
    """What has no description of its own: it is seen in what it joins."""
    return {"id": name}


def _managed_policy(aws: Aws, name: str) -> dict[str, Any]:
    iam = aws.read("iam")
    version = iam.get_policy(PolicyArn=name)["Policy"]["DefaultVersionId"]
    found = dict(iam.get_policy_version(PolicyArn=name, VersionId=version)["PolicyVersion"])
    roles = iam.list_entities_for_policy(PolicyArn=name)["PolicyRoles"]
    return found | {"roles": [one["RoleName"] for one in roles]}


def _provider(aws: Aws, name: str) -> dict[str, Any]:
    iam = aws.read("iam")
    return dict(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=name)) | {"Arn": name}


def _group(aws: Aws, name: str) -> dict[str, Any]:
    elb = aws.read("elbv2")
    rows = elb.describe_target_group_attributes(TargetGroupArn=name)["Attributes"]
    found = dict(elb.describe_target_groups(TargetGroupArns=[name])["TargetGroups"][0])
    return found | {row["Key"]: row["Value"] for row in rows}


def listener_of(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("elbv2").describe_listeners(ListenerArns=[name])["Listeners"][0])


def rule(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("elbv2").describe_rules(RuleArns=[name])["Rules"][0])


def _role(aws: Aws, name: str) -> dict[str, Any]:
    iam = aws.read("iam")
    names = iam.list_role_policies(RoleName=name)["PolicyNames"]
    policies = {one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in names}
    return dict(iam.get_role(RoleName=name)["Role"]) | {"policies": policies}


def _definition(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ecs").describe_task_definition(taskDefinition=name)["taskDefinition"])


def _service(aws: Aws, name: str) -> dict[str, Any]:
    cluster, service = name.split("/")[-2:]
    return dict(aws.read("ecs").describe_services(cluster=cluster, services=[service])["services"][0])


def _scalable(aws: Aws, name: str) -> dict[str, Any]:
    scaling, resource = aws.read("application-autoscaling"), name.split("|")[0]
    answer = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
    return dict(answer["ScalableTargets"][0])


def _policy(aws: Aws, name: str) -> dict[str, Any]:
    rows = aws.read("application-autoscaling").describe_scaling_policies(ServiceNamespace="ecs")
    return next(dict(row) for row in rows["ScalingPolicies"] if row["PolicyARN"] == name)


def _alarm(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0])


def _dashboard(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("cloudwatch").get_dashboard(DashboardName=name))


READ: dict[str, Read] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _scalable,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _policy,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CloudWatch::Dashboard": _dashboard,
    "AWS::EC2::InternetGateway": _gateway,
    "AWS::EC2::Route": _of_another,
    "AWS::EC2::RouteTable": _routes,
    "AWS::EC2::SecurityGroup": security_group,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::SubnetRouteTableAssociation": _of_another,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCGatewayAttachment": _of_another,
    "AWS::ECR::Repository": repository,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _service,
    "AWS::ECS::TaskDefinition": _definition,
    "AWS::ElasticLoadBalancingV2::Listener": listener_of,
    "AWS::ElasticLoadBalancingV2::ListenerRule": rule,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _group,
    "AWS::IAM::ManagedPolicy": _managed_policy,
    "AWS::IAM::OIDCProvider": _provider,
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
}
