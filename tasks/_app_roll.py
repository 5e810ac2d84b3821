"""The tasks of `app` that change what runs."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._task import task

ENV = "Environment of infra/environments.toml. Default: $INFRA_ENV."
SERVICE = "Services by name, as in a,b. Default: all of the environment."
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

    Example: inv app.build --env local --tag mine
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
        "timeout": "Give up after this long without progress, as in 300, 300s or 5m. Default: 10m.",
        "no-probe": "Send no requests of our own during the rollout. Default: send them where a url is known.",
        "on-failure": "rollback or leave. Default: rollback.",
        "wait-for-lock": "Wait this long for another deploy of the service, as in 5m. Default: refuse at once.",
        "supersede": "Replace a deployment that is under way. Default: refuse.",
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
    json: bool = False,
) -> int:
    """Deploy a tag without dropping a request, and prove it; --dry shows the plan.

    Example: inv app.deploy --env local --tag demo
    """
    from ecs_deployment import reference
    from ecs_deployment.known import Request
    from ecs_deployment.rollout_state import Limits
    from ecs_deployment.survey import Wishes

    from tasks import _app

    name = options.environment(env)
    wanted = reference.check_tag(options.required("tag", tag, "the tag of an image"))
    wishes = Wishes(
        services=options.names("service", service),
        limits=Limits(
            no_progress=options.seconds("timeout", timeout, 600.0),
            max_errors=options.whole_number("max-errors", max_errors, -1) if max_errors else None,
            roll_back=options.choice("on-failure", on_failure, ("rollback", "leave"), "rollback")
            == "rollback",
        ),
        probe=not no_probe,
        wait_for_lock=options.seconds("wait-for-lock", wait_for_lock, 0.0),
    )
    request = Request(name, wanted, supersede=supersede)
    if options.dry(c):
        return _app.preview(request, wishes, as_json=json)
    return _app.deploy(request, wishes, as_json=json)
