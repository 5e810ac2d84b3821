"""The tasks of `app` that watch: containers, pages, logs."""

from __future__ import annotations

import sys

from tasks import _given as options
from tasks._given import Given
from tasks._options import ENV, INTERVAL, SERVICE
from tasks._task import task

ONCE = options.switch("once", "Show it once and end. Default: live on a terminal, once in a pipe.")
OBJECT = options.switch("json", "Print one JSON object on stdout and end. Default: the screen.")
PORT = options.whole("port", "Port of the page on 127.0.0.1. Default: a free one.", 0, most=65535)
CLOUDWATCH = options.switch(
    "cloudwatch", "Print link (stderr) and body (stdout) of the CloudWatch dashboard. Default: the page."
)
CONTAINER = options.names("container", "Containers by name, as in a,b. Default: all.")
SINCE = options.seconds("since", "How far back, as in 90, 5m or 1h. Default: 10m.", 600.0)
FOLLOW = options.switch("follow", "Go on with what comes, across deployments, until Ctrl-C. Default: end.")
OBJECTS = options.switch("json", "Print one JSON object a line. Default: text.")


@task(ENV, SERVICE, INTERVAL, ONCE, OBJECT)
def top(given: Given) -> int:
    """Show every container live: CPU, memory, network, health, sleep, last log line.

    Example: inv app.top --env local
    """
    from ecs_stats import stats_json, top

    from tasks import _watching

    seen = _watching.watched(given)
    collectors = seen.collectors()
    if given[OBJECT]:
        looks = _watching.look(collectors)
        print(stats_json.document(given[ENV], looks, seen.connection.spent()))
    elif given[ONCE]:
        top.once(_watching.look(collectors))
    else:
        top.live(lambda: _watching.look(collectors), seen.interval)
    return 0


@task(ENV, SERVICE, PORT, INTERVAL, CLOUDWATCH)
def dashboard(given: Given) -> int:
    """Show the same as app.top in the browser, on a page of this machine alone.

    Example: inv app.dashboard --env local
    """
    from tasks import _watching

    seen = _watching.watched(given)
    if given[CLOUDWATCH]:
        from ecs_stats import collect_names

        for link, body in collect_names.dashboards(
            seen.connection.cloud, seen.source, given[ENV], seen.connection.region, seen.services
        ):
            print(link, file=sys.stderr)
            print(body)
        return 0
    from ecs_stats import page

    collectors = seen.collectors()
    page.serve(given[ENV], lambda: _watching.look(collectors), seen.interval, given[PORT], _tell)
    return 0


@task(ENV, SERVICE, CONTAINER, SINCE, FOLLOW, OBJECTS)
def logs(given: Given) -> int:
    """Show the logs of all tasks in one stream, each line with the short id of its task. Times are UTC.

    Example: inv app.logs --env local --follow --since 5m
    """
    from ecs_deployment.clock import RealClock
    from ecs_stats.logs import Logs

    from tasks import _logs, _watching
    from tasks._stdout import lines_follow

    seen = _watching.watched(given)
    found = Logs(seen.connection.cloud, seen.source, seen.services, given[CONTAINER], RealClock())
    lines_follow()
    if given[FOLLOW]:
        _logs.follow(found, given[SINCE], seen.interval, json=given[OBJECTS])
    else:
        _logs.once(found, given[SINCE], json=given[OBJECTS])
    return 0


def _tell(text: str) -> None:
    print(text, flush=True)
