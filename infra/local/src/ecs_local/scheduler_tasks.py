"""The life of one task, as far as only time or the end of its draining moves it."""

from __future__ import annotations

from ecs_local.scheduler_actions import Action, Advance, FinishPull
from ecs_local.scheduler_view import targets_of
from ecs_local.world import Service, Task, World


def advance(world: World, service: Service | None, task: Task, now: float) -> Action | None:
    """The next step of the task's own life that is due, if any; `service` is None for a task of RunTask."""
    due = task.next_at is not None and now >= task.next_at
    match task.last_status:
        case "PROVISIONING" if due:
            return Advance(task.arn, "PENDING")
        case "PENDING" if due and task.pull_stopped_at is None:
            return FinishPull(task.arn) if all(each.image_digest for each in task.containers) else None
        case "RUNNING" if due and task.desired_status == "STOPPED":
            return Advance(task.arn, "DEACTIVATING" if task.stop_to_announce else "STOPPING")
        case "DEACTIVATING" if service is None or not any(targets_of(world, service, task)):
            return Advance(task.arn, "STOPPING")
        case "STOPPING" if due:
            return Advance(task.arn, "DEPROVISIONING")
        case "DEPROVISIONING" if due:
            return Advance(task.arn, "STOPPED")
    return None
