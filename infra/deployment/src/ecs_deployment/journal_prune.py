"""Housekeeping: the journal keeps what may be needed, and the oldest of the rest go."""

from __future__ import annotations

from collections.abc import Sequence

from ecs_deployment.cloud import Parameters
from ecs_deployment.errors import CloudError
from ecs_deployment.journal_entry import Entry
from ecs_deployment.journal_history import last_proven, name_of

KEPT = 20
"""The newest entries, which are never pruned."""

_SWEPT = 10  # deletions at once


def prune(parameters: Parameters, path: str, entries: Sequence[Entry]) -> list[Entry]:
    """Delete old ones of these `entries` (newest first), the oldest first; those that went. See `Held.prune`."""
    proven = last_proven(entries)
    old = [entry for entry in entries[KEPT:] if not entry.debts and entry is not proven]
    gone: list[Entry] = []
    for entry in old[: -_SWEPT - 1 : -1]:
        try:
            parameters.delete_parameter(name_of(path, entry.number))
        except CloudError:
            break
        gone.append(entry)
    return gone
