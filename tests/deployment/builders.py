"""Facts for table tests: a service that is well, and small changes to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ecs_deployment import model
from ecs_deployment.debts import Debt
from ecs_deployment.fallback import Fallback
from ecs_deployment.goal import of_tag
from ecs_deployment.known import Known
from ecs_deployment.plan import Plan
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Expectation

OLD = "arn:aws:ecs:eu-west-3:000000000000:task-definition/app:1"
NEW = "arn:aws:ecs:eu-west-3:000000000000:task-definition/app:2"
GROUP = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/app/0123456789abcdef"
DIGEST = "sha256:" + "a" * 64
OTHER_DIGEST = "sha256:" + "b" * 64
URI = "000000000000.dkr.ecr.eu-west-3.amazonaws.com/app"
SETTINGS = ServiceSettings("app", cluster="local", service="app", containers=("app",), repository="app")


def deployment(number: int = 1, task_definition: str = OLD, **changes: Any) -> model.Deployment:
    """A completed PRIMARY deployment with one running task."""
    made = model.Deployment(
        id=f"ecs-svc/{number}",
        status="PRIMARY",
        task_definition=task_definition,
        desired=1,
        running=1,
        pending=0,
        failed_tasks=0,
        rollout_state="COMPLETED",
        rollout_state_reason="",
        created_at=float(number),
    )
    return replace(made, **changes)


def service(*deployments: model.Deployment, **changes: Any) -> model.Service:
    """An ACTIVE service behind a target group, with one task, at 100/200."""
    listed = deployments or (deployment(),)
    made = model.Service(
        arn="arn:aws:ecs:eu-west-3:000000000000:service/local/app",
        name="app",
        cluster="local",
        status="ACTIVE",
        desired=1,
        running=sum(d.running for d in listed),
        pending=0,
        task_definition=listed[0].task_definition,
        deployments=listed,
        configuration={"minimumHealthyPercent": 100, "maximumPercent": 200},
        load_balancers=(model.LoadBalancer(GROUP, "app", 8080),),
        events=(),
        controller="ECS",
        scheduling="REPLICA",
    )
    return replace(made, **changes)


def task(number: int = 1, task_definition: str = OLD, **changes: Any) -> model.Task:
    """A RUNNING task of deployment `number` on 127.0.1.<number>, with the expected image."""
    made = model.Task(
        arn=f"arn:aws:ecs:eu-west-3:000000000000:task/local/{number:032x}",
        started_by=f"ecs-svc/{number}",
        task_definition=task_definition,
        last_status="RUNNING",
        desired_status="RUNNING",
        health="UNKNOWN",
        containers=(model.Container("app", f"{URI}@{DIGEST}", DIGEST, "RUNNING", "UNKNOWN", None, ""),),
        addresses=(f"127.0.1.{number}",),
        created_at=float(number),
        started_at=float(number) + 1,
        stopped_at=None,
        stop_code="",
        stopped_reason="",
    )
    return replace(made, **changes)


def failed(number: int, reason: str = "Essential container in task exited", **changes: Any) -> model.Task:
    """A task of deployment `number` that stopped because something is wrong with it."""
    values: dict[str, Any] = {
        "task_definition": NEW,
        "last_status": "STOPPED",
        "desired_status": "STOPPED",
        "stop_code": "EssentialContainerExited",
        "stopped_reason": reason,
        "stopped_at": float(number) + 3,
        "containers": (model.Container("app", "app", DIGEST, "STOPPED", "UNKNOWN", 1, ""),),
    }
    return task(number, **{**values, **changes})


def target(number: int = 1, state: str = "healthy", **changes: Any) -> model.Target:
    """The target of task `number`."""
    return replace(model.Target(GROUP, f"127.0.1.{number}", 8080, state, "", ""), **changes)


def snapshot(seen: model.Service | None = None, **changes: Any) -> model.Snapshot:
    """A service that is well, with its task and its target."""
    made = model.Snapshot(seen or service(), running=(task(),), targets=(target(),))
    return replace(made, **changes)


def rollout_of(number: int, status: str, **changes: Any) -> model.ServiceDeployment:
    """The service deployment of deployment `number`."""
    made = model.ServiceDeployment(
        arn=f"arn:aws:ecs:eu-west-3:000000000000:service-deployment/local/app/{number}x",
        number=str(number),
        status=status,
        status_reason="",
        failure_count=0,
        threshold=3,
        waiting_hook="",
        rollback_to="",
    )
    return replace(made, **changes)


def definition(arn: str = OLD, image: str = f"{URI}:old", **changes: Any) -> model.TaskDefinition:
    """A task definition with one container `app`."""
    content = {
        "family": "app",
        "networkMode": "awsvpc",
        "containerDefinitions": [
            {"name": "app", "image": image, "environment": [{"name": "PASSWORD", "value": "hunter2"}]}
        ],
        **changes,
    }
    return model.TaskDefinition(arn, "ACTIVE", content, ())


def image(**changes: Any) -> model.Image:
    """The image behind the tag that is deployed."""
    made = model.Image(URI, "demo", DIGEST, frozenset({DIGEST}), frozenset({"amd64"}))
    return replace(made, **changes)


def known(seen: model.Snapshot | None = None, **changes: Any) -> Known:
    """Everything planning needs: a service on OLD that is well, and a new image."""
    return replace(Known(seen or snapshot(), definition(), image(), goal=of_tag("demo")), **changes)


def planned(**changes: Any) -> Plan:
    """A plan that rolls the service from OLD to a new revision, and back by ECS if it fails."""
    made = Plan(
        name="app",
        cluster="local",
        service="app",
        rolls=True,
        tag="demo",
        digest=DIGEST,
        expectation=Expectation("", frozenset({DIGEST}), ("app",)),
        before=OLD,
        primary="ecs-svc/1",
        content={},
        definition=definition(NEW),
        desired=None,
        configuration=None,
        debts=(),
        force=False,
        was_asleep=False,
        fallback=Fallback(OLD, None, proven=True, by_ecs=True),
        sleeps_again=False,
    )
    return replace(made, **changes)


_ACTIVE = {"in": False, "out": False, "scheduled": False}
FLOOR = Debt("floor", 0, 100)
SUSPENSION = Debt("suspension", _ACTIVE, {**_ACTIVE, "in": True})


def scaling(least: int = 0, most: int = 4, **flags: bool) -> model.Scaling:
    """A scalable target with nothing suspended but what is named."""
    suspended = model.Suspended(**{"scale_in": False, "scale_out": False, "scheduled": False, **flags})
    return model.Scaling(least, most, suspended)
