"""The life of one container: waits for those it depends on, starts, prints, is checked, ends."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ecs_local.facts import ContainerHealth, Fact, ProcessExited, ProcessStarted, StartFailed
from ecs_local.faults_tasks import Doom
from ecs_local.worker_guard import Guard, kill_group
from ecs_local.worker_plan import ContainerPlan

_LONGEST_LINE = 256 * 1024  # bytes; longer ones are cut into several, as CloudWatch Logs has it
_LAST_WORDS = 1.0  # seconds to read what is left in the pipe after the process has gone
_SHORTEST_INTERVAL, _SHORTEST_TIMEOUT = 0.05, 0.5  # seconds, however fast the profile is


@dataclass(frozen=True)
class LogLine:
    """One line that a container printed, at `at` seconds since the epoch. `task` is an ARN."""

    task: str
    container: str
    at: float
    text: str


class ContainerRun:
    """One container of one task. `live` runs it from start to end; `order` asks it to stop."""

    def __init__(
        self,
        task: str,
        plan: ContainerPlan,
        guard: Guard,
        report: Callable[[Fact], None],
        log: Callable[[LogLine], None],
        health_scale: float,
        *,
        doom: Doom | None = None,
        sick: Callable[[float], bool] | None = None,
    ) -> None:
        self.plan = plan
        self.started, self.healthy, self.exited = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.exit_code: int | None = None
        self._task, self._guard, self._report, self._log = task, guard, report, log
        self._health_scale = health_scale
        self._doom, self._sick = doom, sick  # planted faults
        self._pid: int | None = None
        self._ordered = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """Its first process while that lives."""
        return None if self.exited.is_set() else self._pid

    def order(self, signum: int) -> None:
        """Asks the process to end with SIGTERM, or ends it with SIGKILL; before its start, prevents that."""
        self._ordered.set()
        if self._pid is not None and not self.exited.is_set():
            kill_group(self._pid, signum)

    async def live(self, others: Mapping[str, ContainerRun]) -> None:
        """From the first dependency to the last line of output. Reports what happens as facts."""
        name = self.plan.name
        try:
            await self._after(others)
            if not self._ordered.is_set():
                await self._run()
            else:
                self._report(ProcessExited(self._task, name, None))
        except OSError as error:
            self._report(StartFailed(self._task, name, f"CannotStartContainerError: {error}"))
        finally:
            self.exited.set()

    async def _after(self, others: Mapping[str, ContainerRun]) -> None:
        for name, condition in self.plan.depends_on:
            other = others[name]
            event = {"START": other.started, "HEALTHY": other.healthy}.get(condition, other.exited)
            waits = [asyncio.ensure_future(one.wait()) for one in (event, self._ordered)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
            if condition == "SUCCESS" and other.exit_code != 0 and not self._ordered.is_set():
                raise OSError(f"dependency container {name} exited with {other.exit_code}")

    async def _run(self) -> None:
        plan = self.plan
        spawned = await self._guard.spawn(
            plan.command, directory=plan.directory, environment=plan.environment
        )
        process = spawned.process
        self._pid = process.pid
        output = asyncio.create_task(self._read(spawned.output))
        checks = asyncio.create_task(self._check()) if plan.health_command else None
        self.started.set()
        self._report(ProcessStarted(self._task, plan.name))
        if self._ordered.is_set():
            kill_group(process.pid, signal.SIGTERM)
        doom, alarm = self._doom, None
        if doom is not None:
            alarm = asyncio.get_running_loop().call_later(
                doom.seconds, kill_group, process.pid, signal.SIGKILL
            )
        try:
            code = await process.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
            kill_group(process.pid, signal.SIGKILL)  # a container ends with its first process
            if checks is not None:
                checks.cancel()
                await asyncio.gather(checks, return_exceptions=True)
            await asyncio.wait([output], timeout=_LAST_WORDS)
            output.cancel()
            self._guard.end(spawned)
        self.exit_code = (
            code if code >= 0 else 128 - code
        )  # killed by a signal: 128 + signal, as Docker has it
        self.exited.set()
        reason = doom.reason if doom is not None and code == -signal.SIGKILL else None
        self._report(ProcessExited(self._task, plan.name, self.exit_code, reason))

    async def _read(self, stream: asyncio.StreamReader) -> None:
        rest = b""
        while received := await stream.read(65536):
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                self._print(line)
            while len(rest) >= _LONGEST_LINE:
                self._print(rest[:_LONGEST_LINE])
                rest = rest[_LONGEST_LINE:]
        if rest:
            self._print(rest)

    def _print(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        if text:  # CloudWatch Logs takes no empty message
            self._log(LogLine(self._task, self.plan.name, time.time(), text))

    async def _check(self) -> None:
        """The container's own health check, by Docker's rules: failures count only after the start period."""
        check, scale = self.plan.health, self._health_scale
        interval = max(float(check.get("interval") or 30) * scale, _SHORTEST_INTERVAL)
        timeout = max(float(check.get("timeout") or 5) * scale, _SHORTEST_TIMEOUT)
        retries, start_period = int(check.get("retries") or 3), float(check.get("startPeriod") or 0) * scale
        loop = asyncio.get_running_loop()
        began, failures, verdict = loop.time(), 0, "UNKNOWN"
        while True:
            await asyncio.sleep(interval)
            sick = self._sick is not None and self._sick(loop.time() - began)
            if not sick and await self._passes(timeout):
                failures = 0
                self.healthy.set()
                if verdict != "HEALTHY":
                    verdict = "HEALTHY"
                    self._report(ContainerHealth(self._task, self.plan.name, "HEALTHY"))
            elif verdict == "HEALTHY" or loop.time() - began >= start_period:
                failures += 1
                if failures >= retries and verdict != "UNHEALTHY":
                    verdict = "UNHEALTHY"
                    self._report(ContainerHealth(self._task, self.plan.name, "UNHEALTHY"))

    async def _passes(self, timeout: float) -> bool:
        plan = self.plan
        try:
            spawned = await self._guard.spawn(
                plan.health_command, directory=plan.directory, environment=plan.environment
            )
        except OSError:
            return False
        output = asyncio.create_task(_forget(spawned.output))
        try:
            async with asyncio.timeout(timeout):
                return await spawned.process.wait() == 0
        except TimeoutError:
            return False
        finally:
            output.cancel()
            self._guard.end(spawned)
            await spawned.process.wait()


async def _forget(stream: asyncio.StreamReader) -> None:
    """Reads what nobody wants to know, so that the writer can go on."""
    while await stream.read(65536):
        continue
