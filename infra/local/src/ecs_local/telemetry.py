"""Looks at what the tasks use, again and again, and tells CloudWatch: performance events, metrics of both name spaces.

processes (usage) and bytes through the balancer  ->  insights  ->  log group .../performance, ECS/ContainerInsights
                                                  ->  AWS/ECS, which every service has without Container Insights
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ecs_local import insights, metrics
from ecs_local.insights import Event, Key, Reading
from ecs_local.logs import Shipper, Stream
from ecs_local.metrics import key_of, minute_at
from ecs_local.usage import Usage, usage
from ecs_local.world import Cluster, Task, World

_log = logging.getLogger(__name__)
_SHORTEST = 0.25  # seconds between two looks, however fast the profile is
_SERVICES_EVERY = 10  # looks without a change, and at most a minute
_WINDOW = 150  # looks whose events share a stream
_WINDOWS = 5  # streams that are kept: AWS keeps a day, here memory is finite

Processes = Callable[[], Iterable[tuple[Key, int]]]
Bytes = Callable[[Task], tuple[int, int]]


@dataclass(frozen=True)
class _Look:
    """What stood at one moment: CPU time of a container, bytes in and out of its task."""

    at: float
    used: Usage
    received: int
    sent: int


class Telemetry:
    """Runs until `stop`. `processes` are the living containers, `moved` the bytes (in, out) of a task so far."""

    def __init__(
        self, world: World, shipper: Shipper, processes: Processes, moved: Bytes, clock: Callable[[], float]
    ) -> None:
        self._world, self._shipper, self._clock = world, shipper, clock
        self._processes, self._moved = processes, moved
        self._looks: dict[Key, _Look] = {}
        self._looked = 0
        self._begun: set[int] = set()  # clusters whose log group was made; who deletes it is left in peace
        self._told: dict[str, tuple[float, list[str]]] = {}  # by cluster: when and what of its services
        self._streams: list[tuple[int, Stream]] = []  # (window, stream), oldest first
        self._loop = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends it."""
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)

    async def _run(self) -> None:
        pause = max(self._world.profile.telemetry, _SHORTEST)
        while True:
            await asyncio.sleep(pause)
            try:
                await self._look(pause)
            except Exception:  # noqa: BLE001 - figures are not worth an engine; its log says what happened
                _log.exception("the figures of a moment are lost")

    async def _look(self, pause: float) -> None:
        now, world = self._clock(), self._world
        readings = self._read(now)
        weight = pause / world.profile.minute
        self._put_free(readings, weight, now)
        for cluster in world.clusters.values():
            if cluster.status != "ACTIVE" or insights.mode(cluster) == "disabled":
                continue
            events = list(insights.of_tasks(world, cluster, readings, now))
            self._tell(cluster, events, weight, now)
            self._tell_services(cluster, pause, now)
            self._begun.add(id(cluster))
        self._looked += 1
        await self._forget()

    def _read(self, now: float) -> dict[Key, Reading]:
        """What each living container used since the look before; the first look at one is where it begins."""
        readings, looks = {}, {}
        for key, pid in self._processes():
            used, task = usage(pid), self._world.tasks.get(key[0])
            if used is None or task is None:
                continue
            look = looks[key] = _Look(now, used, *self._moved(task))
            before = self._looks.get(key)
            if before is not None and now > before.at:
                readings[key] = _between(before, look)
        self._looks = looks
        return readings

    def _tell_services(self, cluster: Cluster, pause: float, now: float) -> None:
        """Once a minute as AWS does, and where looks are closer also when something has changed."""
        minute = self._world.profile.minute
        events = list(insights.of_services(self._world, cluster, now))
        numbers = [str({**one.fields, "Timestamp": 0}) for one in events]
        last, before = self._told.get(cluster.name, (now - pause, []))
        if numbers != before or now - last >= min(_SERVICES_EVERY * pause, minute) - pause / 2:
            self._told[cluster.name] = now, numbers
            self._tell(cluster, events, (now - last) / minute, now)

    def _tell(self, cluster: Cluster, events: list[Event], weight: float, now: float) -> None:
        group = f"/aws/ecs/containerinsights/{cluster.name}/performance"
        for event in events:
            stream = group, self._stream_of(event)
            if event.fields["Type"] == "Container" and stream not in (known for _, known in self._streams):
                self._streams.append((self._looked // _WINDOW, stream))
            text = json.dumps(event.message, separators=(",", ":"))
            self._shipper.put(stream, now, text, create=id(cluster) not in self._begun)
            for one in event.metrics:
                for names in one.dimensions:
                    dimensions = {name: str(event.fields[name]) for name in names}
                    for name, value in one.values.items():
                        self._put(insights.NAMESPACE, name, dimensions, value, weight, now, one.units[name])

    def _stream_of(self, event: Event) -> str:
        kind, fields = event.fields["Type"], event.fields
        if kind in ("Service", "Cluster"):
            return f"{kind}Telemetry-{fields[f'{kind}Name']}"
        return f"FargateTelemetry-{self._looked // _WINDOW}"

    def _put_free(self, readings: Mapping[Key, Reading], weight: float, now: float) -> None:
        """AWS/ECS: per cent of what the task reserves, by service and by cluster."""
        for arn in dict.fromkeys(task for task, _ in readings):
            task = self._world.tasks[arn]
            kind, _, name = task.group.partition(":")
            if kind != "service":
                continue
            cpu, memory = insights.reserved(self._world, task)
            mine = [reading for (one, _), reading in readings.items() if one == arn]
            for metric, used, limit in (
                ("CPUUtilization", sum(one.cpu for one in mine), cpu),
                ("MemoryUtilization", sum(one.memory for one in mine), memory),
            ):
                for dimensions in (
                    {"ClusterName": task.cluster, "ServiceName": name},
                    {"ClusterName": task.cluster},
                ):
                    if limit:
                        self._put("AWS/ECS", metric, dimensions, 100 * used / limit, weight, now, "Percent")

    def _put(
        self,
        namespace: str,
        name: str,
        by: Mapping[str, str],
        value: float,
        weight: float,
        now: float,
        unit: str,
    ) -> None:
        """One value, weighing as much of its minute as it stands for: sums and counts of a minute stay true."""
        profile, store = self._world.profile, self._world.metrics
        key, number = key_of(namespace, name, by), minute_at(now, self._world.profile.minute)
        shows = now if profile.prompt_alarms else (number + 1) * profile.minute + profile.metric_lag
        store.units[key] = unit
        metrics.put(store, key, number, value, shows, weight)

    async def _forget(self) -> None:
        oldest = self._looked // _WINDOW - _WINDOWS
        while self._streams and self._streams[0][0] <= oldest:
            await self._shipper.drop(self._streams.pop(0)[1])


def _between(before: _Look, after: _Look) -> Reading:
    """A child that left the tree takes its CPU time along: never less than nothing."""
    seconds = after.at - before.at
    return Reading(
        cpu=max(0.0, after.used.cpu_seconds - before.used.cpu_seconds) / seconds * insights.UNITS,
        memory=after.used.memory / insights.MIB,
        received=max(0, after.received - before.received) / seconds,
        sent=max(0, after.sent - before.sent) / seconds,
    )
