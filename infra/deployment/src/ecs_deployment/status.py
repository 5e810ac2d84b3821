"""`app.status`: what runs, whether it is awake, what rolls, and who deployed last. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ecs_deployment import model, observe
from ecs_deployment.cloud import Cloud
from ecs_deployment.envelope import Envelope
from ecs_deployment.journal import Entry, journal_path, read
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.when import moment
from ecs_deployment.wording import short

_EVENTS_SHOWN = 5


@dataclass(frozen=True)
class Seen:
    """One service as it stands. `entries` are the journal's, newest first."""

    settings: ServiceSettings
    snapshot: model.Snapshot
    entries: tuple[Entry, ...]


def look(cloud: Cloud, settings: ServiceSettings, prefix: str) -> Seen:
    """Read everything about one service."""
    cluster, name = observe.named(settings)
    entries = () if prefix == "off" else read(cloud, journal_path(prefix, cluster, name))
    return Seen(settings, observe.whole(cloud, cluster, name), entries)


def rows(seen: Seen) -> list[tuple[str, str]]:
    """Label and text for one screen."""
    return list(_rows(seen))


def _rows(seen: Seen) -> Iterator[tuple[str, str]]:
    service, scaling = seen.snapshot.service, seen.snapshot.scaling
    yield "service", f"{service.name} in cluster {service.cluster}, {service.status}"
    yield "revision", _short(service.task_definition)
    asleep = service.desired == 0
    yield (
        "tasks",
        "asleep at 0"
        if asleep
        else f"{service.running} of {service.desired} running, {service.pending} pending",
    )
    for task in seen.snapshot.running:
        yield "", f"{task.id[:8]}  {_short(task.task_definition)}  {task.last_status}  {task.health}"
    for deployment in service.deployments:
        state = deployment.rollout_state or deployment.status
        failed = f", {deployment.failed_tasks} failed" if deployment.failed_tasks else ""
        yield "deployment", f"{deployment.id}  {_short(deployment.task_definition)}  {state}{failed}"
    states = Counter(target.state for target in seen.snapshot.targets)
    if service.load_balancers:
        yield "targets", ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none"
    yield "healthy percent", str(Envelope.of(service.configuration))
    if scaling:
        held = " (scale-in suspended)" if scaling.suspended.scale_in else ""
        yield "autoscaling", f"{scaling.min_capacity} to {scaling.max_capacity} tasks{held}"
    if seen.settings.url:
        yield "url", seen.settings.url
    if seen.entries:
        yield "last deploy", told(seen.entries[0])
    for event in service.events[:_EVENTS_SHOWN]:
        yield "event", f"{moment(event.at)}  {short(event.message)}"


def told(entry: Entry) -> str:
    """A journal entry in one line."""
    if not entry.readable:
        return f"entry {entry.number} cannot be read"
    end = f"{entry.outcome}{', proven' if entry.proven else ''}" if entry.outcome else "not ended"
    owed = f"; owes {', '.join(debt.what for debt in entry.debts)}" if entry.debts else ""
    return f"{moment(entry.started)}  {entry.action} {entry.tag}  {end}  by {entry.owner}{owed}"


def facts(seen: Seen) -> dict[str, object]:
    """The same for machines."""
    service, scaling = seen.snapshot.service, seen.snapshot.scaling
    newest = seen.entries[0] if seen.entries else None
    return {
        "service": seen.settings.name,
        "cluster": service.cluster,
        "status": service.status,
        "revision": _short(service.task_definition),
        "asleep": service.desired == 0,
        "desired": service.desired,
        "running": service.running,
        "pending": service.pending,
        "deployments": [
            {
                "id": d.id,
                "revision": _short(d.task_definition),
                "status": d.status,
                "rollout_state": d.rollout_state,
            }
            for d in service.deployments
        ],
        "targets": dict(Counter(target.state for target in seen.snapshot.targets)),
        "scale_in_suspended": scaling.suspended.scale_in if scaling else None,
        "url": seen.settings.url,
        "last_deploy": None
        if newest is None
        else {
            "number": newest.number,
            "tag": newest.tag,
            "outcome": newest.outcome or None,
            "proven": newest.proven,
            "owner": newest.owner,
            "owes": [debt.what for debt in newest.debts],
        },
    }


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
