"""Every command whole in whatever is told of a run, a plan or a look: see `commands`."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment.commands import whole
from ecs_deployment.events import Event, Finished, Said, Sink
from ecs_deployment.outcome import Report, Result
from ecs_deployment.plan import Plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.survey import Surveyed
from ecs_deployment.verify import Verified


def sink(inner: Sink, environment: str) -> Sink:
    """A sink in front of another one, for what is said while a run goes on."""

    def hear(event: Event) -> None:
        if isinstance(event, Said):
            event = replace(event, text=whole(event.text, environment, event.service))
        elif isinstance(event, Finished):
            event = replace(event, result=_result(event.result, environment))
        inner(event)

    return hear


def report(found: Report) -> Report:
    """How a run ended."""
    return replace(found, services=tuple(_result(one, found.environment) for one in found.services))


def surveyed(one: Surveyed, environment: str) -> Surveyed:
    """What would be done."""
    name, decision = one.settings.name, one.decision
    if isinstance(decision, Refusal):
        return replace(one, decision=_refusal(decision, environment, name))
    return replace(one, decision=_plan(decision, environment, name))


def verified(one: Verified, environment: str) -> Verified:
    """What `app.verify` found."""
    return replace(
        one,
        findings=tuple(replace(f, text=whole(f.text, environment, one.service)) for f in one.findings),
        story=_lines(one.story, environment, one.service),
    )


def _result(one: Result, environment: str) -> Result:
    return replace(
        one,
        cause=whole(one.cause, environment, one.service),
        advice=whole(one.advice, environment, one.service),
        summary=whole(one.summary, environment, one.service),
        owed=_lines(one.owed, environment, one.service),
        notes=_lines(one.notes, environment, one.service),
    )


def _plan(decision: Plan, environment: str, service: str) -> Plan:
    return replace(
        decision,
        story=_lines(decision.story, environment, service),
        notes=_lines(decision.notes, environment, service),
        instead=_refusal(decision.instead, environment, service) if decision.instead else None,
    )


def _refusal(one: Refusal, environment: str, service: str) -> Refusal:
    return Refusal(whole(one.what, environment, service), whole(one.cure, environment, service))


def _lines(texts: tuple[str, ...], environment: str, service: str) -> tuple[str, ...]:
    return tuple(whole(text, environment, service) for text in texts)
