"""fabfuel's `ecs-deploy` from PyPI, unmodified, against the embedded ECS: it works, and is caught out as on AWS.

What it says and what is true are compared by exit code and by the account. (Its truth table: it looks at the number
of deployments and of running tasks only, so a rollback and an empty service are "Deployment successful".)
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ecs_local import client
from ecs_local.client import Engine

from tests.engine import (
    REGISTRY,
    Aws,
    Place,
    balanced,
    create_service,
    described,
    publish_sample,
    register,
    running_engine,
    wait_for,
)

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
PATIENCE = 60  # seconds that the tool waits for a rollout


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """boto3 clients of an engine with the sample published."""
    with running_engine(tmp_path_factory.mktemp("engine")) as engine:
        clients = Aws(engine)
        publish_sample(clients, "shop", "demo", "demo-2", "demo-broken")
        yield clients
        clients.close()


def place(aws: Aws, name: str, desired: int) -> Place:
    """A service that runs `demo` by its tag, with the circuit breaker on."""
    made = balanced(aws, name)
    arn = register(aws, name, f"{REGISTRY}/shop:demo")
    create_service(aws, made, arn, desired, deploymentConfiguration=BREAKER)
    wait_for(lambda: _rollout(aws, made) == "COMPLETED", "a service at rest")
    return made


def _rollout(aws: Aws, made: Place) -> str:
    deployments = described(aws, made)["deployments"]
    return str(deployments[0]["rolloutState"]) if len(deployments) == 1 else "IN_PROGRESS"


def ecs(engine: Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the tool as its users do."""
    return subprocess.run(
        [Path(sys.executable).with_name("ecs"), *arguments],
        env={**os.environ, **client.environment(engine)},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def deploy(aws: Aws, made: Place, tag: str) -> subprocess.CompletedProcess[str]:
    return ecs(aws.engine, "deploy", made.cluster, made.service, "--tag", tag, "--timeout", str(PATIENCE))


def _image(aws: Aws, arn: str) -> str:
    definition = aws("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return str(definition["containerDefinitions"][0]["image"])


def _status(aws: Aws, arn: str) -> str:
    definition = aws("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return str(definition["status"])


def _newest(aws: Aws, made: Place) -> dict[str, Any]:
    listed = aws("ecs").list_service_deployments(cluster=made.cluster, service=made.service)
    newest: dict[str, Any] = listed["serviceDeployments"][0]
    return newest


def test_a_good_revision_is_deployed(aws: Aws) -> None:
    made = place(aws, "good", desired=1)
    done = deploy(aws, made, "demo-2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deployment successful" in done.stdout
    assert _image(aws, described(aws, made)["taskDefinition"]) == f"{REGISTRY}/shop:demo-2"
    assert _newest(aws, made)["status"] == "SUCCESSFUL"


def test_at_zero_it_calls_an_image_that_does_not_exist_a_success(aws: Aws) -> None:
    made = place(aws, "asleep", desired=0)
    done = deploy(aws, made, "never-built")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deployment successful" in done.stdout
    assert described(aws, made)["runningCount"] == 0
    aws("ecs").update_service(cluster=made.cluster, service=made.service, desiredCount=1)
    arns = wait_for(
        lambda: aws("ecs").list_tasks(cluster=made.cluster, desiredStatus="STOPPED")["taskArns"],
        "the truth",
    )
    task = aws("ecs").describe_tasks(cluster=made.cluster, tasks=arns)["tasks"][0]
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    aws("ecs").delete_service(cluster=made.cluster, service=made.service, force=True)


def test_after_a_rollback_it_calls_the_broken_revision_a_success(aws: Aws) -> None:
    made = place(aws, "rolled-back", desired=1)
    before = described(aws, made)["taskDefinition"]
    done = deploy(aws, made, "demo-broken")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deployment successful" in done.stdout
    assert _newest(aws, made)["status"].startswith("ROLLBACK_")
    wait_for(lambda: _newest(aws, made)["status"] == "ROLLBACK_SUCCESSFUL", "the end of the rollback")
    now = described(aws, made)
    assert now["taskDefinition"] == before
    assert _image(aws, before) == f"{REGISTRY}/shop:demo"
    assert _status(aws, before) == "INACTIVE"  # and it has deregistered the revision that serves


def test_it_scales_and_runs_tasks(aws: Aws) -> None:
    made = place(aws, "scaled", desired=1)
    done = ecs(aws.engine, "scale", made.cluster, made.service, "2", "--timeout", str(PATIENCE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert described(aws, made)["runningCount"] == 2
    subnet = made.network["awsvpcConfiguration"]["subnets"][0]
    ran = ecs(
        aws.engine,
        "run",
        made.cluster,
        "scaled",
        "--launchtype=FARGATE",
        "--subnet",
        subnet,
        "--securitygroup",
        "sg-1",
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Successfully started 1 instances of task: scaled:1" in ran.stdout
