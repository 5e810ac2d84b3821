"""The tasks of `app` that go back, or go on with what an earlier run left unfinished."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._app_roll import ENV, JSON, NO_PROBE, ON_FAILURE, SERVICE, SUPERSEDE, TIMEOUT, WAIT
from tasks._task import task


@task(
    help={
        "env": ENV,
        "to": "Tag or revision (family:number) to go to. Default: the last proven one that is not in place.",
        "service": SERVICE,
        "timeout": TIMEOUT,
        "no-probe": NO_PROBE,
        "on-failure": ON_FAILURE,
        "wait-for-lock": WAIT,
        "supersede": SUPERSEDE,
        "json": JSON,
    }
)
def rollback(
    c: Context,
    *,
    env: str = "",
    to: str = "",
    service: str = "",
    timeout: str = "",
    no_probe: bool = False,
    on_failure: str = "",
    wait_for_lock: str = "",
    supersede: bool = False,
    json: bool = False,
) -> int:
    """Go back to the last proven revision, by the same rollout and proof; --dry shows the plan.

    Example: inv app.rollback --env staging --to v41
    """
    from ecs_deployment.known import Request

    from tasks import _app

    request = Request(options.environment(env), action="rollback", to=to.strip(), supersede=supersede)
    wishes = _app.wishes(
        service, timeout=timeout, on_failure=on_failure, no_probe=no_probe, wait_for_lock=wait_for_lock
    )
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "timeout": TIMEOUT,
        "no-probe": NO_PROBE,
        "on-failure": ON_FAILURE,
        "wait-for-lock": "Wait this long for a run that may still live, as in 4m. Default: refuse at once.",
        "json": JSON,
    }
)
def resume(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    timeout: str = "",
    no_probe: bool = False,
    on_failure: str = "",
    wait_for_lock: str = "",
    json: bool = False,
) -> int:
    """Finish an interrupted deploy from any machine: prove it, roll it on or see it back, and hand back.

    Example: inv app.resume --env staging --wait-for-lock 4m
    """
    from ecs_deployment.known import Request

    from tasks import _app

    wishes = _app.wishes(
        service, timeout=timeout, on_failure=on_failure, no_probe=no_probe, wait_for_lock=wait_for_lock
    )
    request = Request(options.environment(env), action="resume")
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)


@task(
    help={
        "env": ENV,
        "service": SERVICE,
        "timeout": TIMEOUT,
        "no-probe": NO_PROBE,
        "wait-for-lock": "Wait this long for a run that may still live, as in 4m. Default: refuse at once.",
        "force": "Take over from a run that still lives. Default: refuse.",
        "json": JSON,
    }
)
def abort(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    timeout: str = "",
    no_probe: bool = False,
    wait_for_lock: str = "",
    force: bool = False,
    json: bool = False,
) -> int:
    """Undo an unfinished deploy from any machine: back to the revision before it, proven, and hand back.

    Example: inv app.abort --env staging --service app
    """
    from ecs_deployment.known import Request

    from tasks import _app

    wishes = _app.wishes(service, timeout=timeout, no_probe=no_probe, wait_for_lock=wait_for_lock)
    request = Request(options.environment(env), action="abort", force=force)
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)
