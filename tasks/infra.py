"""What the services run on: their CloudFormation stacks, from one template."""

from __future__ import annotations

from collections.abc import Mapping

from tasks import _given as options
from tasks import _parse
from tasks._ends import FOUND
from tasks._given import Given, Option
from tasks._options import ENV, SERVICE
from tasks._task import task

SET: Option[Mapping[str, str]] = Option(
    "set",
    'Parameters of the template, as in "Cpu=512 Memory=1024". Default: what the stack has.',
    {},
    lambda typed: _parse.assignments("set", typed),
)
JSON = options.switch("json", "One JSON object on stdout, everything else on stderr. Default: text.")
DISCARD = options.switch(
    "discard-live-changes",
    "Give up what the running revision has and the template has not. Default: refuse.",
)
CONFIRM = options.text(
    "confirm",
    "The environment's name once more: what is taken away does not come back. Default: asked for.",
)


@task(ENV, SERVICE, SET, JSON)
def plan(given: Given) -> None:
    """Show what an apply would do to the stacks and to what runs, and what it costs a month; changes nothing.

    Example: inv infra.plan --env staging
    """
    from tasks import _stacks

    _stacks.plan(given[ENV], given[SERVICE], given[SET], as_json=given[JSON])


@task(ENV, SERVICE, SET, DISCARD)
def apply(given: Given) -> None:
    """Make the stacks, or change them to what template and settings say; no deploy is undone by it.

    Example: inv infra.apply --env staging --set "Cpu=512 Memory=1024"
    """
    from tasks import _stacks

    if given.dry:
        _stacks.plan(given[ENV], given[SERVICE], given[SET])
    else:
        _stacks.apply(given[ENV], given[SERVICE], given[SET], discard_live_changes=given[DISCARD])


@task(ENV, SERVICE, CONFIRM)
def destroy(given: Given) -> None:
    """Take the stacks away, and say what stays.

    Example: inv infra.destroy --env staging --confirm staging
    """
    from tasks import _stacks

    _stacks.destroy(given[ENV], given[SERVICE], given[CONFIRM], dry=given.dry)


@task()
def lint(given: Given) -> int:
    """Check the template offline with AWS's own checker.

    Example: inv infra.lint
    """
    from ecs_deployment import report
    from ecs_provisioning import template
    from ecs_provisioning.lint import lint as examine

    del given
    found = examine(template.body())
    report.findings([(f"template.yaml:{one.line} {one.rule}", one.what, one.cure) for one in found])
    return FOUND if found else 0
