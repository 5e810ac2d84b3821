"""The template itself: AWS's checker is content, and every resource is there, as its own service tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.aws.translate import ACTIVITY, NAMESPACE
from ecs_provisioning import stack as stacks
from ecs_provisioning import template
from ecs_provisioning.calls import Aws
from ecs_provisioning.lint import lint
from ecs_provisioning.prepare import Wish

from tests.provisioning.quietly import applied

MOST_BYTES = 51_200  # of a TemplateBody in a request


def test_the_checker_finds_nothing() -> None:
    assert lint(template.body()) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("ExactCapacity", "ExactCapcity"),
        ("TreatMissingData: breaching", "TreatMissingData: breech"),
        ("!Ref SleepPolicy", "!Ref SleepPolice"),
        ("StopTimeout:", "StopTimeOut:"),
    ],
)
def test_the_checker_would_find_a_mistake(right: str, wrong: str) -> None:
    assert right in template.body()
    assert lint(template.body().replace(right, wrong)) != []


def test_it_fits_into_a_request() -> None:
    assert len(template.body().encode()) < MOST_BYTES


Read = Callable[[Aws, str], dict[str, Any]]


def _cluster(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ecs").describe_clusters(clusters=[name], include=["SETTINGS"])["clusters"][0])


def _log_group(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"][0])


def _repository(aws: Aws, name: str) -> dict[str, Any]:
    ecr = aws.read("ecr")
    found = dict(ecr.describe_repositories(repositoryNames=[name])["repositories"][0])
    return found | {"policy": ecr.get_lifecycle_policy(repositoryName=name)["lifecyclePolicyText"]}


def _security_group(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("ec2").describe_security_groups(GroupIds=[name])["SecurityGroups"][0])


def _balancer(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("elbv2").describe_load_balancers(LoadBalancerArns=[name])["LoadBalancers"][0])


def _group(aws: Aws, name: str) -> dict[str, Any]:
    elb = aws.read("elbv2")
    rows = elb.describe_target_group_attributes(TargetGroupArn=name)["Attributes"]
    found = dict(elb.describe_target_groups(TargetGroupArns=[name])["TargetGroups"][0])
    return found | {row["Key"]: row["Value"] for row in rows}


def _listener(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("elbv2").describe_listeners(ListenerArns=[name])["Listeners"][0])


def _rule(aws: Aws, name: str) -> dict[str, Any]:
    return dict(aws.read("elbv2").describe_rules(RuleArns=[name])["Rules"][0])


def _role(aws: Aws, name: str) -> dict[str, Any]:
    iam = aws.read("iam")
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
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


READ: dict[str, Read] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": _scalable,
    "AWS::ApplicationAutoScaling::ScalingPolicy": _policy,
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::ECR::Repository": _repository,
    "AWS::ECS::Cluster": _cluster,
    "AWS::ECS::Service": _service,
    "AWS::ECS::TaskDefinition": _definition,
    "AWS::ElasticLoadBalancingV2::Listener": _listener,
    "AWS::ElasticLoadBalancingV2::ListenerRule": _rule,
    "AWS::ElasticLoadBalancingV2::LoadBalancer": _balancer,
    "AWS::ElasticLoadBalancingV2::TargetGroup": _group,
    "AWS::IAM::Role": _role,
    "AWS::Logs::LogGroup": _log_group,
}


@pytest.fixture
def made(aws: Aws, wish: Wish) -> dict[str, dict[str, Any]]:
    """Every resource of an applied stack by its logical id, as its own service tells it."""
    found = applied(aws, replace(wish, parameters={"ContainerInsights": "enhanced"})).stack
    rows = stacks.resources(aws, found)
    return {logical: READ[kind](aws, physical) for logical, kind, physical in rows}


def test_every_resource_is_there_as_the_template_has_it(made: dict[str, dict[str, Any]], wish: Wish) -> None:
    name, cluster = wish.service.name, wish.service.cluster
    assert made["Cluster"]["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert made["InsightsLogGroup"]["logGroupName"] == f"/aws/ecs/containerinsights/{cluster}/performance"
    assert made["InsightsLogGroup"]["retentionInDays"] == 7
    assert made["LogGroup"]["logGroupName"] == f"/ecs/{cluster}/{name}"
    assert made["LogGroup"]["retentionInDays"] == 30

    repository = made["Repository"]
    assert repository["repositoryName"] == name
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert '"countNumber": 500' in repository["policy"]

    assert [rule["FromPort"] for rule in made["BalancerSecurityGroup"]["IpPermissions"]] == [80, 443]
    (rule,) = made["TaskSecurityGroup"]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (8080, 8080)
    assert rule["UserIdGroupPairs"][0]["GroupId"] == made["BalancerSecurityGroup"]["GroupId"]

    balancer, group = made["Balancer"], made["TargetGroup"]
    assert (balancer["Type"], balancer["Scheme"]) == ("application", "internet-facing")
    assert balancer["SecurityGroups"] == [made["BalancerSecurityGroup"]["GroupId"]]
    assert (group["TargetType"], group["Port"], group["HealthCheckPath"]) == ("ip", 8080, "/health")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 2)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 2)
    assert group["deregistration_delay.timeout_seconds"] == "30"
    assert (made["HttpListener"]["Port"], made["HttpListener"]["Protocol"]) == (80, "HTTP")
    (action,) = made["HttpListener"]["DefaultActions"]
    assert (action["Type"], action["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "404")
    assert made["HostRule"]["Actions"][0]["TargetGroupArn"] == group["TargetGroupArn"]
    assert made["HostRule"]["Conditions"][0]["HostHeaderConfig"]["Values"] == ["*"]

    assert made["ExecutionRole"]["policies"] == ["start-tasks"]
    assert made["TaskRole"]["policies"] == []

    definition = made["TaskDefinition"]
    assert (definition["family"], definition["networkMode"]) == (f"{cluster}-{name}", "awsvpc")
    assert (definition["cpu"], definition["memory"]) == ("256", "512")
    assert definition["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    assert definition["executionRoleArn"] == made["ExecutionRole"]["Arn"]
    assert definition["taskRoleArn"] == made["TaskRole"]["Arn"]
    (container,) = definition["containerDefinitions"]
    assert container["image"] == f"{repository['repositoryUri']}:none-yet"
    assert container["stopTimeout"] == 30
    assert container["portMappings"][0]["containerPort"] == 8080
    assert container["logConfiguration"]["options"]["awslogs-group"] == f"/ecs/{cluster}/{name}"

    service = made["Service"]
    assert (service["desiredCount"], service["launchType"]) == (0, "FARGATE")
    assert service["taskDefinition"] == definition["taskDefinitionArn"]
    assert service["healthCheckGracePeriodSeconds"] == 60
    configuration = service["deploymentConfiguration"]
    assert (configuration["minimumHealthyPercent"], configuration["maximumPercent"]) == (100, 200)
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["loadBalancers"][0]["targetGroupArn"] == group["TargetGroupArn"]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert network["securityGroups"] == [made["TaskSecurityGroup"]["GroupId"]]
    assert network["assignPublicIp"] == "ENABLED"
    assert len(network["subnets"]) >= 2


def test_it_sleeps_and_wakes_by_two_alarms_and_two_policies(
    made: dict[str, dict[str, Any]], wish: Wish
) -> None:
    target, idle, wake = made["ScalableTarget"], made["IdleAlarm"], made["WakeAlarm"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 4)
    for policy, count in (("SleepPolicy", 0), ("WakePolicy", 1)):
        steps = made[policy]["StepScalingPolicyConfiguration"]
        assert steps["AdjustmentType"] == "ExactCapacity"
        assert [step["ScalingAdjustment"] for step in steps["StepAdjustments"]] == [count]
    assert (idle["EvaluationPeriods"], idle["DatapointsToAlarm"]) == (7, 7)
    assert (idle["TreatMissingData"], idle["ComparisonOperator"], idle["Threshold"]) == (
        "breaching",
        "LessThanOrEqualToThreshold",
        0.0,
    )
    assert idle["AlarmActions"] == [made["SleepPolicy"]["PolicyARN"]]
    metrics = {one["Id"]: one for one in idle["Metrics"]}
    assert metrics["idle"]["Expression"] == "FILL(served, 0) + FILL(refused, 0) + FILL(deploying, 0)"
    named = {key: one["MetricStat"]["Metric"] for key, one in metrics.items() if "MetricStat" in one}
    assert {key: one["MetricName"] for key, one in named.items()} == {
        "served": "RequestCount",
        "refused": "HTTPCode_ELB_503_Count",
        "deploying": ACTIVITY,
    }
    assert named["deploying"]["Namespace"] == NAMESPACE
    assert {one["Name"]: one["Value"] for one in named["deploying"]["Dimensions"]} == {
        "ClusterName": wish.service.cluster,
        "ServiceName": wish.service.name,
    }
    balancer = made["Balancer"]["LoadBalancerArn"].partition(":loadbalancer/")[2]
    assert {"Name": "LoadBalancer", "Value": balancer} in named["served"]["Dimensions"]
    assert (wake["EvaluationPeriods"], wake["TreatMissingData"], wake["Threshold"]) == (
        1,
        "notBreaching",
        1.0,
    )
    assert wake["AlarmActions"] == [made["WakePolicy"]["PolicyARN"]]


def test_a_service_that_never_sleeps_has_none_of_it(aws: Aws, wish: Wish) -> None:
    awake = replace(wish, service=replace(wish.service, idle_minutes=None))
    found = applied(aws, awake).stack
    kinds = {kind for _, kind, _ in stacks.resources(aws, found)}
    assert not {kind for kind in kinds if "CloudWatch" in kind or "AutoScaling" in kind}
    assert "IdleAlarmName" not in found.outputs


def test_only_requests_for_the_host_get_through(aws: Aws, wish: Wish) -> None:
    found = applied(aws, replace(wish, parameters={"HostName": "shop.example.com"})).stack
    rule = _rule(aws, stacks.physical(aws, found, "HostRule"))
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == ["shop.example.com"]
    assert found.outputs["Url"] == "http://shop.example.com"


def test_the_outputs_name_what_a_deploy_needs(aws: Aws, wish: Wish) -> None:
    outputs = applied(aws, wish).stack.outputs
    name, cluster = wish.service.name, wish.service.cluster
    assert outputs["TargetGroupArn"].startswith("arn:aws:elasticloadbalancing:")
    assert {key: outputs[key] for key in outputs if key not in ("TargetGroupArn", "Url")} == {
        "ClusterName": cluster,
        "ContainerName": name,
        "HealthCheckPath": "/health",
        "IdleAlarmName": f"{cluster}-{name}-idle",
        "LogGroupName": f"/ecs/{cluster}/{name}",
        "RepositoryName": name,
        "RepositoryUri": f"000000000000.dkr.ecr.eu-west-3.amazonaws.com/{name}",
        "ServiceName": name,
    }
