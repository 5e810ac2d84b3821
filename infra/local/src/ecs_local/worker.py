"""Makes tasks real: pulls their images, starts their processes, stops them, and reports what happens.

PENDING, pull started   ->  secrets and images      ->  ImageResolved | StartFailed
PENDING, pull over      ->  a process a container   ->  ProcessStarted, ContainerHealth, ProcessExited
STOPPING                ->  SIGTERM, then SIGKILL   ->  ProcessExited
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ecs_local import faults_tasks
from ecs_local.facts import Fact, ImageResolved, ProcessExited, StartFailed
from ecs_local.images import CannotPullError, ResolvedImage
from ecs_local.worker_container import ContainerRun, LogLine
from ecs_local.worker_guard import Guard
from ecs_local.worker_plan import (
    ContainerPlan,
    StartError,
    check_platform,
    environment,
    plan_container,
    secrets,
)
from ecs_local.world import Content, Task, World

__all__ = ["LogLine", "Worker"]

_log = logging.getLogger(__name__)
_PATIENCE = 5.0  # seconds for killed processes to be gone


@dataclass
class _Run:
    """What the worker knows of one task."""

    definitions: list[Content]
    images: dict[str, ResolvedImage] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict)
    containers: dict[str, ContainerRun] = field(default_factory=dict)
    pulled: bool = False
    started: bool = False
    stopping: bool = False


class Worker:
    """Follows the world: call `reconcile` after every step. Scratch folders of tasks live below `directory`.

    `log_to` gets a container's log stream ready and gives the reason why it cannot be had, or None.
    """

    def __init__(
        self,
        world: World,
        report: Callable[[Fact], None],
        resolve: Callable[[str], Awaitable[ResolvedImage]],
        log: Callable[[LogLine], None],
        directory: Path,
        log_to: Callable[[Task, Content], Awaitable[str | None]] | None = None,
    ) -> None:
        self._log_to = log_to
        self._world, self._resolve, self._log, self._directory = world, resolve, log, directory
        self._tell, self._closed = report, False
        self._guard = Guard()
        self._runs: dict[str, _Run] = {}
        self._jobs: set[asyncio.Future[None]] = set()

    def reconcile(self, now: float) -> None:  # noqa: ARG002 - every room of the loop is handed the time
        """Begins whatever the state of the tasks asks for and has not begun yet. Never waits."""
        for task in self._world.tasks.values():
            if task.last_status == "PENDING" and task.pull_started_at is not None:
                self._bring_up(task)
            elif task.last_status == "STOPPING":
                self._bring_down(task)
        for arn in [arn for arn in self._runs if self._over(arn)]:
            self._drop(arn)

    async def stop(self) -> None:
        """Kills every process that is left and waits until it is gone. Nothing is reported any more."""
        self._closed = True
        for run in self._runs.values():
            for container in run.containers.values():
                container.order(signal.SIGKILL)
        if self._jobs:
            _, late = await asyncio.wait(self._jobs, timeout=_PATIENCE)
            for job in late:
                job.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._guard.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def processes(self) -> list[tuple[tuple[str, str], int]]:
        """The living containers: ((task ARN, container name), pid of its first process)."""
        return [
            ((arn, name), container.pid)
            for arn, run in self._runs.items()
            for name, container in run.containers.items()
            if container.pid is not None
        ]

    def _report(self, fact: Fact) -> None:
        if not self._closed:
            self._tell(fact)

    def _job(self, work: Awaitable[None]) -> None:
        job = asyncio.ensure_future(work)
        self._jobs.add(job)
        job.add_done_callback(self._ended)

    def _ended(self, job: asyncio.Future[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()) is not None:
            _log.error("a task's work ended in an error of ours", exc_info=error)

    def _over(self, arn: str) -> bool:
        task = self._world.tasks.get(arn)
        return task is None or task.last_status in ("DEPROVISIONING", "STOPPED")

    def _drop(self, arn: str) -> None:
        for container in self._runs.pop(arn).containers.values():
            container.order(signal.SIGKILL)
        shutil.rmtree(self._home(arn), ignore_errors=True)

    def _home(self, arn: str) -> Path:
        return self._directory / arn.rpartition("/")[2]

    def _bring_up(self, task: Task) -> None:
        run = self._runs.get(task.arn)
        if run is None:
            content = self._world.task_definitions[task.task_definition].content
            run = self._runs[task.arn] = _Run(content["containerDefinitions"])
            self._job(self._pull(task, run, content))
        elif run.pulled and not run.started and task.pull_stopped_at is not None:
            run.started = True
            self._start(task, run)

    async def _pull(self, task: Task, run: _Run, content: Content) -> None:
        """Secrets and logs first, then images, as Fargate does; the first that cannot be had fails the task."""
        images = {container.name: container.image for container in task.containers}
        if refused := faults_tasks.refusal(self._world, task, run.definitions):
            self._report(refused)
            return
        for definition in run.definitions:
            name = definition["name"]
            try:
                run.secrets[name] = secrets(definition, self._world.parameters)
            except StartError as error:
                self._report(StartFailed(task.arn, name, str(error)))
                return
            if self._log_to is not None and (problem := await self._log_to(task, definition)):
                self._report(StartFailed(task.arn, name, problem))
                return
        for definition in run.definitions:
            name = definition["name"]
            try:
                run.images[name] = await self._resolve(images[name])
                check_platform(content, run.images[name])
            except (CannotPullError, StartError) as error:
                self._report(StartFailed(task.arn, name, str(error)))
                return
            run.pulled = len(run.images) == len(run.definitions)
            self._report(ImageResolved(task.arn, name, run.images[name].digest))

    def _start(self, task: Task, run: _Run) -> None:
        _place(task)
        home, path = self._home(task.arn), os.environ.get("PATH", os.defpath)
        home.mkdir(parents=True, exist_ok=True)
        for definition in run.definitions:
            name = definition["name"]
            image, secret = run.images[name], run.secrets[name]
            variables = environment(self._world, task, definition, image, secret, home, path)
            try:
                plan = plan_container(definition, image, variables, task)
            except StartError as error:
                run.containers.clear()
                self._report(StartFailed(task.arn, name, str(error)))
                return
            run.containers[name] = self._container(task, plan)
        for container in run.containers.values():
            self._job(container.live(run.containers))

    def _container(self, task: Task, plan: ContainerPlan) -> ContainerRun:
        """One container with whatever was planted for it."""
        world, first = self._world, plan.name == task.containers[0].name
        if first and faults_tasks.struck(world, task, "crash-at-start"):
            plan = replace(plan, command=faults_tasks.CRASH)
        return ContainerRun(
            task.arn,
            plan,
            self._guard,
            self._report,
            self._log,
            world.profile.health_scale,
            doom=faults_tasks.doom(world, task) if first else None,
            sick=faults_tasks.sickness(world, task),
        )

    def _bring_down(self, task: Task) -> None:
        run = self._runs.setdefault(task.arn, _Run([]))
        if run.stopping:
            return
        run.stopping = True
        self._job(self._stop(task, run))

    async def _stop(self, task: Task, run: _Run) -> None:
        for container in task.containers:
            if container.name not in run.containers and container.last_status != "STOPPED":
                self._report(ProcessExited(task.arn, container.name, None))
        living = [one for one in run.containers.values() if not one.exited.is_set()]
        for one in living:
            one.order(signal.SIGTERM)
        patience = max((one.plan.stop_timeout for one in living), default=0.0)
        try:
            async with asyncio.timeout(patience):
                for one in living:
                    await one.exited.wait()
        except TimeoutError:
            for one in living:
                one.order(signal.SIGKILL)


def _place(task: Task) -> None:
    """Settles where the task listens, before its processes start.

    Its own address and the container's port, as on AWS. Where the machine has no such address (macOS), it is
    127.0.0.1; where the port is taken or not permitted, a free one. The world then says so.
    """
    if not _can_bind(task.address, 0):
        task.address = "127.0.0.1"
    for key, port in task.ports.items():
        if task.address == "127.0.0.1" or not _can_bind(task.address, port):
            task.ports[key] = _free_port(task.address)


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
