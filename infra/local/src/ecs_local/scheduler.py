"""What ECS would do now: (world, now) -> actions. Reads only; `transitions.apply` carries the actions out.

For each service the concerns are asked in turn and the first that has something to do speaks alone, so no
two actions of one list contradict each other. `step.step` asks again until there is nothing left at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ecs_local.scheduler_actions import Action
from ecs_local.scheduler_breaker import judge
from ecs_local.scheduler_outcome import conclude, retire
from ecs_local.scheduler_rollout import roll
from ecs_local.scheduler_targets import drained, hopeless, newly_healthy, newly_sick, registrations
from ecs_local.scheduler_tasks import advance
from ecs_local.scheduler_view import Census, census
from ecs_local.world import Service, Task, World

Concern = Callable[[World, Service, Census, float], list[Action]]
_CONCERNS: tuple[Concern, ...] = (
    newly_healthy,
    newly_sick,
    judge,
    registrations,
    hopeless,
    roll,
    retire,
    conclude,
)


def decide(world: World, now: float) -> list[Action]:
    """Everything that is due at `now`, for all services, tasks and target groups."""
    actions = drained(world, now)
    actions += _lives(world, None, world.standalone_tasks.values(), now)
    for service in world.services.values():
        if service.status != "INACTIVE":
            actions += _decide_service(world, service, now)
    return actions


def _decide_service(world: World, service: Service, now: float) -> list[Action]:
    if actions := _lives(world, service, service.live_tasks.values(), now):
        return actions
    counted = census(world, service, now)
    for concern in _CONCERNS:
        if actions := concern(world, service, counted, now):
            return actions
    return []


def _lives(world: World, service: Service | None, tasks: Iterable[Task], now: float) -> list[Action]:
    return [action for task in tasks if (action := advance(world, service, task, now)) is not None]
