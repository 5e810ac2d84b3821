"""What the core says while it works. It never prints: it hands these to a sink, and `report` renders them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Result


@dataclass(frozen=True)
class Said:
    """A line of the story: something happened that the user wants to know."""

    service: str
    text: str
    kind: str = "info"  # info, good, warning, bad


@dataclass(frozen=True)
class Progress:
    """Where a service stands; sent at each look, so the newest replaces the ones before."""

    service: str
    stage: str  # "starting", "rolling", "proving", "rolling back", "handing back"
    elapsed: float
    waiting_for: str  # the named reason, e.g. "1 of 1 new targets to become healthy"
    old_revision: str
    new_revision: str
    old_running: int
    new_running: int
    new_pending: int
    desired: int
    targets: tuple[tuple[str, int], ...]  # (state, count) of the new tasks' targets
    failures: int  # tasks that failed to start
    failures_allowed: int  # the breaker's threshold, 0 where there is none
    traffic: Traffic | None


@dataclass(frozen=True)
class Finished:
    """A service has its verdict."""

    result: Result


Event = Said | Progress | Finished
Sink = Callable[[Event], None]


def silent(_: Event) -> None:
    """A sink for callers that want only the result."""
