"""Health checks of a target group: a real GET to every target that is not draining, each by its own clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ecs_local.facts import Fact, TargetChecked
from ecs_local.faults import well
from ecs_local.faults_tasks import struck
from ecs_local.http1 import Head, Mark, Wire, WireError, encode
from ecs_local.world import World
from ecs_local.world_balancer import Target, TargetGroup

_SHORTEST_INTERVAL, _SHORTEST_TIMEOUT = 0.05, 0.5  # seconds, however fast the profile is
_Key = tuple[str, str, int, float]  # group, target, port, registered at


def matches(matcher: str, status: int) -> bool:
    """Whether a status is one of "200", "200-299", "200,202" and the like."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if int(low) <= status <= int(high or low):
            return True
    return False


async def check_once(group: TargetGroup, target: Target, timeout: float) -> TargetChecked:
    """One request on a connection of its own; the verdict in the load balancer's words."""
    try:
        async with asyncio.timeout(timeout):
            status = await _status(target, group.health_path)
    except TimeoutError:
        return _failed(group, target, "Target.Timeout", "Request timed out")
    except (OSError, WireError):
        return _failed(group, target, "Target.FailedHealthChecks", "Health checks failed")
    if not matches(group.matcher, status):
        return _failed(
            group, target, "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"
        )
    return TargetChecked(group.arn, target.id, target.port, ok=True)


class HealthChecks:
    """Keeps one check running for each target of the world. Call `reconcile` after every step."""

    def __init__(
        self, world: World, report: Callable[[Fact], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._world, self._report, self._clock = world, report, clock
        self._running: dict[_Key, asyncio.Task[None]] = {}

    def reconcile(self) -> None:
        """Begins checks of new targets at once, ends those of draining and vanished ones."""
        wanted = {
            (group.arn, target.id, target.port, target.registered_at): (group, target)
            for group in self._world.target_groups.values()
            for target in group.targets.values()
            if target.state not in ("draining", "unused")
        }
        for key in self._running.keys() - wanted.keys():
            self._running.pop(key).cancel()
        for key in wanted.keys() - self._running.keys():
            self._running[key] = asyncio.create_task(self._check(*wanted[key]))

    async def stop(self) -> None:
        """Ends every check."""
        checks = list(self._running.values())
        self._running.clear()
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)

    async def _check(self, group: TargetGroup, target: Target) -> None:
        profile = self._world.profile
        if profile.first_check is not None:
            await asyncio.sleep(group.health_interval * profile.health_scale * profile.first_check)
        while True:
            scale = self._world.profile.health_scale
            interval = max(group.health_interval * scale, _SHORTEST_INTERVAL)
            timeout = max(group.health_timeout * scale, _SHORTEST_TIMEOUT)
            began = asyncio.get_running_loop().time()
            self._report(self._planted(group, target) or await check_once(group, target, timeout))
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(interval - took, _SHORTEST_INTERVAL))

    def _planted(self, group: TargetGroup, target: Target) -> TargetChecked | None:
        """The failure that was planted for the target's task, if it is due now."""
        task = self._world.tasks.get(target.task)
        if task is None or task.started_at is None:
            return None
        fault = struck(self._world, task, "failing-health", "slow-health")
        if fault is None or well(fault, self._clock() - task.started_at):
            return None
        if fault.kind == "slow-health":
            return _failed(group, target, "Target.Timeout", "Request timed out")
        description = "Health checks failed with these codes: [503]"
        return _failed(group, target, "Target.ResponseCodeMismatch", description)


async def _status(target: Target, path: str) -> int:
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(responses=True), target.id, target.port)
    try:
        headers = [
            (b"host", f"{target.id}:{target.port}".encode()),
            (b"connection", b"close"),
            (b"user-agent", b"ELB-HealthChecker/2.0"),
        ]
        wire.write(encode(f"GET {path} HTTP/1.1".encode(), headers))
        while True:
            event = await wire.read()
            if isinstance(event, Head) and event.status >= 200:
                return event.status
            if event is Mark.CLOSED:
                raise WireError("the target closed the connection without an answer")
    finally:
        wire.abort()


def _failed(group: TargetGroup, target: Target, reason: str, description: str) -> TargetChecked:
    return TargetChecked(group.arn, target.id, target.port, ok=False, reason=reason, description=description)
