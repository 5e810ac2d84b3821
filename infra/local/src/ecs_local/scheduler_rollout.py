"""Which tasks to start and to stop: the rolling update between floor and ceiling, replacements, scaling.

The newest deployment (PRIMARY) grows to the desired count as far as the ceiling has room. The others together
keep only what the floor still needs beside the PRIMARY's healthy tasks. So with a floor of 0 the old task goes in
the same tick in which the new one is started: that is the worst case ECS is allowed, and reported, to do.
A failed task is replaced by one of its own deployment (AWS, November 2025).
"""

from __future__ import annotations

from dataclasses import dataclass

from ecs_local.scheduler_actions import Action, AnnounceStuck, Resize, StartTasks, StopTasks, StopUnhealthy
from ecs_local.scheduler_view import REPEAT_AFTER, Census, primary_of
from ecs_local.world import Content, Deployment, Service, Task, World


@dataclass(frozen=True)
class Envelope:
    """How many healthy tasks must stay, and how many may exist, during a rollout."""

    floor: int
    ceiling: int


def envelope(desired: int, configuration: Content) -> Envelope:
    """minimumHealthyPercent rounded up, maximumPercent rounded down (botocore, DeploymentConfiguration)."""
    low = configuration.get("minimumHealthyPercent", 100)
    high = configuration.get("maximumPercent", 200)
    return Envelope(-(-desired * low // 100), desired * high // 100)


def roll(world: World, service: Service, census: Census, now: float) -> list[Action]:
    """Starts first, then stops, then the deployments' shares of the desired count."""
    primary = primary_of(service)
    if primary is None:
        return []
    limits = envelope(service.desired_count, service.configuration)
    room = max(0, limits.ceiling - census.alive)
    batch = world.profile.batch
    new = _plan_primary(service, primary, census, min(room, batch), now)
    old = _plan_others(service, primary, census, limits.floor, min(room - new.starts, batch), now)
    stops = [*new.stops, *old.stops]
    key = (service.cluster, service.name)
    actions: list[Action] = [
        StartTasks(key, plan.starter.id, plan.starts, plan.replaced)
        for plan in (new, old)
        if plan.starter is not None and plan.starts
    ]
    sick = [task for task in stops if task.arn in census.sick]
    orderly = tuple(task.arn for task in stops if task.arn not in census.sick)
    actions += [StopUnhealthy(key, task.arn, census.sick[task.arn].group) for task in sick]
    if orderly:
        actions.append(StopTasks(key, orderly))
    actions += [
        Resize(key, each.id, size) for each, size in (*new.sizes, *old.sizes) if each.desired_count != size
    ]
    if not actions and new.lacking and not room and _is_stuck(service, primary, census, now):
        return [AnnounceStuck(key)]
    return actions


@dataclass(frozen=True)
class _Plan:
    """What one side of a rollout does: `lacking` is how many tasks it would start, `starts` how many it may."""

    lacking: int
    starts: int
    stops: list[Task]
    sizes: list[tuple[Deployment, int]]
    starter: Deployment | None = None
    replaced: int = 0


def _worst_first(tasks: list[Task], census: Census) -> list[Task]:
    def grade(task: Task) -> tuple[int, float]:
        if task.arn in census.sick:
            return 0, -task.created_at
        if task.arn in census.healthy:
            return 3, -task.created_at
        return (2 if task.last_status == "RUNNING" else 1), -task.created_at

    return sorted(tasks, key=grade)


def _compare(tasks: list[Task], target: int, census: Census) -> tuple[int, list[Task]]:
    """(how many tasks are lacking, which are too many) against `target`.

    A sick task is lacking already, but stays until a replacement is healthy (botocore, maximumPercent: the
    replacement is started first).
    """
    sick = sum(task.arn in census.sick for task in tasks)
    healthy = sum(task.arn in census.healthy for task in tasks)
    lacking = max(0, target - (len(tasks) - sick))
    surplus = len(tasks) - target - min(sick, max(0, target - healthy))
    return lacking, _worst_first(tasks, census)[:surplus] if surplus > 0 else []


def _plan_primary(service: Service, primary: Deployment, census: Census, room: int, now: float) -> _Plan:
    tasks = census.wanted.get(primary.id, [])
    desired = service.desired_count
    launches = now >= primary.begins_at and primary.rollout_state != "FAILED"
    lacking, stops = _compare(tasks, desired if launches else min(desired, len(tasks)), census)
    if not launches:
        lacking = 0
    starts = min(lacking, room) if now >= primary.next_start_at else 0
    sick = [task for task in tasks if task.arn in census.sick]
    if lacking and not room and not stops and not census.leaving and sick:
        stops = _worst_first(sick, census)[:1]  # no room for the replacement: one by one
    placed = min(desired, len(tasks) - len(sick) + starts)
    if primary.rollout_state == "COMPLETED":
        placed = desired
    size = min(desired, max(primary.desired_count, placed))
    return _Plan(lacking, starts, stops, [(primary, size)], primary, min(starts, len(sick)))


def _plan_others(
    service: Service, primary: Deployment, census: Census, floor: int, room: int, now: float
) -> _Plan:
    others = [each for each in service.deployments if each is not primary]
    if not others:
        return _Plan(0, 0, [], [])
    healthy = sum(task.arn in census.healthy for task in census.wanted.get(primary.id, ()))
    size = max(0, floor - min(healthy, service.desired_count))
    if now < primary.begins_at:
        size = max(size, sum(each.desired_count for each in others))
    tasks = [task for each in others for task in census.wanted.get(each.id, ())]
    lacking, stops = _compare(tasks, size, census)
    stopped = {task.arn for task in stops}
    # What is lacking goes to the newest deployment that has proved able to run.
    spare = max(0, size - (len(tasks) - len(stops)))
    sizes, starter, starts, replaced = [], None, 0, 0
    for each in others:
        mine = census.wanted.get(each.id, [])
        kept = sum(task.arn not in stopped for task in mine)
        able = each.rollout_state != "FAILED" and (each.had_healthy or each.completed_once)
        extra = min(spare, max(0, each.desired_count - kept)) if able else 0
        spare -= extra
        sick = sum(task.arn in census.sick and task.arn not in stopped for task in mine)
        sizes.append((each, min(max(each.desired_count, kept - sick), kept + extra)))
        if able and starter is None and extra + sick and now >= each.next_start_at:
            starter, starts = each, min(lacking, extra + sick, room)
            replaced = min(starts, sick)
    return _Plan(lacking, starts, stops, sizes, starter, replaced)


def _is_stuck(service: Service, primary: Deployment, census: Census, now: float) -> bool:
    """Nothing that is under way can free a place, and it was not said lately."""
    if census.leaving or any(task.arn not in census.healthy for task in census.wanted.get(primary.id, ())):
        return False
    said = service.standing.get("stuck")
    return said is None or now >= said + REPEAT_AFTER
