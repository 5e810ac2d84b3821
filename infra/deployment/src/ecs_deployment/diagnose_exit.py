"""A task whose container came to an end: which one that was, and what its exit code says. Pure."""

from __future__ import annotations

from collections.abc import Collection

from ecs_deployment import model

_BY_ITSELF = ("EssentialContainerExited", "TaskFailedToStart")
_OUT_OF_MEMORY = "OutOfMemory"
_KILLED, _TOLD_TO_STOP = 137, 143  # SIGKILL and SIGTERM: what ECS sends, too


def to_blame(task: model.Task, deployed: Collection[str]) -> model.Container:
    """The container that a task failed for, among those it has.

    Once an essential one has exited ECS tells the others to stop, and kills those that do not: their exit codes tell
    nothing. `deployed` are the containers whose image was deployed: of several that may be the one, it is theirs.
    """
    stopped = task.stop_code not in _BY_ITSELF
    return min(task.containers, key=lambda c: _place(c, c.name in deployed, stopped=stopped))


def of_exit(task: model.Task, deployed: Collection[str]) -> tuple[str, str]:
    """What ended the task, and one piece of advice."""
    ended = to_blame(task, deployed) if task.containers else None
    if ended is None or ended.exit_code is None:
        return (
            f"A task stopped: {task.stopped_reason or task.stop_code}",
            "See the task's containers for the reason.",
        )
    if ended.exit_code == _KILLED or _OUT_OF_MEMORY in ended.reason:
        code = ended.exit_code
        return (
            f"Container {ended.name} was killed (exit code {code}): it most likely ran out of memory.",
            "Raise `memory` in the task definition, or find what grows.",
        )
    if ended.exit_code == 0:
        return (
            f"Container {ended.name} came to its end with exit code 0 {_when(task)}.",
            "Its command has to go on as long as the task shall: its last log lines are below, if it wrote any.",
        )
    return (
        f"Container {ended.name} exited with code {ended.exit_code} {_when(task)}.",
        "Its last log lines are below, if it wrote any; run the image with the same environment to see more.",
    )


def _place(container: model.Container, deployed: bool, *, stopped: bool) -> int:
    """Its place in the row of those to blame, 0 for the first. `stopped`: ECS ended the task for its health."""
    code = container.exit_code
    by_itself = not stopped and code not in (None, _TOLD_TO_STOP)
    signs = (
        _OUT_OF_MEMORY in container.reason,
        stopped and container.health == "UNHEALTHY",
        by_itself and code not in (0, _KILLED),
        deployed and (stopped or by_itself),
        code == _KILLED or (stopped and bool(code)),
        code == 0,
        code is not None,
        True,
    )
    return signs.index(True)


def _when(task: model.Task) -> str:
    if task.started_at is None or task.stopped_at is None:
        return "before it was running"
    seconds = task.stopped_at - task.started_at
    return f"{seconds:.0f} s after it started" if seconds >= 1 else "right after it started"
