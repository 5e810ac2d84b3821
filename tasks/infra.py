"""What the services run on: their CloudFormation stacks, from one template."""

from __future__ import annotations

from invoke.context import Context

from tasks import _options as options
from tasks._task import task

_ENV = "Environment of infra/environments.toml. Default: $INFRA_ENV."
_SERVICE = "Services by name, as in a,b. Default: all of the environment."
_SET = 'Parameters of the template, as in "Cpu=512 Memory=1024". Default: what the stack has.'
_JSON = "One JSON object on stdout, everything else on stderr. Default: text."
_DISCARD = "Give up what the running revision has and the template has not. Default: refuse."


@task(help={"env": _ENV, "service": _SERVICE, "set": _SET, "json": _JSON})
def plan(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    set: str = "",  # noqa: A002 - the option's name
    json: bool = False,
) -> None:
    """Show what an apply would do to the stacks and to what runs, and what it costs a month; changes nothing.

    Example: inv infra.plan --env staging
    """
    from tasks import _infra

    name, services = options.environment(env), options.names("service", service)
    _infra.plan(name, services, options.assignments("set", set), as_json=json)


@task(help={"env": _ENV, "service": _SERVICE, "set": _SET, "discard-live-changes": _DISCARD})
def apply(
    c: Context,
    *,
    env: str = "",
    service: str = "",
    set: str = "",  # noqa: A002 - the option's name
    discard_live_changes: bool = False,
) -> None:
    """Make the stacks, or change them to what template and settings say; no deploy is undone by it.

    Example: inv infra.apply --env staging --set "Cpu=512 Memory=1024"
    """
    from tasks import _infra

    name, services = options.environment(env), options.names("service", service)
    wishes = options.assignments("set", set)
    if options.dry(c):
        _infra.plan(name, services, wishes)
        return
    _infra.apply(name, services, wishes, discard_live_changes=discard_live_changes)


@task(
    help={
        "env": _ENV,
        "service": _SERVICE,
        "confirm": "The environment's name once more: what is taken away does not come back. Default: asked for.",
    }
)
def destroy(c: Context, *, env: str = "", service: str = "", confirm: str = "") -> None:
    """Take the stacks away, and say what stays.

    Example: inv infra.destroy --env staging --confirm staging
    """
    from tasks import _infra

    name = options.environment(env)
    _infra.destroy(name, options.names("service", service), confirm, dry=options.dry(c))


@task
def lint(c: Context) -> int:
    """Check the template offline with AWS's own checker.

    Example: inv infra.lint
    """
    from tasks import _infra

    return _infra.lint()
