"""`app.verify`: is what should run what runs, awake or asleep as it should be, with nothing borrowed left behind?

Reads only. The judgement itself is `verdict`'s; here stand the questions that a deploy does not have to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ecs_deployment import model, observe, suggest, verdict
from ecs_deployment.armed import armed
from ecs_deployment.cloud import Cloud
from ecs_deployment.envelope import Envelope
from ecs_deployment.errors import Denied, Refused
from ecs_deployment.journal import Entry, is_held, journal_path, last_proven, read
from ecs_deployment.journal_say import command
from ecs_deployment.probe import Probe
from ecs_deployment.reference import parse
from ecs_deployment.refusals import never_deployed
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Expectation, Finding
from ecs_deployment.when import moment


@dataclass(frozen=True)
class Verified:
    """What was found about one service. No findings: all is as it should be; `story` says what that is."""

    service: str
    revision: str
    digest: str
    asleep: bool
    findings: tuple[Finding, ...]
    story: tuple[str, ...]


def verify(
    settings: ServiceSettings,
    snapshot: model.Snapshot,
    current: model.TaskDefinition,
    image: model.Image | None,
    entries: tuple[Entry, ...],
    *,
    locked: bool,
) -> Verified:
    """Judge one service. `image` is the one that should run, None where no tag was named.

    `locked`: a living run holds the journal's lock, so that what is borrowed is not left behind.
    """
    containers = settings.containers or tuple(d["name"] for d in current.content["containerDefinitions"])
    pinned = {d["name"]: parse(d["image"]).digest for d in current.content["containerDefinitions"]}
    digests = {pinned[name] for name in containers if pinned.get(name)}
    expected = Expectation(
        revision=current.arn,
        digests=image.accepted if image else frozenset(digests),
        containers=containers,
        checked=tuple(d["name"] for d in current.content["containerDefinitions"] if d.get("healthCheck")),
    )
    asleep = snapshot.service.desired == 0
    proof = last_proven([e for e in entries if e.revision == current.arn])
    if asleep:
        findings = [*_asleep(settings, snapshot, current, proof, containers), *_other_image(image, digests)]
        when = f", last proven {moment(proof.finished)}" if proof else ""
        story = [f"asleep at desired 0{when}"]
    else:
        findings = list(verdict.judge(snapshot, expected))
        story = [f"{snapshot.service.running} of {snapshot.service.desired} tasks run"]
    findings += _left_behind(snapshot, entries, locked=locked)
    story += _advice(snapshot)
    digest = image.digest if image else next(iter(sorted(digests)), "")
    return Verified(settings.name, current.short, digest, asleep, tuple(findings), tuple(story))


def _asleep(
    settings: ServiceSettings,
    snapshot: model.Snapshot,
    current: model.TaskDefinition,
    proof: Entry | None,
    containers: tuple[str, ...],
) -> Iterator[Finding]:
    """A service may sleep where it is meant to, and only on a revision that was proven while it was awake."""
    meant = settings.idle_minutes is not None or (snapshot.scaling and snapshot.scaling.min_capacity == 0)
    if not meant:
        yield Finding("asleep", "the service is at 0, and nothing says that it may sleep")
    if never_deployed(current, containers):
        yield Finding("unproven", "nothing was ever deployed; `inv app.deploy --tag TAG`")
    elif proof is None:
        text = f"the service is at 0 on {current.short}, which no deploy has proven; `inv app.wake` proves it"
        yield Finding("unproven", text)


def _other_image(image: model.Image | None, digests: set[str]) -> Iterator[Finding]:
    if image and not digests & image.accepted:
        yield Finding("digest", f"the service sleeps on another image than {image.tag} ({image.digest})")


def _left_behind(snapshot: model.Snapshot, entries: tuple[Entry, ...], *, locked: bool) -> Iterator[Finding]:
    if locked:
        return
    newest = entries[0] if entries else None
    if newest and newest.debts:
        owed = ", ".join(debt.what for debt in newest.debts)
        yield Finding(
            "owed",
            f"a {newest.action or 'run'} by {newest.owner} still owes: {owed}; `{command(newest, 'resume')}`",
        )
    elif newest and newest.readable and not newest.outcome:
        yield Finding(
            "unfinished",
            f"a {newest.action or 'run'} by {newest.owner} never ended; `{command(newest, 'resume')}`",
        )
    rolling = snapshot.service.primary is not None and snapshot.service.primary.rollout_state == "IN_PROGRESS"
    if snapshot.scaling and snapshot.scaling.suspended.scale_in and not rolling:
        yield Finding(
            "suspended", "scale-in is suspended and nothing rolls: the service will not go to sleep"
        )


def _advice(snapshot: model.Snapshot) -> Iterator[str]:
    live = Envelope.of(snapshot.service.configuration)
    if not live.keeps_all(max(snapshot.service.desired, 1)):
        yield (
            f"deployment configuration {live}: set minimumHealthyPercent to 100, since anything else may stop the "
            "last task first; our deploys raise it for their duration"
        )


def look(cloud: Cloud, settings: ServiceSettings, prefix: str, tag: str, *, send: bool) -> Verified:
    """Read everything about one service and judge it. `send`: one request to its url as well, if it is awake."""
    cluster, name = observe.named(settings)
    snapshot = observe.whole(cloud, cluster, name)
    current = cloud.task_definition(snapshot.service.task_definition)
    path = "" if prefix == "off" else journal_path(prefix, cluster, name)
    entries = read(cloud, path) if path else ()
    image, unchecked = observe.image(cloud, settings, tag) if tag else (None, "")
    if tag and image is None and not unchecked:
        raise Refused(
            f"The registry has no image with tag {tag} in repository {settings.repository!r}.",
            suggest.tags(tag, observe.tags(cloud, settings)) or "Check --tag.",
        )
    found = verify(
        settings, snapshot, current, image, entries, locked=bool(path) and is_held(cloud, path, entries)
    )
    found = _with_sleep(cloud, settings, snapshot, found)
    if unchecked:
        found = replace(found, story=(*found.story, f"the image was not checked: {unchecked}"))
    if not send or found.asleep or not settings.url:
        return found
    answer = Probe(settings.url.rstrip("/") + settings.health_path).baseline()
    if answer.ok:
        return replace(found, story=(*found.story, f"{settings.health_path} answers {answer.status}"))
    return replace(found, findings=(*found.findings, Finding("traffic", answer.reason)))


def _with_sleep(
    cloud: Cloud, settings: ServiceSettings, snapshot: model.Snapshot, found: Verified
) -> Verified:
    """The same with what keeps a service that should sleep from it, or from waking."""
    if settings.sleeps_otherwise:
        return replace(found, story=(*found.story, "something else puts it to sleep, which is not looked at"))
    if settings.idle_minutes is None:
        return found
    idle = None
    if snapshot.scaling is not None:
        try:
            idle = cloud.idle_alarm(snapshot.service.cluster, snapshot.service.name)
        except Denied as error:
            return replace(found, story=(*found.story, f"its alarms were not checked: {error.what}"))
    wrong = tuple(armed(settings, snapshot.scaling, idle))
    if wrong or idle is None:
        return replace(found, findings=(*found.findings, *wrong))
    return replace(
        found, story=(*found.story, f"it sleeps after {settings.idle_minutes} idle minutes, and wakes")
    )
