"""What the tasks that watch a service have in common: connect, and one collector for each service."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecs_stats.collect import Collector
    from ecs_stats.stats import Stats

    from tasks._connect import Connection

_EVERY_LOCAL, _EVERY_AWS = 1.0, 5.0  # seconds between two looks


def collectors(connection: Connection, services: tuple[str, ...]) -> list[Collector]:
    """One for each service of the environment, or of those named."""
    from ecs_deployment.survey import chosen
    from ecs_stats.aws import AwsSource
    from ecs_stats.collect import EMBEDDED, ON_AWS, Collector

    source = AwsSource(connection.clients, lambda: connection.cloud.calls)
    pace = EMBEDDED if connection.engine is not None else ON_AWS
    environment = connection.environment
    return [
        Collector(connection.cloud, source, environment, settings, pace, time.time)
        for settings in chosen(environment, services)
    ]


def top(name: str, services: tuple[str, ...], *, interval: float, once: bool, as_json: bool) -> int:
    """Watch the containers until somebody has seen enough; `interval` 0: as the environment suggests."""
    from ecs_stats import top

    from tasks._connect import connect

    began = time.monotonic()
    connection = connect(name)
    watched = collectors(connection, services)

    def look() -> list[Stats]:
        return [one.look() for one in watched]

    if as_json:
        print(seen_json(name, look(), connection, began))
    elif once:
        top.once(look())
    else:
        top.live(look, interval or every(connection))
    return 0


def every(connection: Connection) -> float:
    """Seconds between two looks: what the embedded ECS tells each second costs AWS a call."""
    return _EVERY_LOCAL if connection.engine is not None else _EVERY_AWS


def seen_json(name: str, looks: Sequence[Stats], connection: Connection, began: float) -> str:
    """One object, headed as that of every other task."""
    from ecs_deployment.describe import head
    from ecs_stats.stats import as_data

    spent = connection.cloud.calls, time.monotonic() - began
    return json.dumps(
        {**head(name, "", "seen", 0, spent), "services": [as_data(one) for one in looks]}, indent=2
    )
