"""What a run is to bring about for one service, from the user's words and the journal. Pure; entries are newest first.

Deploy, rollback, wake and sleep begin something and are told here; resume and abort go on with what an earlier
run began (`goal_left`). Whatever the goal, it is reached by the same plan, rollout and proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from ecs_deployment import model
from ecs_deployment.errors import Refused
from ecs_deployment.journal_entry import Entry
from ecs_deployment.journal_history import tag_of
from ecs_deployment.when import moment

_TAGS_NAMED = 8  # in a refusal


@dataclass(frozen=True)
class Adopted:
    """A rollout that an earlier run began: it is followed from where it stands, and not started again.

    `ours` are that run's deployments, oldest first. `leads_back`: it was on its way back already.
    `taken_over_by`: the deployment of somebody else that decides now, "" for none.
    """

    ours: tuple[str, ...]
    leads_back: bool = False
    taken_over_by: str = ""


@dataclass(frozen=True)
class Goal:
    """Where one service shall be after the run."""

    tag: str = ""
    image: str = ""  # what to look up in the registry, a tag or a digest; "": what the revision pins
    revision: str = ""  # ARN or family:number of what shall run; "": what runs now, with the image put in
    wakes: bool = False  # brought to 1 and proven even where a proof is in the journal
    at_zero: bool = False  # ends at desired 0
    before: str = ""  # what ran before the run that is gone on with; "": what runs now
    before_digest: str = ""  # of its image, "" where no run of it noted one
    was_asleep: bool = False  # the service was at 0 before that run
    adopts: Adopted | None = None
    replaces: str = ""  # a deployment that may roll: it is that of the run that is undone
    nothing: str = ""  # why nothing is rolled
    story: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of_tag(tag: str) -> Goal:
    """A deploy."""
    return Goal(tag=tag, image=tag)


def wake(seen: model.Service, entries: Sequence[Entry]) -> Goal:
    """The revision in place, brought from 0 to 1 and proven."""
    tag = tag_of(entries, seen.task_definition)
    return Goal(tag=tag, revision=seen.task_definition, wakes=True)


def sleep(seen: model.Service, entries: Sequence[Entry]) -> Goal:
    """The revision in place, at desired 0."""
    tag = tag_of(entries, seen.task_definition)
    return Goal(tag=tag, revision=seen.task_definition, at_zero=True)


def rollback(seen: model.Service, entries: Sequence[Entry], to: str) -> Goal:
    """The last proven revision that is another than the one in place, or the one that `to` names.

    A revision with the very image that runs is no way back, unless an apply has changed the rest in between. `to` is
    a tag of the journal or a revision (ARN, family:number or number). Raises `Refused`, saying what is known.
    """
    found = _named(seen, entries, to) if to else _last_proven(seen, entries)
    if isinstance(found, Goal):
        return found
    proof = f"proven {moment(found.finished or found.started)}" if found.proven else "never proven"
    of_it = found.tag or tag_of(entries, found.revision)
    tag = f" (tag {of_it})" if of_it else ""
    notes = (
        [] if found.proven else [f"No run has proven {short(found.revision)}: it is proven now, or undone."]
    )
    image = digest_of(entries, seen.task_definition)
    if found.revision != seen.task_definition and found.digest and found.digest == image:
        notes.append(f"{short(found.revision)} has the image that runs now: only the rest of it can differ.")
    newest = next((e for e in entries if e.proven), None)
    if not to and newest and newest.action == "rollback" and newest.before == found.revision:
        notes.append(
            f"The last rollback left {short(found.revision)}, so this undoes it; --to names another."
        )
    return Goal(
        tag=of_it,
        revision=found.revision,
        story=(f"{_towards(found.revision, seen)}{tag}, {proof} by {found.owner or 'somebody'}.",),
        notes=tuple(notes),
    )


def _towards(revision: str, seen: model.Service) -> str:
    here = short(revision) == short(seen.task_definition)
    return f"{'Already on' if here else 'Back to'} {short(revision)}"


def known_revisions(entries: Sequence[Entry]) -> str:
    """The proven revisions in words, newest first: "app:3 (tag v3), app:2 (tag v2)"; "" where there is none."""
    newest = list(dict.fromkeys(e.revision for e in entries if e.proven and e.revision))
    tags = {revision: tag_of(entries, revision) for revision in newest}
    named = [f"{short(r)}{f' (tag {tag})' if tag else ''}" for r, tag in tags.items()]
    more = f" and {len(named) - _TAGS_NAMED} more" if len(named) > _TAGS_NAMED else ""
    return ", ".join(named[:_TAGS_NAMED]) + more


def digest_of(entries: Sequence[Entry], revision: str) -> str:
    """The digest of a revision's image, "" where no run of it noted one."""
    return next((e.digest for e in entries if e.digest and e.revision == revision), "")


def short(arn: str) -> str:
    """family:number"""
    return arn.rsplit("/", 1)[-1]


def _last_proven(seen: model.Service, entries: Sequence[Entry]) -> Entry:
    image, changed = digest_of(entries, seen.task_definition), False
    for entry in entries:
        changed = changed or (entry.action == "apply" and entry.revision != entry.before)
        if not entry.proven or entry.revision in ("", seen.task_definition):
            continue
        if changed or not image or entry.digest != image:
            return entry
    known = known_revisions(entries)
    more = any(e.proven and e.revision not in ("", seen.task_definition) for e in entries)
    others = "with another image than the one in place" if more else "but the one in place"
    raise Refused(
        f"No proven revision is known {others}: {known}."
        if known
        else f"No proven revision of {seen.name} is known: no run in its journal has proven one.",
        f"Name a revision with --to, as in --to {short(seen.task_definition).rpartition(':')[0]}:NUMBER, "
        "or deploy a tag.",
    )


def _named(seen: model.Service, entries: Sequence[Entry], to: str) -> Entry | Goal:
    of_tag = [e for e in entries if e.tag == to and e.revision]
    if found := next((e for e in of_tag if e.proven), None) or next(iter(of_tag), None):
        return found
    family = short(seen.task_definition).rpartition(":")[0]
    revision = f"{family}:{to}" if to.isdigit() else short(to)
    if ":" not in revision or not revision.rpartition(":")[2].isdigit():
        known = known_revisions(entries)
        raise Refused(
            f"The journal knows no run of tag {to!r}. "
            + (f"It knows: {known}." if known else "It knows no proven revision."),
            f"Name one of these with --to, or deploy the tag: `inv app.deploy --tag {quote(to)}`.",
        )
    of_revision = [e for e in entries if short(e.revision) == revision]
    if found := next((e for e in of_revision if e.proven), None) or next(iter(of_revision), None):
        return found
    note = f"The journal knows nothing of {revision}: it is proven now, or undone."
    return Goal(revision=revision, story=(f"{_towards(revision, seen)}.",), notes=(note,))
