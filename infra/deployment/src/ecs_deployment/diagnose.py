"""Why it failed: stop codes, target health, events and log lines -> one cause and one piece of advice. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ecs_deployment import model
from ecs_deployment.diagnose_exit import of_exit, to_blame
from ecs_deployment.wording import short

# What the scheduler does on its own account is no failure (recorded: "Scaling activity initiated by ...").
_ORDERLY = re.compile(
    r"^(Scaling activity initiated by|Task stopped by user|Service was deleted)", re.IGNORECASE
)
_HOPELESS = ("CannotPullContainerError", "CannotPullImageManifestError", "ResourceInitializationError")
_ELB = "failed ELB health checks"
_UNHEALTHY = (_ELB, "failed container health checks")
_BY_ALARM = re.compile(r"deployment (?P<id>ecs-svc/\d+)\)? deployment failed: alarm detected")
_LINES = 8
NO_REASON = "ECS gave no reason."
LOG = "log: "
"""How a line of evidence begins that the container itself logged."""
_PLACEMENT = re.compile(r"was unable to place a task(?:\. Reason:| because) (?P<reason>.+)", re.DOTALL)
_NO_ROOM = ("Capacity is unavailable", "You've reached the limit")
_TARGET = re.compile(
    r"\(port (?P<port>\d+)\) is unhealthy in \(target-group (?P<group>\S+)\) due to \(reason (?P<why>.+)\)"
)


@dataclass(frozen=True)
class Cause:
    """One sentence why, one what to do, and the facts both rest on."""

    text: str
    advice: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failures:
    """How many tasks of a deployment failed. `hopeless` ones failed in a way no repetition cures."""

    count: int
    hopeless: int


def failures(tasks: Iterable[model.Task], deployment_ids: frozenset[str]) -> Failures:
    """Count the failed ones among the stopped tasks of these deployments."""
    failed = [t for t in tasks if t.started_by in deployment_ids and is_failure(t)]
    return Failures(len(failed), sum(t.stopped_reason.startswith(_HOPELESS) for t in failed))


def is_failure(task: model.Task) -> bool:
    """Whether a stopped task stopped because something is wrong with it."""
    if task.stop_code in ("TaskFailedToStart", "EssentialContainerExited"):
        return True
    return not _ORDERLY.match(task.stopped_reason) and any(text in task.stopped_reason for text in _UNHEALTHY)


def failed_a_target_check(tasks: Iterable[model.Task]) -> bool:
    """Whether one of these was stopped because its target failed: only then the group's path tells anything."""
    return any(_ELB in task.stopped_reason for task in tasks)


def failing_containers(
    tasks: Iterable[model.Task], deployment_ids: frozenset[str], deployed: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """(task id, container) whose log lines tell most: of each failed task, newest first, the one it failed for.

    Tasks of which nothing ever ran are left out: they wrote nothing. `deployed` are the containers whose image was.
    """
    failed = [t for t in tasks if t.started_by in deployment_ids and is_failure(t) and _ran(t)]
    failed.sort(key=lambda t: t.created_at, reverse=True)
    return tuple((t.id, to_blame(t, deployed).name) for t in failed)


def _ran(task: model.Task) -> bool:
    exited = any(c.exit_code is not None for c in task.containers)
    return exited or bool(task.containers and task.started_at is not None)


def cause(
    snapshot: model.Snapshot,
    deployment_ids: frozenset[str],
    log: Sequence[str] = (),
    since: float = 0.0,
    deployed: Collection[str] = (),
) -> Cause:
    """The one cause of a failed deploy, from what one full look brought. `since` cuts older events off.

    `deployed`: as in `failing_containers`.
    """
    failed = [t for t in snapshot.stopped if t.started_by in deployment_ids and is_failure(t)]
    events = [e.message for e in snapshot.service.events if e.at >= since]
    evidence = (*_grouped(failed), *_bad_targets(snapshot), *quoted(log))
    if any(_failed_by_alarm(message, deployment_ids) for message in events):
        text, advice = _of_alarm(snapshot)  # whatever tasks failed on the way, it is why ECS went back
    elif failed:
        text, advice = _of_task(max(failed, key=lambda t: t.created_at), snapshot, events, deployed)
    else:
        text, advice = _of_service(snapshot, events)
    return Cause(text, advice, evidence)


def quoted(log: Sequence[str]) -> tuple[str, ...]:
    """The last lines a container logged, as evidence."""
    return tuple(f"{LOG}{line}" for line in log[-_LINES:])


def _of_task(
    task: model.Task, snapshot: model.Snapshot, events: Sequence[str], deployed: Collection[str]
) -> tuple[str, str]:
    reason = task.stopped_reason
    detail = next((c.reason for c in task.containers if c.reason), "")
    if "CannotPull" in reason or "CannotPull" in detail:
        return (
            f"The image cannot be pulled: {_after(reason if 'CannotPull' in reason else detail)}",
            "Check that the image still exists and that the execution role may pull it.",
        )
    if reason.startswith("ResourceInitializationError"):
        return _of_initialisation(reason)
    if reason.startswith(_NO_ROOM):
        return _of_placement(reason)
    if _ELB in reason:
        return _of_target(snapshot, events)
    if "container health checks" in reason:
        sick = next(
            (f"Container {c.name}" for c in task.containers if c.health == "UNHEALTHY"), "A container"
        )
        return f"{sick} fails its own health check.", "Run the check's command inside the new image."
    return of_exit(task, deployed)


def _of_initialisation(reason: str) -> tuple[str, str]:
    """Every text of this kind names "secrets or registry auth"; only what stands behind tells which of the two."""
    behind = reason.replace("unable to pull secrets or registry auth", "").lower()
    if "registry auth" in behind:
        return (
            f"The registry cannot be reached to pull the image: {_after(reason)}",
            "Check the network of the tasks (route, NAT, endpoints) and the execution role.",
        )
    if "secret" in behind or "ssm" in behind or "parameter" in behind:
        return (
            f"A secret of the task definition cannot be read: {_after(reason)}",
            "Create the secret or correct its ARN, and check that the execution role may read it.",
        )
    return f"The task could not be initialised: {_after(reason)}", "Check network and execution role."


def _of_target(snapshot: model.Snapshot, events: Sequence[str]) -> tuple[str, str]:
    """By the target itself, or by the last event about one: a failing target soon leaves its group."""
    bad = next((t for t in snapshot.targets if t.state == "unhealthy"), None)
    told = next((found for message in events if (found := _TARGET.search(message))), None)
    if bad is not None:
        group, where = bad.group, f" on port {bad.port}: {bad.description or bad.reason}"
    elif told is not None:
        group, where = told["group"], f" on port {told['port']}: {told['why']}"
    else:
        group, where = "", ""
    check = next((c for c in snapshot.checks if c.path and group in ("", c.group)), None)
    path = f" of {check.path}" if check else ""
    advice = "Check the target group's path, port and matcher against what the new revision answers."
    if check:
        advice = f"Request {check.path} from the new image: it has to answer {check.codes}, and in time."
    return f"The load balancer's health check{path} fails{where.rstrip('.')}.", advice


def _of_placement(reason: str) -> tuple[str, str]:
    if reason.startswith("ResourceInitializationError"):
        return _of_initialisation(reason)
    return (
        f"No task can be placed: {reason.split('. ')[0].strip().rstrip('.')}.",
        "Wait for capacity and repeat, or allow another size or availability zone.",
    )


def _failed_by_alarm(message: str, deployment_ids: frozenset[str]) -> bool:
    told = _BY_ALARM.search(message)
    return told is not None and told["id"] in deployment_ids


def _of_alarm(snapshot: model.Snapshot) -> tuple[str, str]:
    names = snapshot.service.configuration.get("alarms", {}).get("alarmNames", ())
    return (
        f"ECS failed the deployment because an alarm went off ({', '.join(names)}).",
        "See what the alarm watches, and the log of the new tasks.",
    )


def _of_service(snapshot: model.Snapshot, events: Sequence[str]) -> tuple[str, str]:
    bad = next((t for t in snapshot.targets if t.state == "unhealthy"), None)
    if bad:
        return _of_target(snapshot, events)
    for message in events:
        if "unable to consistently start" in message:
            return (
                "Tasks fail to start again and again, and ECS slows down.",
                "See the stop reasons of the tasks.",
            )
        if "operations are being throttled" in message:
            return "AWS throttles the start of tasks.", "Wait; ECS tries again by itself."
        if placement := _PLACEMENT.search(message):
            return _of_placement(placement["reason"])
        if "because of the service deployment configuration" in message:
            return (
                "The deployment configuration allows neither starting nor stopping a task.",
                "Raise maximumPercent or lower minimumHealthyPercent.",
            )
    reason = snapshot.deployment.status_reason if snapshot.deployment else ""
    return reason or NO_REASON, "See the service's events."


def _grouped(failed: Sequence[model.Task]) -> tuple[str, ...]:
    reasons = Counter(_reason(t) for t in failed)
    return tuple(f"{count} x {reason}" for reason, count in reasons.most_common(4))


def _reason(task: model.Task) -> str:
    # Whoever was stopped for its health and went in good order tells nothing by its exit code.
    told = (None,) if task.stop_code == "EssentialContainerExited" else (None, 0)
    exits = ", ".join(f"{c.name} exit {c.exit_code}" for c in task.containers if c.exit_code not in told)
    reason = short(task.stopped_reason or task.stop_code)
    return f"{reason} ({exits})" if exits else reason


def _bad_targets(snapshot: model.Snapshot) -> tuple[str, ...]:
    bad = [t for t in snapshot.targets if t.state in ("unhealthy", "unused", "unavailable")]
    return tuple(f"target {t.id}:{t.port} {t.state}: {t.description or t.reason}" for t in bad[:4])


def _after(reason: str) -> str:
    return reason.split(": ", 1)[-1].rstrip(".") + "."
