"""The table of AWS operations is complete: what the port calls stands in it, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import ecs_deployment.aws
from botocore.loaders import Loader
from ecs_deployment.aws.permissions import PERMISSIONS, action

AWS = Path(ecs_deployment.aws.__file__).parent


def called() -> Iterator[tuple[str, str]]:
    """(service, operation) of every `translated(...)` in the port's source."""
    for path in AWS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "translated"
            ):
                service, operation = (ast.literal_eval(argument) for argument in node.args)
                yield service, operation


def test_what_the_port_calls_is_in_the_table_and_nothing_else() -> None:
    told = [(one.service, one.operation) for one in PERMISSIONS]
    assert len(told) == len(set(told))
    assert set(told) == set(called())


def test_every_operation_is_one_of_the_services() -> None:
    for one in PERMISSIONS:
        assert one.operation in Loader().load_service_model(one.service, "service-2")["operations"]


def test_actions_carry_iams_own_prefix() -> None:
    assert action("elbv2", "DescribeTargetHealth") == "elasticloadbalancing:DescribeTargetHealth"
    registering = next(one for one in PERMISSIONS if one.operation == "RegisterTaskDefinition")
    assert registering.actions == ("ecs:RegisterTaskDefinition", "iam:PassRole", "ecs:TagResource")
