"""`app.verify`: is what should run what runs, awake or asleep as it should be, with nothing borrowed left behind?

Reads only. The judgement itself is `verdict`'s; here stand the questions that a deploy does not have to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ecs_deployment import model, observe, suggest, verdict
from ecs_deployment.armed import armed
from ecs_deployment.borrow import names
from ecs_deployment.cloud import Cloud
from ecs_deployment.envelope import Envelope
from ecs_deployment.errors import Denied, Refused
from ecs_deployment.journal import Entry, is_held, journal_path, last_proven, read, tag_of
from ecs_deployment.journal_say import command
from ecs_deployment.probe import Probe
from ecs_deployment.reference import parse
from ecs_deployment.refusals import never_deployed
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Expectation, Finding, digests_in_place
from ecs_deployment.when import moment

_DIGITS = 12  # of a digest: enough to tell images apart


@dataclass(frozen=True)
class Verified:
    """What was found about one service. No findings: all is as it should be; `story` says what that is.

    `digest` is the image in place, "" where nothing pins or reports it, and `tag` what our runs called it;
    `expected` is the image that was asked for, None where no tag was named.
    """

    service: str
    revision: str
    digest: str
    asleep: bool
    findings: tuple[Finding, ...]
    story: tuple[str, ...]
    tag: str = ""
    expected: model.Image | None = None


def verify(
    settings: ServiceSettings,
    snapshot: model.Snapshot,
    current: model.TaskDefinition,
    image: model.Image | None,
    entries: tuple[Entry, ...] | None,
    *,
    locked: bool,
) -> Verified:
    """Judge one service. `image` is the one that should run, None where no tag was named.

    `entries` is the journal, newest first; None where it is off, so that nothing can be known as proven.
    `locked`: a living run holds the journal's lock, so that what is borrowed is not left behind.
    """
    definitions = current.content["containerDefinitions"]
    containers = settings.containers or tuple(d["name"] for d in definitions)
    digests = digests_in_place(current, snapshot, containers)
    asleep = snapshot.service.desired == 0
    other = image if image and (digests or asleep) and not image.accepted & set(digests) else None
    pinned = {parse(d["image"]).digest for d in definitions if d["name"] in containers} - {""}
    expected = Expectation(
        revision=current.arn,
        # Of another image than the one asked for that is said once, and each task is held against its own revision.
        digests=image.accepted if image and not other else frozenset(pinned),
        containers=containers,
        checked=tuple(d["name"] for d in definitions if d.get("healthCheck")),
    )
    kept, entries = entries is not None, entries or ()
    proof = last_proven([e for e in entries if e.revision == current.arn])
    if asleep:
        findings = [*_asleep(settings, snapshot, current, containers, proven=bool(proof) or not kept)]
        when = f", last proven {moment(proof.finished)}" if proof else ""
        story = [f"asleep at desired 0{when if kept else ', and no journal tells whether it was proven'}"]
    else:
        found = verdict.judge(snapshot, expected)
        findings = [_whose(one, snapshot.service, entries, locked=locked) for one in found]
        story = [f"{snapshot.service.running} of {snapshot.service.desired} tasks run"]
    digest = next(iter(digests), "")
    if other:
        on = brief(tag_of(entries, current.arn), digest) or "an image whose digest is not known"
        wanted = brief(other.tag, other.digest)
        how = "sleeps on" if asleep else "runs"
        cure = f"`inv app.deploy --tag {other.tag}`"
        findings.append(Finding("digest", f"the service {how} {on}, and not {wanted}; {cure}"))
    findings += _left_behind(snapshot, entries, locked=locked)
    story += _advice(snapshot)
    story += [] if asleep else _unchecked(settings, snapshot.service, expected)
    return Verified(
        settings.name,
        current.short,
        digest,
        asleep,
        tuple(findings),
        tuple(story),
        tag=tag_of(entries, current.arn),
        expected=image,
    )


def at_work(entry: Entry) -> str:
    """A run in words: "the deploy of demo-2 by ann@laptop"."""
    tag = f" of {entry.tag}" if entry.tag else ""
    return f"the {entry.action or 'run'}{tag} by {entry.owner or 'somebody'}"


def brief(tag: str, digest: str) -> str:
    """ "demo (sha256:a1f3c27b09de)", as far as it is known."""
    short = digest[: len("sha256:") + _DIGITS]
    return f"{tag} ({short})" if tag and short else tag or short


def run_of(entry: Entry) -> str:
    """ "an abort by root@vm:17": which run of ours an entry is of."""
    action = entry.action or "run"
    return f"{'an' if action[0] in 'aeiou' else 'a'} {action} by {entry.owner}"


def _asleep(
    settings: ServiceSettings,
    snapshot: model.Snapshot,
    current: model.TaskDefinition,
    containers: tuple[str, ...],
    *,
    proven: bool,
) -> Iterator[Finding]:
    """A service may sleep where it is meant to, and only on a revision that was proven while it was awake."""
    meant = settings.idle_minutes is not None or (snapshot.scaling and snapshot.scaling.min_capacity == 0)
    if never_deployed(current, containers):  # its stack begins at 0, whatever it is meant to do
        yield Finding("unproven", "nothing was ever deployed; `inv app.deploy --tag TAG`")
        return
    if not meant:
        cure = "`inv app.wake` brings it back, `scale_to_zero` in environments.toml lets it sleep"
        yield Finding("asleep", f"the service is at 0, and nothing says that it may sleep; {cure}")
    if not proven:
        text = f"the service is at 0 on {current.short}, which no deploy has proven; `inv app.wake` proves it"
        yield Finding("unproven", text)


def _whose(one: Finding, service: model.Service, entries: Sequence[Entry], *, locked: bool) -> Finding:
    """What rolls is somebody's: who that is, and what to do about it."""
    if one.code != "rollout" or not one.waiting:
        return one
    newest = next((e for e in entries if e.readable), None)
    if newest and locked:
        whose = f"{at_work(newest)} is at it; `inv app.verify --wait-for-lock 10m` waits for that"
    elif newest and service.primary and service.primary.id in newest.deployments:
        whose = f"{at_work(newest)} began it and is gone; `{command(newest, 'resume')}` goes on"
    else:
        whose = "no run that is at work is known; `inv app.status` shows what moves"
    return replace(one, text=f"{one.text}: {whose}")


def _left_behind(snapshot: model.Snapshot, entries: tuple[Entry, ...], *, locked: bool) -> Iterator[Finding]:
    if locked:
        return
    newest = entries[0] if entries else None
    if newest and newest.debts:
        text = f"{run_of(newest)} still owes: {names(newest.debts)}; `{command(newest, 'resume')}`"
        yield Finding("owed", text)
    elif newest and newest.readable and not newest.outcome:
        yield Finding("unfinished", f"{run_of(newest)} never ended; `{command(newest, 'resume')}`")
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


def _unchecked(settings: ServiceSettings, service: model.Service, expected: Expectation) -> Iterator[str]:
    missing = [*verdict.not_asked(service, expected), *([] if settings.url else ["traffic (no url)"])]
    if missing:
        yield f"not checked: {', '.join(missing)}"


def look(cloud: Cloud, settings: ServiceSettings, prefix: str, tag: str, *, send: bool) -> Verified:
    """Read everything about one service and judge it. `send`: one request to its url as well, if it is awake."""
    cluster, name = observe.named(settings)
    snapshot = observe.whole(cloud, cluster, name)
    current = cloud.task_definition(snapshot.service.task_definition)
    path = "" if prefix == "off" else journal_path(prefix, cluster, name)
    entries = read(cloud, path) if path else None
    image, unchecked = observe.image(cloud, settings, tag) if tag else (None, "")
    if tag and image is None and not unchecked:
        raise Refused(
            f"The registry has no image with tag {tag} in repository {settings.repository!r}.",
            suggest.tags(tag, observe.tags(cloud, settings)) or "Check --tag.",
        )
    found = verify(
        settings,
        snapshot,
        current,
        image,
        entries,
        locked=entries is not None and is_held(cloud, path, entries),
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
