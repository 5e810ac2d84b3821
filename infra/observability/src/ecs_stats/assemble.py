"""Everything that was read -> `Stats`. Pure: no clock, no calls; what is printable and masked is made so here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ecs_deployment import model
from ecs_deployment.report_text import clean
from ecs_deployment.wording import short

from ecs_stats.figures import Sample
from ecs_stats.stats import ContainerStats, Said, ServiceStats, TargetStats, TaskStats, percent

Definitions = Mapping[str, model.TaskDefinition]
"""Task definitions by ARN."""
Samples = Callable[[str, str, bool], Sequence[Sample]]
"""(task id, container, is the first of its task) -> samples, oldest first."""
LastLine = Callable[[str, str], str]

_RECENT = 300.0  # seconds for which a stopped task is shown


def service(
    seen: model.Service,
    deployment: model.ServiceDeployment | None,
    definition: model.TaskDefinition | None,
    tag_of: Callable[[str], str],
) -> ServiceStats:
    """The service, with the image of its newest revision. `tag_of` knows the tag of a digest, or ""."""
    primary = seen.primary
    containers = definition.content.get("containerDefinitions", ()) if definition else ()
    image = str(containers[0].get("image", "")) if containers else ""
    digest = image.partition("@")[2]
    tag = tag_of(digest) if digest else ""
    return ServiceStats(
        name=seen.name,
        cluster=seen.cluster,
        status=seen.status,
        desired=seen.desired,
        running=seen.running,
        pending=seen.pending,
        revision=_last(seen.task_definition),
        image=f"{_image(image)}:{tag}" if tag else _image(image),
        digest=digest,
        rollout=primary.rollout_state if primary else "",
        rollout_reason=clean(primary.rollout_state_reason) if primary else "",
        deployments=len(seen.deployments),
        deployed_at=primary.created_at if primary else None,
        failed_tasks=primary.failed_tasks if primary else 0,
        breaker=_breaker(seen.configuration, deployment),
    )


def tasks(
    seen: model.Service,
    running: Iterable[model.Task],
    stopped: Iterable[model.Task],
    definitions: Definitions,
    samples: Samples,
    last_line: LastLine,
    now: float,
) -> tuple[TaskStats, ...]:
    """The tasks, those of the newest deployment first; stopped ones for some minutes."""
    newest = seen.primary.id if seen.primary else ""
    recent = [one for one in stopped if one.stopped_at is None or now - one.stopped_at < _RECENT]
    there = {one.arn: one for one in [*recent, *running]}
    made = [
        _task(one, newest, definitions.get(one.task_definition), samples, last_line) for one in there.values()
    ]
    return tuple(
        sorted(made, key=lambda one: (one.stopped_at is not None, not one.newest, one.created_at, one.id))
    )


def targets(seen: Iterable[model.Target], tasks: Iterable[model.Task]) -> tuple[TargetStats, ...]:
    """The targets and the tasks behind them."""
    behind = {address: task.id for task in tasks for address in task.addresses}
    return tuple(
        TargetStats(one.id, one.port, one.state, clean(one.description or one.reason), behind.get(one.id, ""))
        for one in seen
    )


def events(seen: model.Service, most: int) -> tuple[Said, ...]:
    """The service's own story, newest first."""
    return tuple(Said(one.at, clean(short(one.message))) for one in seen.events[:most])


def _task(
    task: model.Task,
    newest: str,
    definition: model.TaskDefinition | None,
    samples: Samples,
    last_line: LastLine,
) -> TaskStats:
    content = definition.content if definition else {}
    made = [
        _container(task, one, content, samples(task.id, one.name, place == 0), last_line(task.id, one.name))
        for place, one in enumerate(task.containers)
    ]
    return TaskStats(
        id=task.id,
        revision=task.task_definition.rsplit(":", 1)[-1],
        newest=task.started_by == newest,
        zone=task.zone,
        state=task.last_status,
        health=task.health,
        created_at=task.created_at,
        started_at=task.started_at,
        stopped_at=task.stopped_at,
        stopped_reason=clean(task.stopped_reason),
        containers=tuple(made),
    )


def _container(
    task: model.Task,
    container: model.Container,
    content: Mapping[str, Any],
    samples: Sequence[Sample],
    last_line: str,
) -> ContainerStats:
    named = [one for one in content.get("containerDefinitions", ()) if one["name"] == container.name]
    definition: Mapping[str, Any] = named[0] if named else {}
    cpu_limit = definition.get("cpu") or content.get("cpu")
    memory_limit = definition.get("memory") or definition.get("memoryReservation") or content.get("memory")
    living = task.stopped_at is None and container.last_status != "STOPPED"
    newest = samples[-1] if samples and living else None
    limits = (_number(cpu_limit), _number(memory_limit))
    return ContainerStats(
        name=container.name,
        task=task.id,
        image=_image(container.image),
        state=container.last_status,
        health=container.health,
        exit_code=container.exit_code,
        reason=clean(container.reason),
        cpu=newest.cpu if newest else None,
        cpu_limit=(newest.cpu_limit if newest else None) or limits[0],
        memory=newest.memory if newest else None,
        memory_limit=(newest.memory_limit if newest else None) or limits[1],
        received=newest.received if newest else None,
        sent=newest.sent if newest else None,
        restarts=newest.restarts if newest else None,
        last_line=last_line,
        cpu_history=_history((one.cpu, one.cpu_limit or limits[0]) for one in samples),
        memory_history=_history((one.memory, one.memory_limit or limits[1]) for one in samples),
    )


def _history(pairs: Iterable[tuple[float | None, float | None]]) -> tuple[float, ...]:
    found = (percent(value, limit) for value, limit in pairs)
    return tuple(round(value, 2) for value in found if value is not None)


def _breaker(configuration: Mapping[str, Any], deployment: model.ServiceDeployment | None) -> str:
    breaker = configuration.get("deploymentCircuitBreaker", {})
    if not breaker.get("enable"):
        return "off"
    counted = deployment is not None and deployment.failure_count > 0
    counts = f", {deployment.failure_count} of {deployment.threshold}" if deployment and counted else ""
    return f"on{', rolls back' if breaker.get('rollback') else ''}{counts}"


def _image(image: str) -> str:
    """The repository's own name and the tag, without registry and digest."""
    name = image.partition("@")[0]
    return name.rsplit("/", 1)[-1]


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _number(value: Any) -> float | None:
    try:
        return float(value) if value else None
    except (TypeError, ValueError):
        return None
