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


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "port": "Port of the page on 127.0.0.1. Default: a free one.",
        "interval": "Seconds between two looks. Default: local 1, aws 5.",
        "cloudwatch": "Print link (stderr) and body (stdout) of the CloudWatch dashboard. Default: the page.",
    }
)
def dashboard(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    port: str = "",
    interval: str = "",
    cloudwatch: bool = False,
) -> int:
    """Show the same as app.top in the browser, on a page of this machine alone.

    Example: inv app.dashboard --env local
    """
    from tasks import _watch

    del c
    name, services = options.environment(env), options.names("service", service)
    if cloudwatch:
        return _watch.cloudwatch(name, services)
    return _watch.dashboard(
        name,
        services,
        port=options.whole_number("port", port, 0, most=65535),
        interval=options.number("interval", interval, 0.0, least=_SHORTEST, most=_LONGEST),
    )


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "container": "Containers by name, as in a,b. Default: all.",
        "since": "How far back, as in 90, 5m or 1h. Default: 10m.",
        "follow": "Go on with what comes, across deployments, until Ctrl-C. Default: end.",
        "json": "Print one JSON object a line. Default: text.",
    }
)
def logs(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    container: str = "",
    since: str = "",
    follow: bool = False,
    json: bool = False,
) -> int:
    """Show the logs of all tasks in one stream, each line with the short id of its task. Times are UTC.

    Example: inv app.logs --env local --follow --since 5m
    """
    from tasks import _watch

    del c
    return _watch.logs(
        options.environment(env),
        options.names("service", service),
        options.names("container", container),
        since=options.seconds("since", since, 600.0),
        follow=follow,
        as_json=json,
    )
