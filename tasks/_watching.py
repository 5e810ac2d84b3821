"""What the tasks that watch services have in common: connect, and how often to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks import _options as options
from tasks._given import Given

if TYPE_CHECKING:
    from ecs_deployment.settings import ServiceSettings
    from ecs_stats.aws import AwsSource
    from ecs_stats.collect import Collector
    from ecs_stats.stats import Stats

    from tasks._connection import Connection

_EVERY_LOCAL, _EVERY_AWS = 1.0, 5.0  # seconds: what the embedded ECS tells each second costs AWS a call


@dataclass(frozen=True)
class Watched:
    """The services that were chosen, and where their figures come from."""

    connection: Connection
    services: tuple[ServiceSettings, ...]
    source: AwsSource
    interval: float  # seconds between two looks

    def collectors(self) -> list[Collector]:
        """One for each service."""
        from ecs_stats.collect import EMBEDDED, ON_AWS, Collector

        found = self.connection
        pace = ON_AWS if found.engine is None else EMBEDDED
        return [Collector(found.cloud, self.source, found.environment, one, pace) for one in self.services]


def look(collectors: list[Collector]) -> list[Stats]:
    """One look at each service."""
    return [one.look() for one in collectors]


def watched(given: Given) -> Watched:
    """Connect to the services that the options name, read only."""
    from ecs_deployment.survey import chosen
    from ecs_stats.aws import AwsSource

    from tasks._connect import look_at

    found = look_at(given[options.ENV])
    return Watched(
        found,
        chosen(found.environment, given[options.SERVICE]),
        AwsSource(found.clients, lambda: found.cloud.calls),
        given[options.INTERVAL] or (_EVERY_AWS if found.engine is None else _EVERY_LOCAL),
    )
