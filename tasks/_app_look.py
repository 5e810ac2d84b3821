"""The tasks of `app` that look."""

from __future__ import annotations

import sys
import time

from tasks import _given as options
from tasks._given import Given
from tasks._options import ENV, JSON, SERVICE, TAG, WAIT
from tasks._task import task

NO_REQUEST = options.switch("no-probe", "Send no request to the service's url. Default: one.")
WAKE = options.switch("wake", "Wake what sleeps, prove it and leave it to its scaler. Default: only look.")
LIMIT = options.whole(
    "limit", "How many runs of each service, newest first. Default: 20.", 20, least=1, most=10_000
)


@task(ENV, TAG, SERVICE, NO_REQUEST, WAKE, WAIT, JSON, outcome=True)
def verify(given: Given) -> int:
    """Check that what should run runs and is well, awake or asleep; changes nothing without --wake.

    Example: inv app.verify --env staging --tag abc
    """
    from ecs_deployment import commands_told, standstill, wake
    from ecs_deployment.clock import RealClock

    from tasks import _rolling, _seen
    from tasks._connect import connect

    if given.dry and given[WAKE]:
        print("With --dry nothing is woken: only looked at.", file=sys.stderr)
    connection, clock = connect(given[ENV]), RealClock()
    until = clock.boottime() + given[WAIT]
    woken = _rolling.woken(given, connection) if given[WAKE] and not given.dry else None
    cloud, environment = connection.cloud, connection.environment
    standstill.wait(
        cloud, environment, given[SERVICE], clock, until, lambda text: print(text, file=sys.stderr)
    )
    seen = wake.verified(
        cloud,
        environment,
        given[SERVICE],
        given[TAG],
        woken,
        send=not given[NO_REQUEST],
    )
    found = [commands_told.verified(one, given[ENV]) for one in seen]
    return _seen.verified(given[ENV], given[TAG], found, connection.spent(), woken, json=given[JSON])


@task(ENV, SERVICE, JSON, default=True)
def status(given: Given) -> int:
    """Show what runs, whether it is awake, what rolls and who deployed last.

    Example: inv app.status --env local
    """
    from ecs_deployment import status

    from tasks import _seen
    from tasks._connect import look_at

    connection = look_at(given[ENV])
    seen = status.each(connection.cloud, connection.environment, given[SERVICE], time.time())
    return _seen.status(given[ENV], seen, connection.spent(), json=given[JSON])


@task(ENV, SERVICE, LIMIT, JSON)
def history(given: Given) -> int:
    """Show what was done to a service: when, by whom, to which revision, how it ended and why.

    Example: inv app.history --env staging --limit 5
    """
    from ecs_deployment import history

    from tasks import _seen
    from tasks._connect import look_at

    connection = look_at(given[ENV])
    seen = history.each(connection.cloud, connection.environment, given[SERVICE], given[LIMIT])
    return _seen.history(given[ENV], seen, connection.spent(), json=given[JSON])
