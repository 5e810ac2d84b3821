"""Finds what a caller's name or ARN means; what is not there is refused as ECS refuses it."""

from __future__ import annotations

import re

from ecs_local.api.errors import AwsError
from ecs_local.world import Cluster, Service, Task, TaskDefinition, World

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def arn(world: World, resource: str) -> str:
    """The ARN of an ECS resource, for example "cluster/app"."""
    return f"arn:aws:ecs:{world.region}:{world.account}:{resource}"


def last(reference: str) -> str:
    """The name at the end of an ARN, or the name itself."""
    return reference.rsplit("/", 1)[-1]


def check_name(name: str, what: str) -> str:
    """The name, if its characters are allowed."""
    if not _NAME.fullmatch(name):
        raise AwsError(
            "InvalidParameterException",
            f"{what} name must be between 1 and 255 characters of letters, numbers, underscores and hyphens.",
        )
    return name


def find_cluster(world: World, reference: str | None, *, inactive: bool = False) -> Cluster:
    """The cluster; without a reference the one called "default"."""
    name = last(reference or "default")
    cluster = world.clusters.get(name)
    other = (
        reference is not None and reference.startswith("arn:") and reference != arn(world, f"cluster/{name}")
    )
    if cluster is None or other or (cluster.status == "INACTIVE" and not inactive):
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def find_service(world: World, cluster: str | None, reference: str) -> Service:
    """The service, whatever its status."""
    found = lookup_service(world, find_cluster(world, cluster), reference)
    if found is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return found


def lookup_service(world: World, cluster: Cluster, reference: str) -> Service | None:
    """The service of that name or ARN in the cluster, or None."""
    service = world.services.get((cluster.name, last(reference)))
    if service is not None and reference.startswith("arn:") and reference != service.arn:
        return None
    return service


def find_task_definition(world: World, reference: str, message: str) -> TaskDefinition:
    """The revision that "family", "family:revision" or an ARN means; `message` is the refusal's text.

    A bare family means its latest ACTIVE revision.
    """
    name = last(reference)
    family, _, revision = name.partition(":")
    if revision:
        found = world.task_definitions.get(arn(world, f"task-definition/{family}:{revision}"))
    else:
        active = [
            one for one in world.task_definitions.values() if one.family == family and one.status == "ACTIVE"
        ]
        found = max(active, key=lambda one: one.revision, default=None)
    if found is None or (reference.startswith("arn:") and reference != found.arn):
        raise AwsError("ClientException", message)
    return found


def usable_task_definition(world: World, reference: str) -> TaskDefinition:
    """The revision, to start tasks from: it must be ACTIVE."""
    found = find_task_definition(world, reference, "TaskDefinition not found.")
    if found.status != "ACTIVE":
        raise AwsError("ClientException", "TaskDefinition is inactive")
    return found


def lookup_task(world: World, cluster: Cluster, reference: str) -> Task | None:
    """The task of that id or ARN in the cluster, or None."""
    task_arn = reference if reference.startswith("arn:") else arn(world, f"task/{cluster.name}/{reference}")
    task = world.tasks.get(task_arn)
    return task if task is not None and task.cluster in (cluster.name, cluster.arn) else None


def invalid(message: str) -> AwsError:
    """The error for a value that ECS does not take."""
    return AwsError("InvalidParameterException", message)
