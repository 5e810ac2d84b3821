"""Task definitions: register with the defaults that ECS adds, describe, list, deregister."""

from __future__ import annotations

import copy
import re
from typing import Any

from ecs_local.api.context import Call
from ecs_local.api.ecs.names import arn, find_task_definition, invalid
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, TaskDefinition

_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_HEALTH_CHECK = {"interval": 30, "timeout": 5, "retries": 3}  # botocore, ecs HealthCheck
_FARGATE_CPU = {"256", "512", "1024", "2048", "4096", "8192", "16384"}


def register_task_definition(call: Call, params: Content) -> Content:
    """Makes the next revision of a family. Never idempotent: the same content makes another revision."""
    world = call.world
    params = copy.deepcopy(params)
    family, tags = params["family"], params.pop("tags", [])
    if not _FAMILY.fullmatch(family):
        raise AwsError("ClientException", "Family contains invalid characters or is too long.")
    _check(params)
    awsvpc = params.get("networkMode") == "awsvpc"
    params["containerDefinitions"] = [_complete(one, awsvpc) for one in params["containerDefinitions"]]
    params.setdefault("networkMode", "bridge")
    params.setdefault("volumes", [])
    params.setdefault("placementConstraints", [])
    revision = 1 + max(
        (one.revision for one in world.task_definitions.values() if one.family == family), default=0
    )
    task_definition = TaskDefinition(
        arn=arn(world, f"task-definition/{family}:{revision}"),
        family=family,
        revision=revision,
        content=params,
        registered_at=call.now,
        tags=tags,
    )
    world.task_definitions[task_definition.arn] = task_definition
    return {"taskDefinition": shown(call, task_definition)} | ({"tags": tags} if tags else {})


def describe_task_definition(call: Call, params: Content) -> Content:
    """One revision, INACTIVE ones too; `tags` is there only with include=[TAGS]."""
    found = find_task_definition(call.world, params["taskDefinition"], "Unable to describe task definition.")
    answer: Content = {"taskDefinition": shown(call, found)}
    return answer | {"tags": found.tags} if "TAGS" in params.get("include", []) else answer


def deregister_task_definition(call: Call, params: Content) -> Content:
    """Makes a revision INACTIVE: what runs goes on, new deployments cannot use it."""
    reference = params["taskDefinition"]
    if ":" not in reference.rsplit("/", 1)[-1]:
        raise invalid("Expected a task definition with a revision: family:revision.")
    found = find_task_definition(call.world, reference, "The specified task definition does not exist.")
    found.status = "INACTIVE"
    return {"taskDefinition": shown(call, found) | {"deregisteredAt": call.now}}


def list_task_definitions(call: Call, params: Content) -> Content:
    """ARNs by family and revision; `familyPrefix` is the whole family name."""
    status, family = params.get("status", "ACTIVE"), params.get("familyPrefix")
    found = [
        one
        for one in call.world.task_definitions.values()
        if one.status == status and family in (None, one.family)
    ]
    descending = params.get("sort") == "DESC"
    found.sort(key=lambda one: (one.family, one.revision), reverse=descending)
    places = {one.arn: f"{place:09d}" for place, one in enumerate(found)}
    arns, token = page(
        [one.arn for one in found],
        params.get("nextToken"),
        params.get("maxResults", 100),
        places.__getitem__,
        invalid("Invalid token."),
    )
    return {"taskDefinitionArns": arns} | ({"nextToken": token} if token else {})


def list_task_definition_families(call: Call, params: Content) -> Content:
    """Family names that begin with a prefix; by default those with any revision, as ECS does."""
    status, prefix = params.get("status", "ALL"), params.get("familyPrefix", "")
    active = {one.family for one in call.world.task_definitions.values() if one.status == "ACTIVE"}
    every = {one.family for one in call.world.task_definitions.values()}
    chosen = {"ACTIVE": active, "INACTIVE": every - active, "ALL": every}[status]
    families, token = page(
        sorted(name for name in chosen if name.startswith(prefix)),
        params.get("nextToken"),
        params.get("maxResults", 100),
        str,
        invalid("Invalid token."),
    )
    return {"families": families} | ({"nextToken": token} if token else {})


def shown(call: Call, task_definition: TaskDefinition) -> Content:
    """A revision as ECS describes it: what was registered and the fields of answers."""
    content = task_definition.content
    compatible = ["EC2", "FARGATE"] if content["networkMode"] == "awsvpc" else ["EC2"]
    return content | {
        "taskDefinitionArn": task_definition.arn,
        "revision": task_definition.revision,
        "status": task_definition.status,
        "requiresAttributes": [{"name": name} for name in _attributes(content)],
        "compatibilities": compatible,
        "registeredAt": task_definition.registered_at,
        "registeredBy": f"arn:aws:iam::{call.world.account}:root",
    }


def _attributes(content: Content) -> list[str]:
    drivers = {one.get("logConfiguration", {}).get("logDriver") for one in content["containerDefinitions"]}
    names = [f"com.amazonaws.ecs.capability.logging-driver.{one}" for one in sorted(drivers - {None})]
    if any(".dkr.ecr." in one["image"] for one in content["containerDefinitions"]):
        names.append("com.amazonaws.ecs.capability.ecr-auth")
    if "taskRoleArn" in content:
        names.append("com.amazonaws.ecs.capability.task-iam-role")
    if content["networkMode"] == "awsvpc":
        names.append("ecs.capability.task-eni")
    return names


def _complete(container: Content, awsvpc: bool) -> Content:
    """A container definition with the members that ECS fills in (AWS CLI examples, register-task-definition)."""
    defaults: Content = {
        "cpu": 0,
        "portMappings": [],
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    full = defaults | container
    full["portMappings"] = [_port(one, awsvpc) for one in full["portMappings"]]
    if "healthCheck" in full:
        full["healthCheck"] = _HEALTH_CHECK | full["healthCheck"]
    return full


def _port(mapping: Content, awsvpc: bool) -> Content:
    port = mapping.get("containerPort")
    if port is None:
        raise AwsError("ClientException", "Container.portMappings.containerPort should not be null.")
    host = mapping.get("hostPort", port if awsvpc else 0)
    if awsvpc and host != port:
        raise AwsError(
            "ClientException",
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        )
    return mapping | {"hostPort": host, "protocol": mapping.get("protocol", "tcp")}


def _check(params: dict[str, Any]) -> None:
    containers = params["containerDefinitions"]
    if not containers:
        raise AwsError("ClientException", "Container list cannot be empty.")
    for container in containers:
        for member in ("name", "image"):
            if not container.get(member):
                raise AwsError("ClientException", f"Container.{member} should not be null or empty.")
    names = [container["name"] for container in containers]
    if len(set(names)) != len(names):
        raise AwsError("ClientException", "Container.name must be unique within a task definition.")
    if not any(container.get("essential", True) for container in containers):
        raise AwsError("ClientException", "At least one container of a task definition must be essential.")
    if "FARGATE" in params.get("requiresCompatibilities", []):
        _check_fargate(params)


def _check_fargate(params: Content) -> None:
    if params.get("networkMode") != "awsvpc":
        raise AwsError("ClientException", "Fargate only supports network mode ‘awsvpc’.")  # noqa: RUF001 - AWS's own quotes
    for member in ("cpu", "memory"):
        if member not in params:
            raise AwsError(
                "ClientException", f"Fargate requires that '{member}' be defined at the task level."
            )
    if params["cpu"] not in _FARGATE_CPU:
        raise AwsError("ClientException", "No Fargate configuration exists for given values.")
