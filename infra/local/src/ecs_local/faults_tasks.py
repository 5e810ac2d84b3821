"""What planted faults do to a task that is being started."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecs_local import texts
from ecs_local.facts import StartFailed
from ecs_local.faults import Fault, strike_task, well
from ecs_local.world import Content, Task, World

CRASH = ("/bin/sh", "-c", "echo 'This container crashes: a fault was planted (crash-at-start).' >&2; exit 1")
"""What the first container runs instead of its own command."""

_NO_PARAMETER = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
    "unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: {name}"
)
_IMAGE = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
    "failed to resolve ref {image}: {image}: not found"
)


def refusal(world: World, task: Task, definitions: list[Content]) -> StartFailed | None:
    """Why the task does not get as far as its images, if that was planted."""
    first = task.containers[0]
    if struck(world, task, "no-capacity"):
        return StartFailed(task.arn, first.name, texts.NO_CAPACITY)
    if struck(world, task, "missing-secret"):
        secrets = definitions[0].get("secrets") or [{"valueFrom": "planted-fault"}]
        return StartFailed(task.arn, first.name, _NO_PARAMETER.format(name=secrets[0]["valueFrom"]))
    if struck(world, task, "unpullable-image"):
        return StartFailed(task.arn, first.name, _IMAGE.format(image=first.image))
    return None


@dataclass(frozen=True)
class Doom:
    """The first container is killed so many seconds after its start; `reason` is the container's, if it gets one."""

    seconds: float
    reason: str | None = None


def doom(world: World, task: Task) -> Doom | None:
    """How the first container is killed, if that was planted."""
    fault = struck(world, task, "crash-after", "out-of-memory")
    if fault is None:
        return None
    return Doom(fault.seconds, texts.OUT_OF_MEMORY if fault.kind == "out-of-memory" else None)


def sickness(world: World, task: Task) -> Callable[[float], bool] | None:
    """Whether the containers' own checks fail at an age in seconds, if that was planted."""
    fault = struck(world, task, "failing-health", "slow-health")
    return None if fault is None else lambda age: not well(fault, age)


def struck(world: World, task: Task, *kinds: str) -> Fault | None:
    """The fault of these kinds that holds for the task."""
    service = task.group.removeprefix("service:")
    return strike_task(world.faults, kinds, task.arn, service, task.created_at)
