"""Whether a look at a service is from before the last run gave back what it had borrowed: pure.

AWS's reads may be seconds behind. Whoever plans on such a look takes a borrowed value for the service's own, and
writes it back with the rest of the configuration: then nobody owes it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecs_deployment import debts, model
from ecs_deployment.debts import Debt
from ecs_deployment.journal_entry import Entry
from ecs_deployment.outcome import Outcome

BEHIND = 6.0
"""Seconds that a read of AWS is taken to be behind at most."""


def shows_what_was_given_back(
    seen: model.Snapshot, entries: Iterable[Entry], *, owed: Iterable[Debt] = ()
) -> bool:
    """Whether something still has the value that an earlier run (`entries`, newest first) has replaced.

    What is `owed` now may well have it. It may also be that somebody set that very value since, so wait for another
    look, but not for ever.
    """
    taken = {debt.what for debt in owed}
    return any(debt.what not in taken and _live(debt, seen) == "write_before" for debt in _settled(entries))


def _settled(entries: Iterable[Entry]) -> Iterator[Debt]:
    """What the last run that judged the service gave back, and those after it that only did that."""
    for entry in entries:
        yield from entry.settled
        if entry.deployments or entry.outcome == Outcome.UNCHANGED.value:
            return


def _live(debt: Debt, seen: model.Snapshot) -> debts.Step:
    if debt.what == debts.SUSPENSION:
        return debts.settle(debt, debts.of_flags(seen.scaling.suspended) if seen.scaling else None)
    return debts.settle(debt, debts.in_configuration(debt.what, seen.service.configuration))
