"""`app.logs` as it is printed: once, or until somebody has seen enough."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecs_stats.logs import Logs
    from ecs_stats.logs_show import Show


def once(found: Logs, since: float, *, json: bool) -> None:
    """The lines of the last `since` seconds; where there are none, stderr says so."""
    from ecs_deployment.when import span

    show = _show(found, json=json)
    lines = found.read(time.time() - since)
    for line in lines:
        print(show(line))
    if not lines:
        print(f"No lines in the last {span(since)}; --since looks further back.", file=sys.stderr)


def follow(found: Logs, since: float, interval: float, *, json: bool) -> None:
    """The same, and what comes, until Ctrl-C, which is how it ends well."""
    show = _show(found, json=json)
    with suppress(KeyboardInterrupt):
        for line in found.follow(time.time() - since, interval, lambda why: print(why, file=sys.stderr)):
            print(show(line), flush=True)


def _show(found: Logs, *, json: bool) -> Show:
    from ecs_deployment.report_stream import draws, opened
    from ecs_stats import logs_show

    if json:
        return logs_show.as_json
    stream = opened(None, default=sys.stdout)
    return logs_show.shown(
        width=shutil.get_terminal_size().columns if stream.isatty() else None,
        colour=draws(stream, None) and not os.environ.get("NO_COLOR"),
        service=found.several_services,
        container=found.several_containers,
    )
