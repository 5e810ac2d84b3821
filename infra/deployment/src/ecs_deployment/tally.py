"""Counts what the probe's requests came to. Pure: the time is an argument, and nothing is sent or locked here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecs_deployment.model import Traffic
from ecs_deployment.probe_request import Answer


@dataclass(frozen=True)
class Tally:
    """What was counted so far. Times by one clock, in seconds.

    `since` is the last success, or where counting began; None while the first healthy answer is waited for.
    """

    since: float | None
    requests: int = 0
    failed: int = 0
    failed_in_a_row: int = 0
    longest_gap: float = 0.0
    last: str = ""  # how the newest request ended that does not count


def begin(now: float, *, count_from_first_success: bool) -> Tally:
    """An empty tally."""
    return Tally(since=None if count_from_first_success else now)


def add(tally: Tally, answer: Answer, now: float) -> Tally:
    """The tally with one more request, which ended at `now`."""
    if answer.kind == "unsent" or (tally.since is None and not answer.healthy):
        return replace(tally, last=answer.reason)
    if answer.kind == "answered":
        since = now if tally.since is None else tally.since
        return replace(
            tally,
            since=max(now, since),
            requests=tally.requests + 1,
            failed_in_a_row=0,
            longest_gap=max(tally.longest_gap, now - since),
        )
    return replace(
        tally,
        requests=tally.requests + 1,
        failed=tally.failed + 1,
        failed_in_a_row=tally.failed_in_a_row + 1,
    )


def traffic(tally: Tally, now: float) -> Traffic:
    """The tally as the world sees it at `now`; a gap that still lasts counts up to now."""
    if tally.since is None or not tally.requests:
        waiting = "no healthy answer so far" if tally.since is None else "no request was answered so far"
        why = f"{waiting} ({tally.last})" if tally.last else waiting
        return Traffic(0, 0, 0, 0, measured=False, why_not=why)
    gap = max(tally.longest_gap, now - tally.since)
    return Traffic(tally.requests, tally.failed, tally.failed_in_a_row, round(gap * 1000))
