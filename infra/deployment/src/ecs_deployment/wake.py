"""`app.verify --wake`: what sleeps cannot be judged by looking, so it is woken, proven and left to its scaler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ecs_deployment import observe, verify
from ecs_deployment.cloud import Cloud
from ecs_deployment.deploy import deploy
from ecs_deployment.known import Request
from ecs_deployment.outcome import Outcome, Report, Result, worst
from ecs_deployment.settings import Environment
from ecs_deployment.survey import Setting, Wishes, check_account, chosen
from ecs_deployment.verdict import Finding
from ecs_deployment.verify import Verified

FOUND_SOMETHING = 3


def sleepers(setting: Setting, wishes: Wishes) -> Report:
    """Wake those of the chosen services that are at 0, all at once. A report without services: none is."""
    check_account(setting.cloud, setting.environment)
    names = tuple(
        one.name
        for one in chosen(setting.environment, wishes.services)
        if not observe.service(setting.cloud, *observe.named(one)).desired
    )
    if not names:
        return Report(setting.environment.name, "", 0.0, setting.cloud.calls, action="wake")
    request = Request(setting.environment.name, action="wake")
    return deploy(setting, request, replace(wishes, services=names))


def told(found: Verified, woken: Sequence[Result]) -> Verified:
    """What was found about a service, with how its waking went."""
    result = next((one for one in woken if one.service == found.service), None)
    if result is None:
        return found
    if result.outcome is Outcome.DEPLOYED:
        then = "left to its scaler" if result.sleeps_again else "it stays awake"
        line = f"it was asleep: woken and proven in {result.seconds:.1f} s, and {then}"
        return replace(found, story=(*found.story, line))
    if result.outcome is Outcome.UNCHANGED:
        return replace(found, story=(*found.story, "it was asleep, and somebody else woke it meanwhile"))
    why = result.cause or result.summary or "see above"
    finding = Finding("wake", f"waking it ended {result.outcome.value}: {why}")
    return replace(found, findings=(*found.findings, finding))


def verified(
    cloud: Cloud,
    environment: Environment,
    services: Sequence[str],
    tag: str,
    woken: Report | None = None,
    *,
    send: bool,
) -> list[Verified]:
    """Judge each of those services, all where none is named; after they were `woken`, with how that went."""
    check_account(cloud, environment)
    return [
        told(
            verify.look(cloud, settings, environment.journal, tag, send=send),
            woken.services if woken else (),
        )
        for settings in chosen(environment, services)
    ]


def exit_code(seen: Sequence[Verified], woken: Report | None = None) -> int:
    """3 where something was found, or worse where waking went worse."""
    found = FOUND_SOMETHING if any(one.findings for one in seen) else 0
    return worst([found, woken.exit_code if woken else 0])
