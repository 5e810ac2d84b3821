"""The template itself: AWS's checker is content, and every resource is there, as its own service tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.aws.translate import ACTIVITY, NAMESPACE
from ecs_deployment.errors import Refused
from ecs_local import cfn_template
from ecs_provisioning import stack as stacks
from ecs_provisioning import template
from ecs_provisioning.calls import Aws
from ecs_provisioning.lint import lint
from ecs_provisioning.prepare import Wish
from ecs_provisioning.stack import Stack
from ecs_stats import widgets_check

from tests.provisioning.quietly import CLUSTER, NAME, Made, applied
from tests.provisioning.readers import listener_of, security_group
from tests.provisioning.readers import repository as read_repository
from tests.provisioning.readers import rule as read_rule

MOST_BYTES = 51_200  # of a TemplateBody in a request


def test_the_checker_finds_nothing() -> None:
    assert lint(template.body()) == []
    assert lint(template.body({"ContainerInsights": "off", "IdlePeriods": "0"}, "staging")) == []


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


def test_the_values_that_a_parameter_takes_are_the_templates() -> None:
    read = cfn_template.parse(template.body()).parameters
    listed = {
        name: tuple(map(str, one["AllowedValues"])) for name, one in read.items() if "AllowedValues" in one
    }
    assert template.allowed() == listed
    assert len(listed) > 8


@pytest.mark.parametrize("insights", ["off", "standard", "enhanced"])
def test_it_fits_into_a_request(insights: str) -> None:
    assert len(template.body({"ContainerInsights": insights}, "production").encode()) < MOST_BYTES


def test_nothing_of_the_template_is_left_out(made: Made) -> None:
    declared = re.findall(r"^  (\w+):\n    Type: AWS::", template.body(), re.MULTILINE)
    assert sorted(made) == sorted(declared)


def test_every_resource_is_there_as_the_template_has_it(made: Made) -> None:
    name, cluster = NAME, CLUSTER
    assert made["Cluster"]["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert made["InsightsLogGroup"]["logGroupName"] == f"/aws/ecs/containerinsights/{cluster}/performance"
    assert made["InsightsLogGroup"]["retentionInDays"] == 7
    assert made["LogGroup"]["logGroupName"] == f"/ecs/{cluster}/{name}"
    assert made["LogGroup"]["retentionInDays"] == 30

    repository = made["Repository"]
    assert repository["repositoryName"] == name
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}

    assert [one["FromPort"] for one in made["BalancerSecurityGroup"]["IpPermissions"]] == [80, 443]
    (rule,) = made["TaskSecurityGroup"]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"]) == (1, 65535)
    assert rule["UserIdGroupPairs"][0]["GroupId"] == made["BalancerSecurityGroup"]["GroupId"]

    balancer, group = made["Balancer"], made["TargetGroup"]
    assert (balancer["Type"], balancer["Scheme"]) == ("application", "internet-facing")
    assert balancer["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert balancer["SecurityGroups"] == [made["BalancerSecurityGroup"]["GroupId"]]
    assert (group["TargetType"], group["Port"], group["HealthCheckPath"]) == ("ip", 80, "/health")
    assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"]) == (5, 2)
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 2)
    assert group["deregistration_delay.timeout_seconds"] == "30"
    assert (made["HttpListener"]["Port"], made["HttpListener"]["Protocol"]) == (80, "HTTP")
    (action,) = made["HttpListener"]["DefaultActions"]
    assert action["RedirectConfig"] == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    (action,) = made["HttpsListener"]["DefaultActions"]
    assert (made["HttpsListener"]["Port"], action["FixedResponseConfig"]["StatusCode"]) == (443, "404")
    assert made["HttpsListener"]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert made["HostRule"]["RuleArn"].startswith(
        made["HttpsListener"]["ListenerArn"].replace(":listener/", ":listener-rule/")
    )
    assert made["HostRule"]["Actions"][0]["TargetGroupArn"] == group["TargetGroupArn"]
    assert made["HostRule"]["Conditions"][0]["HostHeaderConfig"]["Values"] == ["*"]

    assert list(made["ExecutionRole"]["policies"]) == ["start-tasks"]
    assert made["TaskRole"]["policies"] == {}

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
    alarms = {"alarmNames": [f"{cluster}-{name}-errors"], "enable": True, "rollback": True}
    assert configuration["alarms"] == alarms
    assert configuration["earlySuccessCriteria"] == {
        "enable": True,
        "healthyPercent": 100,
        "sourceServiceRevisionCleanup": "DEFERRED",
    }
    assert service["loadBalancers"][0]["targetGroupArn"] == group["TargetGroupArn"]
    network = service["networkConfiguration"]["awsvpcConfiguration"]
    assert network["securityGroups"] == [made["TaskSecurityGroup"]["GroupId"]]
    assert network["assignPublicIp"] == "ENABLED"
    assert network["subnets"] == [made[one]["SubnetId"] for one in ("FirstSubnet", "SecondSubnet")]


def test_images_go_only_where_nothing_that_ran_can_be_meant(made: Made, aws: Aws, wish: Wish) -> None:
    def kept(repository: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        rules = json.loads(repository["policy"])["rules"]
        return [
            (
                one["selection"]["tagStatus"],
                one["selection"].get("tagPrefixList"),
                one["selection"]["countType"],
            )
            for one in rules
        ]

    assert kept(made["Repository"]) == [
        ("tagged", ["pr-"], "sinceImagePushed"),
        ("untagged", None, "sinceImagePushed"),
    ]
    plain = stacks.physical(aws, applied(aws, wish).stack, "Repository")
    assert kept(read_repository(aws, plain)) == [("untagged", None, "sinceImagePushed")]


def test_a_network_of_its_own_has_a_way_out(made: Made) -> None:
    assert made["Network"]["CidrBlock"] == "10.0.0.0/16"
    first, second = made["FirstSubnet"], made["SecondSubnet"]
    assert (first["CidrBlock"], second["CidrBlock"]) == ("10.0.0.0/25", "10.0.0.128/25")
    assert first["AvailabilityZone"] != second["AvailabilityZone"]
    assert {one["VpcId"] for one in (first, second, made["TargetGroup"])} == {made["Network"]["VpcId"]}
    assert made["InternetGateway"]["Attachments"][0]["VpcId"] == made["Network"]["VpcId"]
    table = made["RouteTable"]
    assert {one["SubnetId"] for one in table["Associations"] if "SubnetId" in one} == {
        first["SubnetId"],
        second["SubnetId"],
    }
    routes = {one["DestinationCidrBlock"]: one["GatewayId"] for one in table["Routes"]}
    assert routes["0.0.0.0/0"] == made["InternetGateway"]["InternetGatewayId"]


def test_the_deploy_role_is_for_one_environment_of_one_repository(made: Made, whole: Stack) -> None:
    role = made["DeployRole"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["Federated"] == made["OidcProvider"]["Arn"]
    assert statement["Condition"]["StringEquals"] == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:test",
    }
    assert made["OidcProvider"]["Url"] == "token.actions.githubusercontent.com"
    assert made["OidcProvider"]["ClientIDList"] == ["sts.amazonaws.com"]
    assert whole.outputs["DeployRoleArn"] == role["Arn"]


def test_the_dashboard_shows_this_service(made: Made) -> None:
    body = json.loads(made["Dashboard"]["DashboardBody"])
    assert list(widgets_check.problems(body)) == []
    written = made["Dashboard"]["DashboardBody"]
    assert "${" not in written
    assert made["IdleAlarm"]["AlarmArn"] in written
    assert made["WakeAlarm"]["AlarmArn"] in written
    assert made["LogGroup"]["logGroupName"] in written
    assert made["TargetGroup"]["TargetGroupArn"].rpartition(":")[2] in written
    assert "inv app.status --env test" in written


def test_a_dashboard_over_the_limits_is_refused_before_anything_is_made(
    aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(widgets_check, "MOST_WIDGETS", 3)
    with pytest.raises(
        Refused, match=r"The dashboard cannot be made: it has .* widgets, and CloudWatch takes 3"
    ):
        applied(aws, wish)
    assert stacks.read(aws, f"ecs-test-{wish.service.name}") is None


def test_an_alarm_on_errors_watches_what_the_tasks_answer(made: Made) -> None:
    alarm = made["ErrorAlarm"]
    assert (alarm["MetricName"], alarm["Threshold"], alarm["Statistic"]) == (
        "HTTPCode_Target_5XX_Count",
        5.0,
        "Sum",
    )
    assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (3, 2)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_it_sleeps_and_wakes_by_two_alarms_and_two_policies(made: Made) -> None:
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
        "ClusterName": CLUSTER,
        "ServiceName": NAME,
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
    assert not {kind for kind in kinds if kind == "AWS::CloudWatch::Alarm" or "AutoScaling" in kind}
    assert "IdleAlarmName" not in found.outputs


def test_only_requests_for_the_host_get_through(aws: Aws, wish: Wish) -> None:
    found = applied(aws, replace(wish, parameters={"HostName": "shop.example.com"})).stack
    rule = read_rule(aws, stacks.physical(aws, found, "HostRule"))
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == ["shop.example.com"]
    assert found.outputs["Url"] == "http://shop.example.com"
    listener = listener_of(aws, stacks.physical(aws, found, "HttpListener"))
    (action,) = listener["DefaultActions"]
    assert (action["Type"], action["FixedResponseConfig"]["StatusCode"]) == ("fixed-response", "404")
    group = security_group(aws, stacks.physical(aws, found, "BalancerSecurityGroup"))
    assert [one["FromPort"] for one in group["IpPermissions"]] == [80]  # nothing listens on 443


def test_the_outputs_name_what_a_deploy_needs(aws: Aws, wish: Wish) -> None:
    outputs = applied(aws, wish).stack.outputs
    name, cluster = wish.service.name, wish.service.cluster
    assert outputs["TargetGroupArn"].startswith("arn:aws:elasticloadbalancing:")
    assert {key: outputs[key] for key in outputs if key not in ("TargetGroupArn", "Url")} == {
        "ClusterName": cluster,
        "ContainerName": name,
        "DashboardName": f"{cluster}-{name}",
        "HealthCheckPath": "/health",
        "IdleAlarmName": f"{cluster}-{name}-idle",
        "LogGroupName": f"/ecs/{cluster}/{name}",
        "RepositoryName": name,
        "RepositoryUri": f"000000000000.dkr.ecr.eu-west-3.amazonaws.com/{name}",
        "ServiceName": name,
    }
