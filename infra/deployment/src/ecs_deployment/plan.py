"""What a deploy will do, decided before anything is changed: pure, so `--dry` shows exactly what would run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ecs_deployment import model, refusals
from ecs_deployment.debts import Debt
from ecs_deployment.envelope import Envelope
from ecs_deployment.known import Known, Request
from ecs_deployment.reference import pinned
from ecs_deployment.refusals import Refusal
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Expectation, judge


@dataclass(frozen=True)
class Fallback:
    """Where the service goes back to when the deploy fails.

    `desired` is sent only where it is not None. `by_ecs`: ECS's own rollback leads to the same revision.
    """

    revision: str
    desired: int | None
    proven: bool
    by_ecs: bool


@dataclass(frozen=True)
class Plan:
    """What will be done to one service. None means: not sent, so it stays as it is."""

    name: str  # as in the settings
    cluster: str
    service: str
    rolls: bool  # False: the revision runs already, only look
    tag: str
    digest: str
    expectation: Expectation  # without the revision where one will be registered
    before: str  # task definition ARN
    primary: str  # id of the deployment that is PRIMARY before ours
    content: model.Content | None  # to register
    definition: model.TaskDefinition  # what will run: where its containers log
    desired: int | None
    configuration: model.Content | None
    debts: tuple[Debt, ...]
    force: bool
    was_asleep: bool
    fallback: Fallback
    sleeps_again: bool  # something will take it back to 0 by itself
    idle: model.IdleAlarm | None = None  # what takes it there
    accepts_gap: bool = False
    story: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan(request: Request, known: Known, settings: ServiceSettings) -> Plan | Refusal:
    """The plan for one service, or why not."""
    service = known.snapshot.service
    containers = settings.containers or _only_container(known.current)
    refusal = refusals.first(known, settings, containers, request)
    if refusal:
        return refusal
    asleep = service.desired == 0
    digest, image, notes = _image(request, known, settings)
    content = _with_image(known.current.content, containers, image)
    differs = content != known.current.content
    expectation = Expectation(
        revision="" if differs else known.current.arn,
        digests=known.image.accepted if known.image else frozenset(),
        containers=containers,
        checked=tuple(d["name"] for d in content["containerDefinitions"] if d.get("healthCheck")),
    )
    borrowed, story = _borrow(known, settings)
    fallback = _fallback(known)
    if borrowed.rollback_off:
        fallback = Fallback(fallback.revision, fallback.desired, fallback.proven, by_ecs=False)
    proof = known.proven_at.get(known.current.arn)
    if asleep:
        settled = not differs and proof is not None
        again = (
            f", and sleeps again after {settings.idle_minutes} idle minutes" if settings.idle_minutes else ""
        )
        story = [f"The service is at 0: it is brought to 1 for the deploy{again}.", *story]
    else:
        settled = not differs and not judge(known.snapshot, expectation)
        if not differs and not settled and known.image:
            notes.append("The same revision is in place but is not well, so it is rolled anew.")
    rolls = not settled
    story += _superseded(service)
    if not rolls:
        story = [f"asleep, last proven {proof}" if asleep else "The same revision runs already and is well."]
    return Plan(
        name=settings.name,
        cluster=service.cluster,
        service=service.name,
        rolls=rolls,
        tag=request.tag,
        digest=digest,
        expectation=expectation,
        before=known.current.arn,
        primary=service.primary.id if service.primary else "",
        content=content if differs else None,
        definition=model.TaskDefinition(known.current.arn, "ACTIVE", content, known.current.tags),
        desired=1 if asleep else None,
        configuration=borrowed.configuration,
        debts=borrowed.debts if rolls else (),
        force=not differs,
        was_asleep=asleep,
        fallback=fallback,
        sleeps_again=known.snapshot.scaling is not None and known.snapshot.scaling.min_capacity == 0,
        idle=known.idle,
        accepts_gap=settings.interruption == "accepted" and not borrowed.start_first,
        story=tuple(story),
        notes=tuple(notes),
    )


def _superseded(service: model.Service) -> list[str]:
    """A rollout that is under way and that `refusals` let pass: the user should know that it ends here."""
    primary = service.primary
    if primary is None or primary.rollout_state != "IN_PROGRESS":
        return []
    return [
        f"This supersedes {primary.id}, which is still rolling out ({primary.failed_tasks} failed tasks)."
    ]


def _only_container(current: model.TaskDefinition) -> tuple[str, ...]:
    names = [d["name"] for d in current.content["containerDefinitions"]]
    return (names[0],) if len(names) == 1 else ()


def _image(request: Request, known: Known, settings: ServiceSettings) -> tuple[str, str, list[str]]:
    """Digest ("" where it is not known), the reference to write and what could not be checked."""
    if known.image is None:  # a registry that cannot be read: `refusals` lets only a full URI pass here
        return "", f"{settings.repository}:{request.tag}", [f"The image was not checked: {known.unchecked}"]
    notes = []
    if not known.image.architectures:
        notes.append("The image's CPU architecture was not checked: its manifest does not tell.")
    return known.image.digest, pinned(known.image.repository_uri, known.image.digest), notes


def _with_image(content: model.Content, containers: tuple[str, ...], image: str) -> dict[str, Any]:
    definitions = [
        {**definition, "image": image} if definition["name"] in containers else definition
        for definition in content["containerDefinitions"]
    ]
    return {**content, "containerDefinitions": definitions}


@dataclass(frozen=True)
class _Borrowed:
    configuration: dict[str, Any] | None
    debts: tuple[Debt, ...]
    start_first: bool
    rollback_off: bool


def _borrow(known: Known, settings: ServiceSettings) -> tuple[_Borrowed, list[str]]:
    """What is changed for the duration of the rollout, and what the user should hear about it."""
    service, scaling = known.snapshot.service, known.snapshot.scaling
    live = Envelope.of(service.configuration)
    wanted = max(service.desired, 1)
    changed: dict[str, Any] = {}
    debts: list[Debt] = []
    story: list[str] = []
    ceiling = live.ceiling
    if not live.starts_first(wanted) and settings.overlap and service.desired:
        ceiling = max(200, live.ceiling)
        changed["maximumPercent"] = ceiling
        debts.append(Debt("ceiling", live.ceiling, ceiling))
        story.append(
            f"maximumPercent is raised from {live.ceiling} to {ceiling} for the rollout (overlap = true)."
        )
    start_first = Envelope(100, ceiling).starts_first(wanted)
    if not live.keeps_all(wanted) and start_first:
        changed["minimumHealthyPercent"] = 100
        debts.append(Debt("floor", live.floor, 100))
        story.append(
            f"minimumHealthyPercent is raised from {live.floor} to 100 for the rollout and handed back after; "
            "100 is recommended for good: 100 % of 0 is 0, so it does not hinder scale-to-zero."
        )
    early = service.configuration.get("earlySuccessCriteria") or {}
    if "minimumHealthyPercent" in changed and early.get("enable") and early.get("healthyPercent", 100) < 100:
        changed["earlySuccessCriteria"] = {**early, "healthyPercent": 100}
        debts.append(Debt("early_success", early["healthyPercent"], 100))
    breaker = service.configuration.get("deploymentCircuitBreaker") or {}
    rollback_off = bool(breaker.get("enable") and breaker.get("rollback")) and not _last_completed_is_proven(
        known
    )
    if rollback_off:
        changed["deploymentCircuitBreaker"] = {**breaker, "rollback": False}
        debts.append(Debt("breaker_rollback", True, False))
        story.append(
            "ECS's own rollback is off for the rollout: it would lead to a revision that nothing has proven."
        )
    if scaling and not scaling.suspended.scale_in:
        flags = scaling.suspended
        before = {"in": flags.scale_in, "out": flags.scale_out, "scheduled": flags.scheduled}
        debts.append(Debt("suspension", before, {**before, "in": True}))
        story.append("Scale-in is suspended for the rollout and resumed after.")
    configuration = {**service.configuration, **changed} if changed else None
    return _Borrowed(configuration, tuple(debts), start_first, rollback_off), story


def _last_completed_is_proven(known: Known) -> bool:
    """Whether ECS's own rollback would lead to a revision that is known to work.

    Known to work is what a deploy of ours proved, and what serves now with all its tasks.
    """
    service = known.snapshot.service
    done = [d for d in service.deployments if d.rollout_state in ("COMPLETED", "")]
    if not done:
        return False
    last = max(done, key=lambda d: d.created_at)
    serves = service.desired >= 1 and last.running >= service.desired
    return serves or last.task_definition in known.proven[:1]


def _fallback(known: Known) -> Fallback:
    service = known.snapshot.service
    if _last_completed_is_proven(known):
        done = [d for d in service.deployments if d.rollout_state in ("COMPLETED", "")]
        last = max(done, key=lambda d: d.created_at)
        return Fallback(last.task_definition, None, proven=True, by_ecs=True)
    if known.proven:
        return Fallback(known.proven[0], None, proven=True, by_ecs=False)
    if service.desired == 0:
        return Fallback(known.current.arn, 0, proven=False, by_ecs=False)
    return Fallback(known.current.arn, None, proven=False, by_ecs=False)
