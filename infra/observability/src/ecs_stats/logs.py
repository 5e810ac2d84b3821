"""`app.logs`: the lines of all tasks of some services in one stream, oldest first, across deployments.

CloudWatch shows a line some seconds after it was printed, and the lines of one moment in any order of their streams: a
look overlaps the one before, what was told is not told again, and what came late comes late.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ecs_deployment import observe
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import NotFound, Refused, Throttled, Unreachable
from ecs_deployment.report_text import clean
from ecs_deployment.settings import ServiceSettings

from ecs_stats.log_groups import Kept, kept
from ecs_stats.source import Logged, Source

_OVERLAP = 20.0  # seconds that CloudWatch may be late with a line
_REMEMBERED = 50_000  # lines
_DEFINITIONS = 15.0  # seconds between two looks for a revision that logs elsewhere
_TASK = re.compile(r"[0-9a-f]{32}$")


@dataclass(frozen=True)
class LogLine:
    """A line that a container printed. `at` in epoch seconds, `task` the id; secrets are masked."""

    at: float
    service: str
    task: str
    container: str
    text: str


class Logs:
    """The lines of some services. `containers` empty: all. Raises `Refused` where there is nothing to read."""

    def __init__(
        self,
        cloud: Cloud,
        source: Source,
        services: Sequence[ServiceSettings],
        containers: Sequence[str],
        clock: Clock,
    ) -> None:
        self._cloud, self._source, self._clock = cloud, source, clock
        self._services = [(one.name, *observe.named(one)) for one in services]
        self._containers = containers
        self._told: dict[str, None] = {}
        self._places: dict[Kept, str] = {}  # where lines are, and of which service
        self._revisions: set[str] = set()
        self._found_at = float("-inf")
        self._find()

    @property
    def several_services(self) -> bool:
        """Whether the lines of more than one service come."""
        return len(self._services) > 1

    @property
    def several_containers(self) -> bool:
        """Whether those of more than one container of a service come."""
        return len({(service, place.container) for place, service in self._places.items()}) > len(
            self._services
        )

    def read(self, since: float) -> list[LogLine]:
        """What was not told yet, from `since` (epoch seconds) on, oldest first."""
        found = [
            (one.at, key, LogLine(one.at, service, task, place.container, clean(one.text)))
            for place, service in self._places.items()
            for one in self._logged(place, since)
            if (key := f"{one.stream} {one.id}") not in self._told and (task := _task_of(one.stream))
        ]
        for _, each, _ in found:
            self._told[each] = None
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        return [line for _, _, line in sorted(found, key=lambda one: one[:2])]

    def follow(self, since: float, interval: float, lost: Callable[[str], None]) -> Iterator[LogLine]:
        """The same, again and again, for good. `lost` hears when AWS does not answer; the next look makes up for it."""
        while True:
            now = self._clock.time()
            try:
                if self._clock.boottime() - self._found_at > _DEFINITIONS:
                    self._find()
                lines = self.read(since)
            except (Throttled, Unreachable) as error:
                lost(error.what)
            else:
                yield from lines
                since = max(since, now - _OVERLAP)
            self._clock.sleep(interval)

    def _find(self) -> None:
        """Where the lines of the services are: of the revision they are on, and of those they were on before."""
        problem = ""
        for name, cluster, service in self._services:
            seen = observe.service(self._cloud, cluster, service)
            for arn in {
                seen.task_definition,
                *(one.task_definition for one in seen.deployments),
            } - self._revisions:
                definition = self._cloud.task_definition(arn)  # and what it holds is masked from now on
                self._revisions.add(arn)
                names = [one["name"] for one in definition.content["containerDefinitions"]]
                unknown = [one for one in self._containers if one not in names]
                if unknown:
                    problem = f"{name} has no container {unknown[0]!r}, only {', '.join(names)}."
                for place in kept(definition):
                    if not self._containers or place.container in self._containers:
                        self._places[place] = name
        self._found_at = self._clock.boottime()
        if not self._places:
            raise Refused(
                problem
                or "The containers do not log to CloudWatch Logs by the awslogs driver with a stream prefix.",
                "Name one of them with --container."
                if problem
                else "Read their logs where they are sent to, or set logConfiguration in the task definition.",
            )

    def _logged(self, place: Kept, since: float) -> Sequence[Logged]:
        try:
            return self._source.logged(place.group, since, prefix=place.prefix)
        except NotFound:
            return ()  # the group comes with the first line


def _task_of(stream: str) -> str:
    found = _TASK.search(stream)
    return found.group() if found else ""
