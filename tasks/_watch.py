"""What the tasks that watch a service have in common: connect, and one collector for each service."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
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

    from tasks._connect import look_at

    began = time.monotonic()
    connection = look_at(name)
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


def dashboard(name: str, services: tuple[str, ...], *, port: int, interval: float) -> int:
    """Serve the page until Ctrl-C, which is how it ends well."""
    from ecs_stats.page import Page

    from tasks._connect import look_at

    connection = look_at(name)
    watched = collectors(connection, services)

    def look() -> list[Stats]:
        return [one.look() for one in watched]

    look()  # what cannot be shown at all is refused here, and not in the browser
    with Page(name, look, interval or every(connection), port) as page:
        print(f"{page.url}  shows {name}. Ctrl-C ends it.", flush=True)
        with suppress(KeyboardInterrupt):
            page.serve_forever(poll_interval=0.2)
    return 0


def cloudwatch(name: str, services: tuple[str, ...]) -> int:
    """Print the link and the body of the CloudWatch dashboard of each service; exit 2 where it is over the limits."""
    from ecs_deployment.survey import chosen
    from ecs_stats import widgets
    from ecs_stats.aws import AwsSource
    from ecs_stats.collect_names import names_of

    from tasks._connect import look_at

    connection = look_at(name)
    source = AwsSource(connection.clients, lambda: connection.cloud.calls)
    region = connection.environment.region or connection.clients("ecs").meta.region_name
    for settings in chosen(connection.environment, services):
        names = names_of(connection.cloud, source, name, settings, region)
        body = widgets.dashboard_body(names)
        print(
            widgets.console_link(region, widgets.dashboard_name(names.cluster, names.service)),
            file=sys.stderr,
        )
        print(json.dumps(body, indent=2))
    return 0


def logs(
    name: str,
    services: tuple[str, ...],
    containers: tuple[str, ...],
    *,
    since: float,
    follow: bool,
    as_json: bool,
) -> int:
    """Print what the containers printed; with `follow` until Ctrl-C, which is how that ends well."""
    from ecs_deployment.clock import RealClock
    from ecs_deployment.report_stream import draws, opened
    from ecs_deployment.survey import chosen
    from ecs_deployment.when import span
    from ecs_stats import logs_show
    from ecs_stats.aws import AwsSource
    from ecs_stats.logs import Logs

    from tasks._connect import look_at
    from tasks._stdout import lines_follow

    connection = look_at(name)
    source = AwsSource(connection.clients, lambda: connection.cloud.calls)
    chosen_services = chosen(connection.environment, services)
    found = Logs(connection.cloud, source, chosen_services, containers, RealClock())
    stream = opened(None, default=sys.stdout)
    drawn = draws(stream, None)
    width = shutil.get_terminal_size().columns if stream.isatty() else None
    show = (
        logs_show.as_json
        if as_json
        else logs_show.shown(
            width=width,
            colour=drawn and not os.environ.get("NO_COLOR"),
            service=found.several_services,
            container=found.several_containers,
        )
    )
    lines_follow()
    begin = time.time() - since
    if not follow:
        lines = found.read(begin)
        for line in lines:
            print(show(line))
        if not lines:
            print(f"No lines in the last {span(since)}; --since looks further back.", file=sys.stderr)
        return 0
    with suppress(KeyboardInterrupt):
        for line in found.follow(begin, every(connection), lambda why: print(why, file=sys.stderr)):
            print(show(line), flush=True)
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
