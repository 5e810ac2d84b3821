"""`app.status`: what runs, whether it is awake, what rolls, and who deployed last. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecs_deployment import model, observe
from ecs_deployment.borrow import names
from ecs_deployment.cloud import Cloud
from ecs_deployment.envelope import Envelope
from ecs_deployment.journal import Entry, is_held, journal_path, read, tag_of
from ecs_deployment.journal_say import command
from ecs_deployment.report_text import plural
from ecs_deployment.settings import Environment, ServiceSettings
from ecs_deployment.survey import chosen
from ecs_deployment.when import ago, span
from ecs_deployment.wording import outcome, short

_EVENTS_SHOWN = 5
_AGE = len("59 min ago")


@dataclass(frozen=True)
class Seen:
    """One service as it stands at `now`. `entries`: the journal's, newest first; `held`: a living run has the lock.

    `kept`: there is a journal; where it is off, nothing tells what was proven.
    """

    settings: ServiceSettings
    snapshot: model.Snapshot
    entries: tuple[Entry, ...]
    held: bool = False
    now: float = 0.0
    kept: bool = True


def look(cloud: Cloud, settings: ServiceSettings, prefix: str, now: float = 0.0) -> Seen:
    """Read everything about one service. `now` is the time by which ages are told, in epoch seconds."""
    cluster, name = observe.named(settings)
    path = "" if prefix == "off" else journal_path(prefix, cluster, name)
    entries = read(cloud, path) if path else ()
    held = bool(path) and is_held(cloud, path, entries)
    return Seen(settings, observe.whole(cloud, cluster, name), entries, held, now, kept=bool(path))


def each(cloud: Cloud, environment: Environment, services: Sequence[str], now: float = 0.0) -> list[Seen]:
    """The same for each of those services, all where none is named."""
    return [look(cloud, one, environment.journal, now) for one in chosen(environment, services)]


def rows(seen: Seen) -> list[tuple[str, str]]:
    """Label and text for one screen: what runs, what moves, what holds it, what happened."""
    return [*_runs(seen), *_moves(seen), *_held(seen), *_happened(seen)]


def _runs(seen: Seen) -> Iterator[tuple[str, str]]:
    service = seen.snapshot.service
    yield "State", _state(service) + ("" if seen.held else _way_out(service, seen.entries))
    proof = next((e for e in seen.entries if e.proven and e.revision == service.task_definition), None)
    known_as = tag_of(seen.entries, service.task_definition)
    tag = f", tag {known_as}" if known_as else ""
    unproven = (
        ", not proven by any run in the journal" if seen.kept else ", and no journal tells whether proven"
    )
    proven = f", proven {ago(proof.finished, seen.now)}" if proof else unproven
    yield "Revision", _short(service.task_definition) + tag + proven
    for task in seen.snapshot.running:
        health = f", {task.health.lower()}" if task.health in ("HEALTHY", "UNHEALTHY") else ""
        since = (
            f" for {span(seen.now - task.started_at)}"
            if task.started_at and task.last_status == "RUNNING"
            else ""
        )
        status = task.last_status.lower() + since + health
        yield "Tasks", f"{task.id[:8]}  {_short(task.task_definition)}  {status}"
    states = Counter(target.state for target in seen.snapshot.targets)
    if service.load_balancers:
        yield "Targets", ", ".join(f"{n} {state}" for state, n in sorted(states.items())) or "none"
    if seen.settings.url:
        yield "Url", seen.settings.url


def _state(service: model.Service) -> str:
    gone = "" if service.status == "ACTIVE" else f"{service.status}, "
    if service.desired == 0:
        left = f"; {service.running} still stopping" if service.running else ""
        return f"{gone}asleep at desired 0{left}"
    pending = f", {service.pending} pending" if service.pending else ""
    count = f"{service.running} of {service.desired} running{pending}"
    if service.given_up:
        return f"{gone}down: {count}, the rollout failed"
    return f"{gone}{'awake' if service.running else 'waking'}: {count}"


def _way_out(service: model.Service, entries: Sequence[Entry]) -> str:
    """What helps a service that nothing will start again; a run that never ended has its own line."""
    if not service.given_up or (entries and not entries[0].outcome):
        return ""
    proven = any(one.proven and one.revision != service.task_definition for one in entries)
    return "; `inv app.rollback` goes back" if proven else "; `inv app.deploy --tag TAG` brings another image"


def _moves(seen: Seen) -> Iterator[tuple[str, str]]:
    service, scaling = seen.snapshot.service, seen.snapshot.scaling
    for deployment in service.deployments:
        state = (deployment.rollout_state or deployment.status).lower().replace("_", " ")
        failed = f", {plural(deployment.failed_tasks, 'failed task')}" if deployment.failed_tasks else ""
        begun = f", begun {ago(deployment.created_at, seen.now)}"
        yield "Rollout", f"{_short(deployment.task_definition)} {state}{failed}{begun} ({deployment.id})"
    yield "Percent", f"{Envelope.of(service.configuration)} (minimumHealthyPercent/maximumPercent)"
    if scaling:
        minutes = seen.settings.idle_minutes
        idle = f", asleep after {minutes} idle minutes" if minutes and not scaling.min_capacity else ""
        flags = {"scale-in": scaling.suspended.scale_in, "scale-out": scaling.suspended.scale_out}
        held = "".join(f"; {name} is suspended" for name, flag in flags.items() if flag)
        yield "Scaling", f"{scaling.min_capacity} to {scaling.max_capacity} tasks{idle}{held}"


def _held(seen: Seen) -> Iterator[tuple[str, str]]:
    """Whether somebody is at work, and what was left behind."""
    if not seen.entries:
        return
    newest = seen.entries[0]
    if seen.held:
        run = f", {newest.run_url}" if newest.run_url else ""
        yield "Lock", f"held by {newest.owner} for {span(seen.now - newest.started)}: {_what(newest)}{run}"
    elif newest.readable and not newest.outcome:
        cures = f"`{command(newest, 'resume')}` or `{command(newest, 'abort')}`"
        yield "Lock", f"free, but the run of {newest.owner} never ended: {cures}"
    else:
        yield "Lock", "free"
    if newest.debts:
        until = "until it ends" if seen.held else f"`{command(newest, 'resume')}` hands it back"
        yield "Owed", f"{names(newest.debts)}: {until}"


def _happened(seen: Seen) -> Iterator[tuple[str, str]]:
    if seen.entries and not seen.held:
        yield "Last run", told(seen.entries[0], seen.now)
    for event in seen.snapshot.service.events[:_EVENTS_SHOWN]:
        yield "Events", f"{ago(event.at, seen.now).ljust(_AGE)}  {short(event.message)}"


def told(entry: Entry, now: float = 0.0) -> str:
    """A journal entry in one line."""
    if not entry.readable:
        return f"entry {entry.number} cannot be read"
    end = f"{outcome(entry.outcome)}{', proven' if entry.proven else ''}" if entry.outcome else "not ended"
    return f"{_what(entry)}: {end}, {ago(entry.finished or entry.started, now)}, by {entry.owner}"


def _what(entry: Entry) -> str:
    return f"{entry.action} {entry.tag}".strip()


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
        "lock": None
        if not seen.held or newest is None
        else {"owner": newest.owner, "run_url": newest.run_url or None},
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
