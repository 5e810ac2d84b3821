"""Is what should run what runs, and is it well? Pure; shared by the end of a deploy, `app.verify` and planning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ecs_deployment import model


@dataclass(frozen=True)
class Expectation:
    """What is held against the service.

    `digests` are the accepted ones of `containers` (empty: not known, not asked); `checked` are the containers
    whose definition has a health check, so that UNKNOWN counts as "not yet".
    """

    revision: str  # task definition ARN, "" for whatever the service is on
    digests: frozenset[str]
    containers: tuple[str, ...]
    checked: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    `waiting`: it is on its way and may still become fine. `target`: the one that is unhealthy, else "".
    """

    code: str
    text: str
    waiting: bool = False
    target: str = ""


_ON_ITS_WAY = ("PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


def judge(snapshot: model.Snapshot, expected: Expectation) -> tuple[Finding, ...]:
    """All findings of one look; none means: proven, as far as `not_asked` leaves it open."""
    service = snapshot.service
    revision = expected.revision or service.task_definition
    ours = tuple(t for t in snapshot.running if t.task_definition == revision and t.last_status == "RUNNING")
    return (
        *_service(service, revision),
        *_rollout(snapshot),
        *_tasks(service, revision, ours, expected),
        *_targets(snapshot, ours),
    )


def digests_in_place(
    current: model.TaskDefinition, snapshot: model.Snapshot, containers: tuple[str, ...]
) -> tuple[str, ...]:
    """What the containers run: what their definition pins, else what its running tasks report."""
    pinned = [
        d["image"].partition("@")[2]
        for d in current.content["containerDefinitions"]
        if d["name"] in containers
    ]
    reported = [
        container.image_digest
        for task in snapshot.running
        if task.task_definition == current.arn
        for container in task.containers
        if container.name in containers
    ]
    return tuple(dict.fromkeys(filter(None, pinned))) or tuple(dict.fromkeys(filter(None, reported)))


def not_asked(service: model.Service, expected: Expectation | None) -> tuple[str, ...]:
    """What a verdict without findings could not rest on, and why, in words for the report.

    `expected` None: nothing was held against the containers, as on a way back.
    """
    asked = {
        "targets (no load balancer)": bool(service.load_balancers),
        "containers (no health check)": expected is None or bool(expected.checked),
        "image (digest not known)": expected is None or bool(expected.digests),
    }
    return tuple(what for what, was_asked in asked.items() if not was_asked)


def _service(service: model.Service, revision: str) -> Iterable[Finding]:
    if service.status != "ACTIVE":
        yield Finding("service", f"the service is {service.status}")
    if service.task_definition != revision:
        yield Finding(
            "revision", f"the service is on {_short(service.task_definition)}, not on {_short(revision)}"
        )
    if service.desired < 1:
        yield Finding("desired", "the service is at 0")


def _rollout(snapshot: model.Snapshot) -> Iterable[Finding]:
    primary, newer = snapshot.service.primary, snapshot.deployment
    if newer is not None:
        if newer.status in _ON_ITS_WAY:
            yield Finding("rollout", f"the rollout {newer.number} is {newer.status}", waiting=True)
        elif newer.status not in ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL"):
            yield Finding(
                "rollout", f"the rollout {newer.number} ended {newer.status}: {newer.status_reason}"
            )
    elif primary is None:
        yield Finding("rollout", "the service has no deployment")
    elif primary.rollout_state == "IN_PROGRESS":
        yield Finding("rollout", f"the deployment {primary.id} is IN_PROGRESS", waiting=True)
    elif primary.rollout_state == "FAILED":
        yield Finding("rollout", f"the deployment {primary.id} FAILED: {primary.rollout_state_reason}")


def _tasks(
    service: model.Service, revision: str, ours: tuple[model.Task, ...], expected: Expectation
) -> Iterable[Finding]:
    if len(ours) < service.desired:
        text = f"{len(ours)} of {service.desired} tasks of {_short(revision)} run"
        yield Finding("tasks", text, waiting=True)
    for task in ours:
        for container in task.containers:
            where = f"{container.name} of task {task.id[:8]}"
            if container.name in expected.containers and expected.digests:
                if not container.image_digest:
                    yield Finding("digest", f"{where} reports no digest yet", waiting=True)
                elif container.image_digest not in expected.digests:
                    yield Finding("digest", f"{where} runs {container.image_digest}, which is another image")
            if container.health == "UNHEALTHY":
                yield Finding("health", f"{where} fails its health check")
            elif container.name in expected.checked and container.health != "HEALTHY":
                yield Finding("health", f"{where} has not passed its health check yet", waiting=True)


def _targets(snapshot: model.Snapshot, ours: tuple[model.Task, ...]) -> Iterable[Finding]:
    """In each group the targets of our tasks; those of others and draining ones are ignored."""
    desired = snapshot.service.desired
    addresses = {address for task in ours for address in task.addresses}
    for group in dict.fromkeys(lb.target_group for lb in snapshot.service.load_balancers):
        members = [t for t in snapshot.targets if t.group == group and t.state != "draining"]
        # Outside awsvpc a target is an instance and cannot be told from another's: the whole group is asked.
        mine = [t for t in members if t.id in addresses] if addresses else members
        name = group.rsplit("/", 2)[-2] if group.count("/") >= 2 else group
        healthy = sum(t.state == "healthy" for t in mine)
        for target in mine:
            where = f"target {target.id}:{target.port} in {name}"
            if target.state == "unhealthy":
                text = f"{where} is unhealthy: {target.description or target.reason}"
                yield Finding("unhealthy", text, waiting=True, target=target.id)
            elif target.state in ("unused", "unavailable"):
                yield Finding("target", f"{where} is {target.state}: {target.description or target.reason}")
        if healthy < desired:
            yield Finding("target", f"{healthy} of {desired} targets in {name} are healthy", waiting=True)


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
