"""The deploy role may do what the deployer does, on this service, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.aws.permissions import PERMISSIONS
from ecs_deployment.clock import RealClock
from ecs_provisioning import apply as room
from ecs_provisioning import stack as stacks
from ecs_provisioning.calls import Aws
from ecs_provisioning.plan import planned
from ecs_provisioning.prepare import Wish
from ecs_provisioning.stack import Stack

from tests.provisioning.quietly import CLUSTER, NAME, Made, applied, free
from tests.provisioning.readers import READ

EVERYBODY = {"sts:GetCallerIdentity"}
PUSH = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:GetAuthorizationToken",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
}
"""What `docker push` needs (ECR user guide, "Pushing an image")."""
LOOK = {"cloudformation:DescribeStacks"}
"""Names from the stack's outputs."""
FOR_ALL = {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudwatch:DescribeAlarms",
    "ecr:GetAuthorizationToken",
    "ecs:DescribeTaskDefinition",
    "ecs:RegisterTaskDefinition",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
}
"""What AWS cannot narrow to a resource (service authorization reference)."""


@pytest.fixture
def statements(made: Made) -> list[dict[str, Any]]:
    document = made["DeployPolicy"]["Document"]
    return [
        one | {"Action": _listed(one["Action"]), "Resource": _listed(one["Resource"])}
        for one in document["Statement"]
    ]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_it_allows_what_the_port_calls_and_no_more(statements: list[dict[str, Any]]) -> None:
    allowed = {action for one in statements for action in one["Action"]}
    needed = {action for one in PERMISSIONS for action in one.actions} - EVERYBODY
    assert allowed == needed | PUSH | LOOK
    assert all(one["Effect"] == "Allow" for one in statements)


def test_it_cannot_run_cloudformation_or_change_rights(statements: list[dict[str, Any]]) -> None:
    actions = {action for one in statements for action in one["Action"]}
    assert not any("*" in action for action in actions)
    assert {one for one in actions if one.startswith("cloudformation:")} == {"cloudformation:DescribeStacks"}
    assert {one for one in actions if one.startswith(("iam:", "sts:"))} == {"iam:PassRole"}


def test_it_is_small_enough_for_a_managed_policy(made: Made) -> None:
    """6,144 characters, white space not counted (IAM user guide, "IAM and AWS STS quotas")."""
    assert len(json.dumps(made["DeployPolicy"]["Document"], separators=(",", ":"))) < 6144


def test_a_second_service_of_the_environment_is_deployed_by_the_same_role(
    aws: Aws, wish: Wish, whole: Stack, made: Made
) -> None:
    asked = replace(wish, parameters={"GitHubRepository": "acme/shop"}, siblings=("nobody", NAME))
    done = applied(aws, asked)
    there = {logical: physical for logical, _, physical in stacks.resources(aws, done.stack)}
    assert not {"DeployRole", "OidcProvider"} & set(there)
    role = whole.outputs["DeployRoleName"]
    assert READ["AWS::IAM::ManagedPolicy"](aws, there["DeployPolicy"])["roles"] == [role]
    assert f"deployed from GitHub by role {role}, as its neighbour is" in done.told
    attached = aws.read("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert len(attached) == 2
    # Another repository's workflows take on a role of their own.
    other = replace(wish, service=replace(wish.service, name="other", service="other"))
    other = replace(other, parameters={"GitHubRepository": "acme/other"}, siblings=(NAME, wish.service.name))
    with planned(aws, other, RealClock()) as prepared:
        assert {one.logical for one in prepared.changes} >= {"DeployRole", "DeployPolicy"}
    room.destroy(aws, "test", {wish.service.name: done.stack}, RealClock(), lambda _: None, free)
    attached = aws.read("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert len(attached) == 1


def test_what_can_be_narrowed_is(statements: list[dict[str, Any]], made: Made) -> None:
    wide = {
        action
        for one in statements
        if "*" in one["Resource"] and "Condition" not in one
        for action in one["Action"]
    }
    assert wide == FOR_ALL
    by_id = {one["Sid"]: one for one in statements}
    ecs = "arn:aws:ecs:eu-west-3:000000000000"
    assert by_id["Service"]["Resource"] == [f"{ecs}:service/{CLUSTER}/{NAME}"]
    assert by_id["Deployments"]["Resource"] == [f"{ecs}:service-deployment/{CLUSTER}/{NAME}/*"]
    assert by_id["Tasks"]["Condition"] == {"ArnEquals": {"ecs:cluster": f"{ecs}:cluster/{CLUSTER}"}}
    assert by_id["RolesOfTheTask"]["Resource"] == [made[one]["Arn"] for one in ("ExecutionRole", "TaskRole")]
    assert by_id["RolesOfTheTask"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    }
    journal = f"arn:aws:ssm:eu-west-3:000000000000:parameter/deploys/{CLUSTER}/{NAME}"
    assert by_id["Journal"]["Resource"] == [journal, f"{journal}/*"]
    assert by_id["Images"]["Resource"] == [made["Repository"]["repositoryArn"]]
    assert by_id["SayThatADeployRuns"]["Condition"] == {
        "StringEquals": {"cloudwatch:namespace": "EcsDeployments"}
    }
