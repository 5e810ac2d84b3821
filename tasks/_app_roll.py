"""The tasks of `app` that change what runs."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._task import task

ENV = "Environment of infra/environments.toml. Default: $INFRA_ENV."
SERVICE = "Services by name, as in a,b. Default: all of the environment."
WAIT = "Wait this long for another run of the service, as in 5m. Default: refuse at once."
TIMEOUT = "Give up after this long without progress, as in 300, 300s or 5m. Default: 10m."
NO_PROBE = "Send no requests of our own during the rollout. Default: send them where a url is known."
ON_FAILURE = "rollback or leave. Default: rollback."
SUPERSEDE = "Replace a deployment that is under way. Default: refuse."
JSON = "Print one JSON object on stdout, all else on stderr. Default: one screen."


@task(
    help={
        "env": ENV,
        "tag": "Tag to publish the image under. Required.",
        "service": SERVICE,
    }
)
def build(c: Context, *, env: str = "", tag: str = "", service: str = "") -> int:
    """Build the image of each service and publish it under a tag.

    Example: inv app.build --env staging --tag abc
    """
    from ecs_deployment import reference

    from tasks import _app

    name = options.environment(env)
    wanted = reference.check_tag(options.required("tag", tag, "the tag to publish under"))
    return _app.build(name, wanted, options.names("service", service), dry=options.dry(c))


@task(
    help={
        "env": ENV,
        "tag": "Tag of the image to deploy. Required.",
        "service": SERVICE,
        "max-errors": "Lost requests put up with before rolling back. Default: local 0, aws only reports.",
        "timeout": TIMEOUT,
        "no-probe": NO_PROBE,
        "on-failure": ON_FAILURE,
        "wait-for-lock": WAIT,
        "supersede": SUPERSEDE,
        "force": "Deploy a commit that is older than the running one's. Default: refuse it.",
        "json": JSON,
    }
)
def deploy(
    c: Context,
    *,
    env: str = "",
    tag: str = "",
    service: str = "",
    max_errors: str = "",
    timeout: str = "",
    no_probe: bool = False,
    on_failure: str = "",
    wait_for_lock: str = "",
    supersede: bool = False,
    force: bool = False,
    json: bool = False,
) -> int:
    """Deploy a tag without dropping a request, and prove it; --dry shows the plan.

    Example: inv app.deploy --env local --tag demo
    """
    from ecs_deployment import reference
    from ecs_deployment.known import Request

    from tasks import _app

    name = options.environment(env)
    wanted = reference.check_tag(options.required("tag", tag, "the tag of an image"))
    wishes = _app.wishes(
        service,
        timeout=timeout,
        max_errors=max_errors,
        on_failure=on_failure,
        no_probe=no_probe,
        wait_for_lock=wait_for_lock,
    )
    request = Request(name, wanted, supersede=supersede, force=force)
    return _app.roll(request, wishes, dry=options.dry(c), as_json=json)
