"""What a rollout needs of the service for its own duration, and therefore owes: pure, of what was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecs_deployment import model
from ecs_deployment.debts import Debt, of_flags
from ecs_deployment.envelope import DEFAULT_FLOOR, Envelope
from ecs_deployment.fallback import Fallback
from ecs_deployment.known import Known
from ecs_deployment.settings import ServiceSettings


@dataclass(frozen=True)
class Borrowed:
    """`configuration` is the complete one to send, None where nothing of it is changed."""

    configuration: model.Content | None
    debts: tuple[Debt, ...]
    start_first: bool
    story: tuple[str, ...] = ()


AS_IT_IS = Borrowed(None, (), start_first=True)


def borrowed_for(
    known: Known, settings: ServiceSettings, fallback: Fallback, *, leave: bool
) -> tuple[Borrowed, list[str]]:
    """What is changed for the duration of the rollout, and what the user should hear about it."""
    service, scaling = known.snapshot.service, known.snapshot.scaling
    needed = needs(service, fallback, overlap=settings.overlap, leave=leave)
    debts, story = [*needed.debts], [*needed.story]
    # Nothing takes a service below MinCapacity; and where it is below, suspending lifts it to that, on what runs now.
    lifted = scaling is not None and service.desired < scaling.min_capacity
    if scaling and not scaling.suspended.scale_in and not lifted:
        before = of_flags(scaling.suspended)
        debts.append(Debt("suspension", before, {**before, "in": True}))
        story.append("Scale-in is suspended for the rollout and resumed after.")
    return Borrowed(needed.configuration, tuple(debts), needed.start_first), story


def needs(service: model.Service, fallback: Fallback, *, overlap: bool, leave: bool) -> Borrowed:
    """What has to be changed in the deployment configuration that `service` has."""
    live = Envelope.of(service.configuration)
    wanted = max(service.desired, 1)
    changed: dict[str, Any] = {}
    debts: list[Debt] = []
    story: list[str] = []
    ceiling = live.ceiling
    if not live.starts_first(wanted) and overlap and service.desired:
        ceiling = max(200, live.ceiling)
        changed["maximumPercent"] = ceiling
        debts.append(Debt("ceiling", live.ceiling, ceiling))
        story.append(
            f"maximumPercent is raised from {live.ceiling} to {ceiling} for the rollout (overlap = true)."
        )
    start_first = Envelope(100, ceiling).starts_first(wanted)
    if live.floor < DEFAULT_FLOOR and start_first:  # even where it keeps all of now: autoscaling may add more
        changed["minimumHealthyPercent"] = 100
        debts.append(Debt("floor", live.floor, 100))
        story.append(
            f"minimumHealthyPercent is raised from {live.floor} to 100 for the rollout and handed back after; "
            "100 is recommended for good: 100 % of 0 is 0, so it does not hinder scale-to-zero."
        )
    early = service.configuration.get("earlySuccessCriteria") or {}
    if "minimumHealthyPercent" in changed and early.get("enable") and early.get("healthyPercent", 100) < 100:
        changed["earlySuccessCriteria"] = {**early, "healthyPercent": 100}
        debts.append(Debt("early_success", early["healthyPercent"], 100))
    for part, debt in (("deploymentCircuitBreaker", "breaker_rollback"), ("alarms", "alarm_rollback")):
        live_part = service.configuration.get(part) or {}
        if live_part.get("enable") and live_part.get("rollback") and (leave or not fallback.by_ecs):
            changed[part] = {**live_part, "rollback": False}
            debts.append(Debt(debt, True, False))
    if {"deploymentCircuitBreaker", "alarms"} & changed.keys():
        story.append(f"ECS's own rollback is off for the rollout: {_why_off(fallback, leave=leave)}.")
    configuration = {**service.configuration, **changed} if changed else None
    return Borrowed(configuration, tuple(debts), start_first, tuple(story))


def _why_off(fallback: Fallback, *, leave: bool) -> str:
    if leave:
        return "what fails is to be left as it is"
    if fallback.desired == 0:
        return "there is nothing to go back to but 0"
    return "it would lead to a revision that nothing has proven"
