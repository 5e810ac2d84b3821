"""Whether the lock of a service is held, for those who only look."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecs_deployment import journal_owner
from ecs_deployment.cloud import Parameters
from ecs_deployment.journal_entry import Entry, decode
from ecs_deployment.journal_history import name_of, unfinished
from ecs_deployment.journal_lease import LEASE


def is_held(
    parameters: Parameters,
    path: str,
    entries: Sequence[Entry],
    *,
    gone: Callable[[str, int, str], bool] = journal_owner.is_gone,
) -> bool:
    """Whether a living run holds the lock of the journal whose `entries` were read. At most one read."""
    newest = unfinished(entries)
    stored = parameters.read_parameter(name_of(path, newest.number)) if newest else None
    if newest is None or stored is None:
        return False
    now = decode(newest.number, stored.value)
    return not now.outcome and stored.age < LEASE and not gone(now.machine, now.pid, now.born)
