"""What a new holder does about the one before it: copy what it left, and let it see that it was overtaken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Parameters, Stored
from ecs_deployment.debts import adopt
from ecs_deployment.journal_entry import Entry, decode
from ecs_deployment.journal_history import name_of
from ecs_deployment.journal_lease import FENCE, Held

LOOK_AGAIN = 5.0
"""Seconds between two looks at somebody's entry."""


_TOLD = "this run takes over once it has seen that, or once the last call that it sent must have ended"


class Past(Enum):
    """What let a taker past the newest entry."""

    FINISHED = auto()  # it was closed
    GONE = auto()  # its process on this host has ended
    EXPIRED = auto()  # its lease has run out
    SUPERSEDED = auto()  # it lives, and the user said so


_UNSETTLED = frozenset({"", "interrupted", "undecided", "unexpected"})


def inherit(entry: Entry, before: Entry) -> Entry:
    """`entry` with what the one before left behind: all debts, and the deployments that may still roll.

    For an entry that has no debts of its own yet.
    """
    rolling = before.debts or before.outcome in _UNSETTLED
    return replace(entry, debts=before.debts, deployments=before.deployments if rolling else ())


def with_last_words(entry: Entry, parameters: Parameters, path: str) -> Entry:
    """`entry` with what the one that it overtook wrote after the overtaker had looked.

    For a taker that died before it had read that; such a one has taken nothing itself.
    """
    if not 0 < entry.overtook < entry.number:
        return entry
    stored = parameters.read_parameter(name_of(path, entry.overtook))
    before = decode(entry.overtook, stored.value) if stored else None
    if before is None or not before.readable:
        return entry
    before = with_last_words(before, parameters, path)
    deployments = tuple(dict.fromkeys((*entry.deployments, *before.deployments)))
    return replace(entry, debts=adopt(own=before.debts, inherited=entry.debts), deployments=deployments)


def hand_over(
    held: Held,
    parameters: Parameters,
    before: Entry,
    stored: Stored,
    past: Past,
    *,
    clock: Clock,
    tell: Callable[[Entry, str], None],
) -> None:
    """Return once the holder of `before` changes nothing any more, with what it owes by then in our entry.

    `stored` is its parameter as it was when we decided to create ours. It may have written a debt between
    that and our creation, so it is read again at least once; after our creation its fence lets nothing
    through. A living holder is waited for: until it closes its entry, or a minute, in which the longest
    call that it had sent (20 s) has ended.
    """
    deadline = clock.boottime() + FENCE
    lives = past is Past.SUPERSEDED
    while True:
        now = parameters.read_parameter(stored.name)
        if now and now.version > stored.version:
            stored, fresh = now, decode(before.number, now.value)
            held.saw([fresh])
            # One that is itself still reading what came before it knows less than we do.
            before = (
                fresh if fresh.readable and not fresh.overtook else replace(before, outcome=fresh.outcome)
            )
            lives = past is not Past.GONE and not before.outcome
        if not lives or clock.boottime() >= deadline:
            held.start_from(inherit(held.entry, before))
            return
        left = deadline - clock.boottime()
        tell(before, f"{_TOLD}: at most {left:.0f} s more")
        clock.sleep(LOOK_AGAIN)
