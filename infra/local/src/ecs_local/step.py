"""One look at the world: carry out what is due now, and say when time alone will change something next."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_local import transitions
from ecs_local.alarms_watch import next_look, watch
from ecs_local.scheduler import decide
from ecs_local.scheduler_actions import Action
from ecs_local.scheduler_breaker import accepted_at
from ecs_local.scheduler_outcome import done_at
from ecs_local.scheduler_targets import look_again_at
from ecs_local.scheduler_view import balanced, grace_end, ongoing, primary_of
from ecs_local.transitions_tasks import forget_stopped
from ecs_local.world import Service, Task, World

_ROUNDS = 1000


class Restless(RuntimeError):
    """The scheduler does not come to rest: a fault of this program, never of its user."""

    exit_code = 1


def step(world: World, now: float) -> list[Action]:
    """Decide and apply until nothing is left to do at `now`; returns what was done, in order."""
    world.stepped_at = now
    forget_stopped(world, now)
    watch(world, now)
    done: list[Action] = []
    for _ in range(_ROUNDS):
        actions = decide(world, now)
        if not actions:
            return done
        for action in actions:
            transitions.apply(world, action, now)
        done += actions
    raise Restless(f"The scheduler repeats itself: {done[-1]}. Please report it with the engine's log.")


def next_moment(world: World, now: float) -> float | None:
    """When `step` should be called again if nothing is reported or asked before; None when time changes nothing.

    It may lie before `now`: a moment that came after the last step and was not looked at yet. The six-hourly
    repetition of "has reached a steady state" is not worth waking for.
    """
    seen = min(now, world.stepped_at)
    return min((each for each in _moments(world, now) if each > seen), default=None)


def _moments(world: World, now: float) -> Iterator[float]:
    yield from next_look(world)
    for group in world.target_groups.values():
        for target in group.targets.values():
            if target.state == "draining":
                yield look_again_at(world.profile, group, target, now)
    for task in world.standalone_tasks.values():
        if task.next_at is not None:
            yield task.next_at
    for service in world.services.values():
        if service.status == "INACTIVE":
            continue
        for task in service.live_tasks.values():
            yield from _task_moments(world, service, task)
        for deployment in service.deployments:
            yield deployment.next_start_at
        yield from _rollout_moments(world, service)


def _rollout_moments(world: World, service: Service) -> Iterator[float]:
    primary, wish = primary_of(service), ongoing(service)
    if wish is not None and wish.status == "PENDING":
        yield accepted_at(world, wish.created_at)
    if primary is None:
        return
    yield primary.begins_at
    if primary.settled_at is not None and service.steady_since is None:
        yield done_at(world, service, primary)


def _task_moments(world: World, service: Service, task: Task) -> Iterator[float]:
    if task.next_at is not None:
        yield task.next_at
    if task.registered and task.stop_ordered_at is not None:
        yield task.stop_ordered_at + world.profile.begin_stop
    if task.last_status == "RUNNING" and task.started_at is not None:
        if balanced(service):
            yield task.started_at + world.profile.register
        else:
            yield task.started_at + world.profile.settle
        if service.grace_seconds:
            yield grace_end(world, service, task)
