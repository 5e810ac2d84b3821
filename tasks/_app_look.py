"""The tasks of `app` that look."""

from __future__ import annotations

import sys

from invoke.context import Context

from tasks import _options as options
from tasks._app_roll import ENV, JSON, SERVICE, WAIT
from tasks._task import task


@task(
    help={
        "env": ENV,
        "tag": "Tag that should run. Default: whatever revision the service is on.",
        "service": SERVICE,
        "no-probe": "Send no request to the service's url. Default: one.",
        "wake": "Wake what sleeps, prove it and leave it to its scaler. Default: only look.",
        "wait-for-lock": WAIT,
        "json": JSON,
    }
)
def verify(
    c: Context,
    *,
    env: str = "",
    tag: str = "",
    service: str = "",
    no_probe: bool = False,
    wake: bool = False,
    wait_for_lock: str = "",
    json: bool = False,
) -> int:
    """Check that what should run runs and is well, awake or asleep; changes nothing without --wake.

    Example: inv app.verify --env staging --tag abc
    """
    from ecs_deployment import reference

    from tasks import _app

    name = options.environment(env)
    wanted = reference.check_tag(tag) if tag else ""
    if wake and options.dry(c):
        print("With --dry nothing is woken: only looked at.", file=sys.stderr)
        wake = False
    wishes = _app.wishes(service, no_probe=no_probe, wait_for_lock=wait_for_lock)
    return _app.verify(name, wanted, wishes, wake=wake, as_json=json)


@task(help={"env": ENV, "service": SERVICE, "json": JSON}, default=True)
def status(c: Context, *, env: str = "", service: str = "", json: bool = False) -> int:
    """Show what runs, whether it is awake, what rolls and who deployed last.

    Example: inv app.status --env local
    """
    from tasks import _app

    del c
    return _app.status(options.environment(env), options.names("service", service), as_json=json)


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "limit": "How many runs of each service, newest first. Default: 20.",
        "json": JSON,
    }
)
def history(c: Context, *, env: str = "", service: str = "", limit: str = "", json: bool = False) -> int:
    """Show what was done to a service: when, by whom, to which revision, how it ended and why.

    Example: inv app.history --env staging --limit 5
    """
    from tasks import _app

    del c
    most = options.whole_number("limit", limit, 20, least=1, most=10_000)
    return _app.history(options.environment(env), options.names("service", service), most, as_json=json)
