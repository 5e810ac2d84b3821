"""What was done to a service, run by run: the journal as people and machines read it, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ecs_deployment import observe
from ecs_deployment.borrow import names
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import NotFound
from ecs_deployment.journal import OFF_MEANS, Entry, is_held, journal_path, read
from ecs_deployment.masking import masked_text
from ecs_deployment.report_text import duration
from ecs_deployment.settings import Environment, ServiceSettings
from ecs_deployment.survey import chosen
from ecs_deployment.when import moment
from ecs_deployment.wording import outcome

_DIGITS = 12  # of a digest: enough to tell images apart, short enough to read


@dataclass(frozen=True)
class History:
    """The newest runs of a service. `kept` counts all that the journal has.

    `in_place` is the ARN of the revision the service is on, "" where nobody could say; `under_way`: the newest
    run still lives.
    """

    settings: ServiceSettings
    entries: tuple[Entry, ...]
    kept: int
    in_place: str
    under_way: bool
    off: bool = False


def look(cloud: Cloud, settings: ServiceSettings, prefix: str, limit: int) -> History:
    """Read the journal of one service, and which revision is in place."""
    cluster, name = observe.named(settings)
    if prefix == "off":
        return History(settings, (), 0, "", under_way=False, off=True)
    path = journal_path(prefix, cluster, name)
    entries = read(cloud, path)
    try:
        found = cloud.services(cluster, [name]).get(name)
    except NotFound:  # a cluster that is gone still has its history
        found = None
    shown, live = entries[:limit], is_held(cloud, path, entries)
    return History(settings, shown, len(entries), found.task_definition if found else "", under_way=live)


def each(cloud: Cloud, environment: Environment, services: Sequence[str], limit: int) -> list[History]:
    """The same for each of those services, all where none is named."""
    return [look(cloud, one, environment.journal, limit) for one in chosen(environment, services)]


def title(one: History, environment: str) -> str:
    """ "app in staging: 20 of 57 runs"."""
    if not one.entries:
        return f"{one.settings.name} in {environment}: no runs"
    some = f"{len(one.entries)} of " if len(one.entries) < one.kept else ""
    return f"{one.settings.name} in {environment}: {some}{one.kept} run{'s' if one.kept > 1 else ''}"


def rows(one: History) -> list[tuple[str, str]]:
    """Number and text: what and when, then with which revision and by whom, then why it ended badly."""
    if one.off:
        return [("", OFF_MEANS)]
    return list(_rows(one))


def _rows(one: History) -> Iterator[tuple[str, str]]:
    after: int | None = None  # the number of the run that came next
    place = next((e.number for e in one.entries if e.revision and e.revision == one.in_place), 0)
    for entry in one.entries:
        if not entry.readable:
            yield str(entry.number), "cannot be read"
            after = entry.number
            continue
        end = _end(entry, after, live=one.under_way)
        yield str(entry.number), f"{moment(entry.started)}  {_what(entry)}: {end}"
        facts = [_short(entry.revision), entry.digest.removeprefix("sha256:")[:_DIGITS]]
        here = ["in place"] if entry.number == place else []
        yield "", "  ".join(filter(None, [*facts, *here, f"by {entry.owner or 'somebody'}"]))
        if entry.run_url:
            yield "", entry.run_url
        if entry.debts and after is None:  # with the lock the next run took over what is owed
            yield "", f"owes {names(entry.debts)}"
        if entry.cause:
            yield "", entry.cause.splitlines()[0]
        after = entry.number


def _what(entry: Entry) -> str:
    """ "deploy of v2"; a rollback always says where to."""
    if entry.action == "rollback":
        return f"rollback to {entry.tag or _short(entry.revision) or 'what was proven'}"
    return f"{entry.action or 'run'}{f' of {entry.tag}' if entry.tag else ''}"


def _end(entry: Entry, after: int | None, *, live: bool) -> str:
    if not entry.outcome:
        return f"never ended, {after} took over" if after else "under way" if live else "never ended"
    proven = ", proven" if entry.proven else ""
    spent = _seconds(entry)
    return f"{outcome(entry.outcome)}{proven}{f', {duration(spent)}' if spent is not None else ''}"


def facts(one: History) -> dict[str, Any]:
    """The same for machines."""
    return {
        "service": one.settings.name,
        "in_place": _short(one.in_place) or None,
        "under_way": one.under_way,
        "kept": one.kept,
        "owes": [debt.what for debt in one.entries[0].debts] if one.entries else [],
        "runs": [_facts(entry) for entry in one.entries],
    }


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "readable": entry.readable,
        "action": entry.action or None,
        "tag": entry.tag or None,
        "commit": entry.commit or None,
        "digest": entry.digest or None,
        "revision": _short(entry.revision) or None,
        "before": _short(entry.before) or None,
        "was_asleep": entry.asleep,
        "started": _iso(entry.started),
        "finished": _iso(entry.finished),
        "seconds": _seconds(entry),
        "outcome": entry.outcome or None,
        "proven": entry.proven,
        "owner": entry.owner or None,
        "run_url": entry.run_url or None,
        "deployments": list(entry.deployments),
        "cause": masked_text(entry.cause) or None,
    }


def _seconds(entry: Entry) -> float | None:
    """How long it took by its owner's clock; None while it has not ended."""
    if not entry.started or not entry.finished:
        return None
    return round(max(0.0, entry.finished - entry.started), 1)


def _iso(epoch: float) -> str | None:
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else None
    except (OverflowError, ValueError, OSError):  # an entry may hold any number
        return None


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
