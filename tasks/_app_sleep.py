"""The tasks of `app` that wake a service and put it to sleep, by hand."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._app_roll import ENV, JSON, NO_PROBE, SERVICE, TIMEOUT, WAIT
from tasks._task import task


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "timeout": TIMEOUT,
        "no-probe": NO_PROBE,
        "wait-for-lock": WAIT,
        "json": JSON,
    }
)
def wake(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    timeout: str = "",
    no_probe: bool = False,
    wait_for_lock: str = "",
    json: bool = False,
) -> int:
    """Bring a sleeping service from 0 to 1 and prove it; its scaler puts it to sleep again.

    Example: inv app.wake --env staging
    """
    from ecs_deployment.known import Request

    from tasks import _app

    wishes = _app.wishes(service, timeout=timeout, no_probe=no_probe, wait_for_lock=wait_for_lock)
    request = Request(options.environment(env), action="wake")
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)


@task(help={"env": ENV, "service": SERVICE, "timeout": TIMEOUT, "wait-for-lock": WAIT, "json": JSON})
def sleep(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    timeout: str = "",
    wait_for_lock: str = "",
    json: bool = False,
) -> int:
    """Take a service to desired 0 now, and say what wakes it.

    Example: inv app.sleep --env staging
    """
    from ecs_deployment.known import Request

    from tasks import _app

    wishes = _app.wishes(service, timeout=timeout, no_probe=True, wait_for_lock=wait_for_lock)
    request = Request(options.environment(env), action="sleep")
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)
