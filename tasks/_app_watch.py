"""The tasks of `app` that watch: containers, pages, logs."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._app_roll import ENV, SERVICE
from tasks._task import task

_SHORTEST, _LONGEST = 0.2, 3600.0  # seconds between two looks


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "interval": "Seconds between two looks. Default: local 1, aws 5.",
        "once": "Show it once and end. Default: live on a terminal, once in a pipe.",
        "json": "Print one JSON object on stdout and end. Default: the screen.",
    }
)
def top(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    interval: str = "",
    once: bool = False,
    json: bool = False,
) -> int:
    """Show every container live: CPU, memory, network, health, sleep, last log line.

    Example: inv app.top --env local
    """
    from tasks import _watch

    del c
    return _watch.top(
        options.environment(env),
        options.names("service", service),
        interval=options.number("interval", interval, 0.0, least=_SHORTEST, most=_LONGEST),
        once=once,
        as_json=json,
    )
