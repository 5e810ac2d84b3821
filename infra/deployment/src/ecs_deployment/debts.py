"""What a deploy borrowed from the service, and how it goes back: pure functions over triples.

A debt is written to the journal before the thing is taken. So whoever reads it cannot know whether it was
taken, and compares with what is live. `what` is one of

    floor             minimumHealthyPercent, a number
    ceiling           maximumPercent, a number; only with `overlap = true`
    breaker           deploymentCircuitBreaker.enable, a bool
    breaker_rollback  deploymentCircuitBreaker.rollback, a bool
    alarm_rollback    alarms.rollback, a bool
    early_success     the healthy percentage that ends a deployment early, a number
    suspension        {"in": bool, "out": bool, "scheduled": bool} of the scalable target, or null
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ecs_deployment import model

FLOOR = "floor"
CEILING = "ceiling"
BREAKER = "breaker"
BREAKER_ROLLBACK = "breaker_rollback"
ALARM_ROLLBACK = "alarm_rollback"
EARLY_SUCCESS = "early_success"
SUSPENSION = "suspension"

PATHS: dict[str, tuple[str, ...]] = {
    FLOOR: ("minimumHealthyPercent",),
    CEILING: ("maximumPercent",),
    BREAKER: ("deploymentCircuitBreaker", "enable"),
    BREAKER_ROLLBACK: ("deploymentCircuitBreaker", "rollback"),
    ALARM_ROLLBACK: ("alarms", "rollback"),
    EARLY_SUCCESS: ("earlySuccessCriteria", "healthyPercent"),
}
"""Where each of them stands in a deployment configuration."""

Step = Literal["write_before", "done", "changed_by_other"]


@dataclass(frozen=True)
class Debt:
    """`before` was live when we came, `taken` is what we put there. All are JSON values.

    `earlier`: what was taken before `taken` replaced it, and is still live where a run died between writing
    the debt and taking it.
    """

    what: str
    before: Any
    taken: Any
    earlier: tuple[Any, ...] = ()


def settle(debt: Debt, live: Any) -> Step:
    """Say what giving `debt` back takes, given what is live now.

    "write_before": it is as we left it. "done": it is as we found it. "changed_by_other": somebody set a
    third value since; leave it and report.
    """
    if _same(live, debt.before):
        return "done"
    ours = any(_same(live, value) for value in (debt.taken, *debt.earlier))
    return "write_before" if ours else "changed_by_other"


def in_configuration(what: str, configuration: model.Content) -> Any:
    """The live value of `what` in a deployment configuration; None where it holds none."""
    value: Any = configuration
    for name in PATHS[what]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def of_flags(flags: model.Suspended) -> dict[str, bool]:
    """The live value of a suspension."""
    return {"in": flags.scale_in, "out": flags.scale_out, "scheduled": flags.scheduled}


def adopt(own: tuple[Debt, ...], inherited: tuple[Debt, ...]) -> tuple[Debt, ...]:
    """Join our debts with those of an unfinished run; each `what` stands once, inherited ones first.

    Where both have one, the inherited `before` stands and our `taken` replaces: what we found was that
    run's leftover, never what the service had.
    """
    joined = {debt.what: debt for debt in inherited}
    for debt in own:
        older = joined.get(debt.what)
        joined[debt.what] = _replaced(older, debt) if older else debt
    return tuple(joined.values())


def _replaced(older: Debt, newer: Debt) -> Debt:
    earlier: list[Any] = []
    for value in (older.taken, *older.earlier, *newer.earlier):
        if not any(_same(value, known) for known in (newer.taken, older.before, *earlier)):
            earlier.append(value)
    return replace(newer, before=older.before, earlier=tuple(earlier))


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
