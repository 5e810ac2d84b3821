"""Takes what a rollout needs for its own duration, and gives it back: the debt is in the journal before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecs_deployment import debts, model
from ecs_deployment.cloud import Cloud
from ecs_deployment.debts import Debt
from ecs_deployment.journal import Held

_WORDS = {
    debts.FLOOR: "minimumHealthyPercent",
    debts.CEILING: "maximumPercent",
    debts.BREAKER: "the circuit breaker",
    debts.BREAKER_ROLLBACK: "the circuit breaker's rollback",
    debts.EARLY_SUCCESS: "the early-success percentage",
    debts.SUSPENSION: "scale-in",
}
# Where each of them stands in a deployment configuration.
_PATHS: dict[str, tuple[str, ...]] = {
    debts.FLOOR: ("minimumHealthyPercent",),
    debts.CEILING: ("maximumPercent",),
    debts.BREAKER: ("deploymentCircuitBreaker", "enable"),
    debts.BREAKER_ROLLBACK: ("deploymentCircuitBreaker", "rollback"),
    debts.EARLY_SUCCESS: ("earlySuccessCriteria", "healthyPercent"),
}


@dataclass(frozen=True)
class Settlement:
    """What went back, and what did not and why; both in words."""

    handed_back: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()


def suspend(cloud: Cloud, cluster: str, service: str, owed: tuple[Debt, ...]) -> None:
    """Suspend scale-in where the plan owes it."""
    for debt in owed:
        if debt.what == debts.SUSPENSION and debt.taken is not None:
            cloud.suspend(cluster, service, _flags(debt.taken))


def give_back(cloud: Cloud, held: Held, cluster: str, service: str) -> Settlement:
    """Hand back every debt of the entry, each struck out of the journal once it is settled.

    One UpdateService for all of the configuration; it names no task definition, so it starts no deployment.
    Call it only when nothing rolls any more: a low floor handed back too early would cause the very outage.
    """
    owed = held.entry.debts
    if not owed:
        return Settlement()
    back: list[str] = []
    left: list[str] = []
    changed: dict[str, Any] = {}
    live = cloud.services(cluster, [service])[service].configuration
    for debt in owed:
        if debt.what not in _PATHS:
            continue
        step = debts.settle(debt, _at(live, _PATHS[debt.what]))
        if step == "write_before":
            changed = _with(changed or dict(live), _PATHS[debt.what], debt.before)
        (left if step == "changed_by_other" else back).append(_told(debt, step))
    if changed:
        held.fence()
        cloud.update_service(cluster, service, configuration=changed)
    for debt in owed:
        if debt.what == debts.SUSPENSION:
            step = _resume(cloud, held, cluster, service, debt)
            (left if step == "changed_by_other" else back).append(_told(debt, step))
    held.settled(*(debt.what for debt in owed))
    return Settlement(tuple(back), tuple(left))


def _resume(cloud: Cloud, held: Held, cluster: str, service: str, debt: Debt) -> debts.Step:
    scaling = cloud.scaling(cluster, service)
    step = debts.settle(debt, scaling and _json(scaling.suspended))
    if step == "write_before":
        held.fence()
        cloud.suspend(cluster, service, _flags(debt.before))
    return step


def _told(debt: Debt, step: debts.Step) -> str:
    name = _WORDS.get(debt.what, debt.what)
    if step == "changed_by_other":
        return (
            f"{name} was changed by somebody else since, so it was left alone (it was {debt.before} before)"
        )
    if debt.what == debts.SUSPENSION:
        return "scale-in resumed"
    value = (
        {True: "on", False: "off"}.get(debt.before, debt.before)
        if isinstance(debt.before, bool)
        else debt.before
    )
    return f"{name} is {value} again"


def _at(configuration: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = configuration
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _with(configuration: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    head, *rest = path
    below = _with(configuration.get(head) or {}, tuple(rest), value) if rest else value
    return {**configuration, head: below}


def _flags(value: Mapping[str, bool]) -> model.Suspended:
    return model.Suspended(scale_in=value["in"], scale_out=value["out"], scheduled=value["scheduled"])


def _json(flags: model.Suspended) -> dict[str, bool]:
    return {"in": flags.scale_in, "out": flags.scale_out, "scheduled": flags.scheduled}
