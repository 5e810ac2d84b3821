"""Sends a change to AWS: behind the journal's fence each time, and never twice where once took effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import DeployError, Throttled, Unreachable
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.journal import Held

T = TypeVar("T")

_TRIES = 6
_FIRST_PAUSE = 0.5
_SECOND_LOOK = 3.0  # seconds


@dataclass(frozen=True)
class Hands:
    """What acting needs: the port, the lock it holds, and a wait that a signal ends.

    `meanwhile` is called before each such wait: what others need must not wait for AWS to take this one's change.
    """

    cloud: Cloud
    held: Held
    interrupts: Interrupts
    meanwhile: Callable[[], None] = lambda: None


def patiently(hands: Hands, send: Callable[[], T], took_effect: Callable[[], T | None] | None = None) -> T:
    """Send a change; repeat it after a refusal for load, and after a lost answer only if it had no effect.

    Without `took_effect` the change may be sent twice without harm. With it, an error that is raised has
    `effect_unknown` as long as nobody could say that the change did not take effect.
    """
    pause, unknown = _FIRST_PAUSE, False
    for left in reversed(range(_TRIES)):
        try:
            if unknown and took_effect and (found := _look_twice(hands, took_effect)) is not None:
                return found
            hands.held.fence()
            return send()
        except (Throttled, Unreachable) as error:
            unknown = unknown or error.effect_unknown
            if not left or hands.interrupts.count > 1:
                if unknown and took_effect and (found := _last_look(took_effect)) is not None:
                    return found
                error.effect_unknown = unknown and took_effect is not None
                raise
        except DeployError as error:
            if unknown and took_effect:
                error.effect_unknown = True
            raise
        hands.meanwhile()
        hands.interrupts.wait(pause)
        pause *= 2
    raise AssertionError  # the last try returns or raises


def _look_twice(hands: Hands, took_effect: Callable[[], T | None]) -> T | None:
    """Whether the change took effect; AWS's reads may lag behind it, and a second rollout is worse than a wait."""
    found = took_effect()
    if found is None:
        hands.interrupts.wait(_SECOND_LOOK)
        found = took_effect()
    return found


def _last_look(took_effect: Callable[[], T | None]) -> T | None:
    try:
        return took_effect()
    except DeployError:
        return None
