"""A worker over a world made by hand, whose images are directories: what the worker's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecs_local.facts import Fact, ImageResolved
from ecs_local.images import CannotPullError, ResolvedImage
from ecs_local.worker import LogLine, Worker
from ecs_local.world import Container, LastStatus, Task, TaskDefinition, World

ADDRESS = "127.83.1.9"  # of a task, where nothing is said
PATIENCE = 60.0  # seconds; a bound, never a measure


async def until(condition: Callable[[], object]) -> None:
    """Waits until the condition holds, for at most `PATIENCE`."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


@dataclass
class Rig:
    """A worker, what it reported and what its containers printed."""

    world: World
    worker: Worker
    facts: list[Fact]
    lines: list[LogLine]
    resolved: list[str] = field(default_factory=list)

    def task(
        self, *definitions: dict[str, Any], name: str = "t1", address: str = ADDRESS, **more: Any
    ) -> Task:
        """A task that is about to pull its images. An image is the command line of a shell."""
        content = {"containerDefinitions": list(definitions), **more}
        self.world.task_definitions[f"td-{name}"] = TaskDefinition(f"td-{name}", "app", 1, content, 0.0)
        containers = [Container(one["name"], one["image"], True) for one in definitions]
        ports = {
            (one["name"], mapping["containerPort"]): mapping["containerPort"]
            for one in definitions
            for mapping in one.get("portMappings", ())
        }
        task = Task(f"arn/{name}", name, "c", "service:app", "ecs-svc/1", f"td-{name}", containers, 0.0)
        task.last_status, task.pull_started_at, task.address, task.ports = "PENDING", 1.0, address, ports
        self.world.tasks[task.arn] = task
        self.worker.reconcile(1.0)
        return task

    async def up(self, *definitions: dict[str, Any], **more: Any) -> Task:
        """A task whose images are there and whose processes are being started."""
        task = self.task(*definitions, **more)
        await until(lambda: len(self.of(ImageResolved)) >= len(definitions))
        task.pull_stopped_at = 2.0
        self.worker.reconcile(2.0)
        return task

    def move(self, task: Task, status: LastStatus) -> None:
        """The scheduler's part: the task enters a state."""
        task.last_status = status
        self.worker.reconcile(3.0)
        self.worker.reconcile(3.1)  # level-triggered: once more changes nothing

    def of(self, kind: type) -> list[Any]:
        """The facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    @property
    def printed(self) -> list[str]:
        return [line.text for line in self.lines]


def shell(script: str, name: str = "app", **more: Any) -> dict[str, Any]:
    """The definition of a container that runs a shell script."""
    return {"name": name, "image": "shell", "entryPoint": ["/bin/sh", "-c"], "command": [script], **more}


@asynccontextmanager
async def rig(directory: Path) -> AsyncIterator[Rig]:
    """A running worker; its processes are gone at the end."""
    content = directory / "content"
    content.mkdir()
    world, facts, lines = World(), list[Fact](), list[LogLine]()

    async def resolve(image: str) -> ResolvedImage:
        made.resolved.append(image)
        if image == "missing":
            raise CannotPullError("failed to resolve ref missing: missing: not found")
        return ResolvedImage(
            "sha256:1",
            content,
            ("image-command",),
            {"FROM": "image"},
            architecture="arm64" if image == "arm" else "",
        )

    worker = Worker(world, facts.append, resolve, lines.append, directory / "tasks")
    made = Rig(world, worker, facts, lines)
    try:
        yield made
    finally:
        await worker.stop()
