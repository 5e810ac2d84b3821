"""Takes what a rollout needs for its own duration, and gives it back: the debt is in the journal before it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from ecs_deployment import debts, model
from ecs_deployment.cloud import Cloud
from ecs_deployment.debts import Debt
from ecs_deployment.errors import Denied, NotFound
from ecs_deployment.journal import Entry
from ecs_deployment.journal_say import command
from ecs_deployment.observe import is_older
from ecs_deployment.outdated import shows_what_was_given_back
from ecs_deployment.patience import Hands, patiently

_WORDS = {
    debts.FLOOR: "minimumHealthyPercent",
    debts.CEILING: "maximumPercent",
    debts.BREAKER: "the circuit breaker",
    debts.BREAKER_ROLLBACK: "the circuit breaker's rollback",
    debts.ALARM_ROLLBACK: "the alarms' rollback",
    debts.EARLY_SUCCESS: "the early-success percentage",
    debts.SUSPENSION: "scale-in",
}
_SECOND_LOOK = 2.0  # seconds: AWS's reads may be that far behind
_LOOKS = 4


@dataclass(frozen=True)
class Settlement:
    """What went back, and what did not and why; both in words."""

    handed_back: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()

    def __add__(self, other: Settlement) -> Settlement:
        return Settlement(self.handed_back + other.handed_back, self.owed + other.owed)


def names(owed: tuple[Debt, ...]) -> str:
    """The debts in words: minimumHealthyPercent, scale-in."""
    return ", ".join(_WORDS.get(debt.what, debt.what) for debt in owed)


def still_owed(entry: Entry, *, lost: bool = False, holds_out: bool = False) -> tuple[str, ...]:
    """What a report says of debts that stay in the journal, and who hands them back.

    `lost`: somebody has the lock. `holds_out`: only they keep the earlier tasks, as long as a failed rollout stands.
    """
    if not entry.debts:
        return ()
    if holds_out and not lost:
        why = "only they keep the earlier tasks while the failed rollout stands"
        again = f"`{command(entry, 'rollback')}` or the next deploy hands it back"
        return (f"{names(entry.debts)}: in the journal; {why}; {again}",)
    who = "the run that took over" if lost else f"`{command(entry, 'resume')}`"
    return (f"{names(entry.debts)}: in the journal; {who} hands it back",)


def by_hand(owed: tuple[Debt, ...], *, holds_out: bool = False) -> tuple[str, ...]:
    """What a report says of debts that no journal keeps: their values are told here, or nowhere."""
    when = "a deploy has succeeded" if holds_out else "nothing rolls"
    again = ", ".join(map(_undone, owed))
    return (f"by hand once {when}, since no journal keeps it: {again}",) if owed else ()


def left_owed(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """What a run that was refused says of the debts it found (newest entry first): their own run may still live."""
    if not entries or not entries[0].debts:
        return ()
    if entries[0].outcome:
        return still_owed(entries[0])
    again = command(entries[0], "resume")
    return (
        f"{names(entries[0].debts)}: in the journal; its run hands it back, or `{again}` where that is dead",
    )


def suspend(cloud: Cloud, cluster: str, service: str, owed: tuple[Debt, ...]) -> None:
    """Suspend scale-in where the plan owes it."""
    for debt in owed:
        if debt.what == debts.SUSPENSION and debt.taken is not None:
            cloud.suspend(cluster, service, _flags(debt.taken))


def give_back_configuration(
    hands: Hands, cluster: str, service: str, *, than: model.Service | None = None
) -> Settlement:
    """Hand back every debt of the deployment configuration, struck out of the journal once it is settled.

    One UpdateService for all of them; it names no task definition, so it starts no deployment. Call it only
    when nothing rolls any more: a low floor handed back too early would cause the very outage. What is not owed
    is written back as it was read, so a look from before `than`, an earlier one, will not do.
    """
    owed = tuple(debt for debt in hands.held.entry.debts if debt.what in debts.PATHS)
    if not owed:
        return Settlement()
    live = _configuration(hands, cluster, service, than)
    if any(_step(debt, live) == "changed_by_other" for debt in owed):
        hands.interrupts.wait(_SECOND_LOOK)  # a read from before our own change looks like somebody else's
        live = _configuration(hands, cluster, service, than)
    told = [(debt, _step(debt, live)) for debt in owed]
    told = [(debt, "changed_by_other" if _is_barred(debt, live, told) else step) for debt, step in told]
    ours = [debt for debt, step in told if step != "changed_by_other"]
    # "done" is written all the same: a read that lags behind shows what was before us, and writing it twice is free.
    if ours:
        changed: dict[str, Any] = dict(live)
        for debt in ours:
            changed = _with(changed, debts.PATHS[debt.what], debt.before)
        try:
            patiently(hands, lambda: hands.cloud.update_service(cluster, service, configuration=changed))
        except Denied:  # who may not write has not taken anything either
            if any(step != "done" for _, step in told):
                raise
    hands.held.settled(*(debt.what for debt in owed))
    return _settlement(told)


def resume(hands: Hands, cluster: str, service: str) -> Settlement:
    """Hand back the suspension of scale-in, if it is owed: the last thing before the journal is closed."""
    owed = tuple(debt for debt in hands.held.entry.debts if debt.what == debts.SUSPENSION)
    told: list[tuple[Debt, debts.Step]] = []
    for debt in owed:
        step = debts.settle(debt, _live_flags(hands.cloud, cluster, service))
        if step == "changed_by_other":
            hands.interrupts.wait(_SECOND_LOOK)
            step = debts.settle(debt, _live_flags(hands.cloud, cluster, service))
        if step != "changed_by_other" and debt.before is not None:
            try:
                patiently(hands, partial(hands.cloud.suspend, cluster, service, _flags(debt.before)))
            except Denied:
                if step != "done":
                    raise
        told.append((debt, step))
    hands.held.settled(*(debt.what for debt in owed), at_once=False)
    return _settlement(told)


def _configuration(hands: Hands, cluster: str, service: str, than: model.Service | None) -> model.Content:
    looks = count(1)
    while True:
        found = hands.cloud.services(cluster, [service]).get(service)
        if found is None:
            raise NotFound(f"AWS does not show service {service!r} any more.", "See whether it was deleted.")
        held = hands.held
        given_back = shows_what_was_given_back(model.Snapshot(found), held.others, owed=held.entry.debts)
        if next(looks) == _LOOKS or not (given_back or is_older(found, than)):
            return found.configuration
        hands.interrupts.wait(_SECOND_LOOK)


def _live_flags(cloud: Cloud, cluster: str, service: str) -> dict[str, bool] | None:
    scaling = cloud.scaling(cluster, service)
    return debts.of_flags(scaling.suspended) if scaling else None


def _is_barred(debt: Debt, live: model.Content, told: list[tuple[Debt, debts.Step]]) -> bool:
    """Whether ECS would refuse the early-success percentage that was: somebody has set a floor above it since."""
    foreign = any(other.what == debts.FLOOR and step == "changed_by_other" for other, step in told)
    floor = debts.in_configuration(debts.FLOOR, live)
    return debt.what == debts.EARLY_SUCCESS and foreign and bool(debt.before < floor)


def _step(debt: Debt, live: model.Content) -> debts.Step:
    return debts.settle(debt, debts.in_configuration(debt.what, live))


def _settlement(told: list[tuple[Debt, debts.Step]]) -> Settlement:
    return Settlement(
        tuple(_told(debt) for debt, step in told if step != "changed_by_other"),
        tuple(_left(debt) for debt, step in told if step == "changed_by_other"),
    )


def _told(debt: Debt) -> str:
    if debt.what == debts.SUSPENSION:
        return "scale-in resumed"
    return f"{_WORDS.get(debt.what, debt.what)} is {_word(debt.before)} again"


def _left(debt: Debt) -> str:
    name = _WORDS.get(debt.what, debt.what)
    return f"{name} was changed by somebody else since, so it was left alone (before: {_word(debt.before)})"


def _undone(debt: Debt) -> str:
    if debt.what == debts.SUSPENSION:
        return "resume scale-in"
    name = _WORDS.get(debt.what, debt.what)
    return (
        f"switch {name} {_word(debt.before)}"
        if isinstance(debt.before, bool)
        else f"set {name} to {debt.before}"
    )


def _word(value: Any) -> Any:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _with(configuration: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    head, *rest = path
    below = _with(configuration.get(head) or {}, tuple(rest), value) if rest else value
    return {**configuration, head: below}


def _flags(value: Mapping[str, bool]) -> model.Suspended:
    return model.Suspended(scale_in=value["in"], scale_out=value["out"], scheduled=value["scheduled"])
