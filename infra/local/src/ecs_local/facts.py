"""What the workers and the health checks report: the only news from outside that changes a task.

`transitions.observe` takes them. `task` and `group` are ARNs, `container` is the name in the task definition.
A fact about a task that is gone, or that comes too late, is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ecs_local.world import Health


@dataclass(frozen=True)
class ImageResolved:
    """The image of one container is there; `digest` is that of its manifest."""

    task: str
    container: str
    digest: str


@dataclass(frozen=True)
class StartFailed:
    """A container cannot be started: image, secret or command. `reason` is the task's stoppedReason."""

    task: str
    container: str
    reason: str
    stop_code: str = "TaskFailedToStart"


@dataclass(frozen=True)
class ProcessStarted:
    """The process of one container runs; when all do, the task is RUNNING."""

    task: str
    container: str


@dataclass(frozen=True)
class ProcessExited:
    """The process of one container is gone.

    Also expected, with `exit_code` None, for each container of a STOPPING task that never got a process.
    """

    task: str
    container: str
    exit_code: int | None
    reason: str | None = None


@dataclass(frozen=True)
class ContainerHealth:
    """The verdict of a container's own healthCheck; the worker has counted the retries."""

    task: str
    container: str
    health: Health


@dataclass(frozen=True)
class TargetChecked:
    """One health check of a load balancer: `reason` and `description` in its words when it failed."""

    group: str
    target_id: str
    port: int
    ok: bool
    reason: str = ""
    description: str = ""


Fact: TypeAlias = (
    ImageResolved | StartFailed | ProcessStarted | ProcessExited | ContainerHealth | TargetChecked
)
