"""Writing a service's events: newest first, a millisecond apart, at most 100."""

from __future__ import annotations

from collections.abc import Sequence

from ecs_local import ids, texts
from ecs_local.scheduler_view import REPEAT_AFTER
from ecs_local.world import Event, Service, World

_KEPT = 100
_GAP = (
    0.001  # "deregistered" and "has begun draining" are recorded 1 ms apart, as are "completed" and "steady"
)


def say(world: World, service: Service, text: str, now: float) -> None:
    """Add an event; one that follows another at the same moment comes a millisecond later."""
    at = max(now, service.events[0].created_at + _GAP) if service.events else now
    service.events.insert(0, Event(ids.event_id(world), at, texts.event(service.name, text)))
    del service.events[_KEPT:]


def say_stopped(world: World, service: Service, tasks: Sequence[str], now: float) -> None:
    """Say that tasks (ids) were stopped: one event for all that are stopped at the same moment."""
    newest = service.events[0] if service.events else None
    if newest is not None and newest.stopped and newest.created_at >= now:
        newest.stopped += tuple(tasks)
        newest.message = texts.event(service.name, texts.stopped(newest.stopped))
        return
    say(world, service, texts.stopped(tasks), now)
    service.events[0].stopped = tuple(tasks)


def say_once(world: World, service: Service, kind: str, text: str, now: float) -> None:
    """Add an event unless the same kind was said within six hours and its cause is not resolved since.

    Whoever resolves the cause takes `kind` out of `service.standing`.
    """
    said = service.standing.get(kind)
    if said is None or now >= said + REPEAT_AFTER:
        service.standing[kind] = now
        say(world, service, text, now)
