"""What a deploy will do, decided before anything is changed: pure, so `--dry` shows exactly what would run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ecs_deployment import model, refusals
from ecs_deployment.commits import Order
from ecs_deployment.debts import Debt
from ecs_deployment.fallback import Fallback, way_back
from ecs_deployment.goal import Adopted
from ecs_deployment.known import Known, Request
from ecs_deployment.plan_borrow import AS_IT_IS, borrowed_for
from ecs_deployment.reference import parse, pinned
from ecs_deployment.refusals import Refusal
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Expectation, digests_in_place, judge
from ecs_deployment.wording import wakes


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
    action: str = "deploy"  # rollback, resume, abort, wake, sleep: the same rollout with another goal
    adopts: Adopted | None = None  # the rollout that is followed instead of started
    commit: str = ""  # of what will run, "" where it is not known
    at_zero: bool = False  # no rollout: the service is taken to 0
    leave: bool = False  # what fails stays as it is: no way back, neither ours nor ECS's
    instead: Refusal | None = None  # why nothing is rolled although something should be
    overlap: bool = False  # maximumPercent may be raised
    accepts_gap: bool = False
    before_digest: str = ""  # of the image that runs now, "" where nothing tells
    story: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def goes_back(self) -> bool:
        """Whether what fails is undone: the very revision that failed is no way back, unless with the count 0."""
        back = self.fallback
        return not self.leave and (back.desired is not None or back.revision != self.expectation.revision)


def plan(request: Request, known: Known, settings: ServiceSettings) -> Plan | Refusal:
    """The plan for one service, or why not."""
    service, goal = known.snapshot.service, known.goal
    containers = settings.containers or _only_container(known.base)
    refusal = None if goal.nothing else refusals.first(known, settings, containers, request)
    if refusal and request.action == "resume" and not goal.adopts:
        # What cannot be finished still owes what it borrowed.
        idle = replace(known, goal=replace(goal, nothing="It was not finished."), wanted=None)
        only = plan(request, idle, settings)
        return replace(only, instead=refusal) if isinstance(only, Plan) else refusal
    if refusal:
        return refusal
    asleep = service.desired == 0
    change = _change(known, settings, containers)
    expectation = Expectation(
        revision="" if change.content else known.base.arn,
        digests=known.image.accepted if known.image else change.digests,
        containers=containers,
        checked=tuple(d["name"] for d in change.runs["containerDefinitions"] if d.get("healthCheck")),
    )
    empty = refusals.never_deployed(known.current, containers)
    how = "" if empty else wakes(request.environment, settings.name, known.idle)
    rolls, story, notes = _rolls(known, change, expectation, how)
    before = (goal.before if goal.adopts else "") or known.current.arn
    in_place = next(iter(digests_in_place(known.current, known.snapshot, containers)), "")
    fallback = way_back(known, expectation.revision)
    borrowed, told = (
        borrowed_for(known, settings, fallback, leave=request.leave)
        if rolls and not goal.adopts and not goal.at_zero
        else (AS_IT_IS, [])
    )
    if rolls and asleep and not goal.adopts and not goal.at_zero:
        again = (
            f", and sleeps again after {settings.idle_minutes} idle minutes" if settings.idle_minutes else ""
        )
        story.append(f"The service is at 0: it is brought to 1 for the {request.action}{again}.")
    if rolls and not goal.adopts:
        told += _superseded(service)
    return Plan(
        name=settings.name,
        cluster=service.cluster,
        service=service.name,
        action=request.action,
        rolls=rolls,
        tag=goal.tag or request.tag,
        digest=change.digest,
        expectation=expectation,
        before=before,
        primary=service.primary.id if service.primary else "",
        content=change.content,
        definition=model.TaskDefinition(known.base.arn, "ACTIVE", change.runs, known.base.tags),
        desired=0 if goal.at_zero else 1 if asleep else None,
        configuration=borrowed.configuration,
        debts=borrowed.debts,
        force=not change.differs and not goal.at_zero,
        was_asleep=goal.was_asleep or (asleep and not goal.adopts),
        fallback=fallback,
        sleeps_again=settings.sleeps_otherwise
        or (known.snapshot.scaling is not None and known.snapshot.scaling.min_capacity == 0),
        idle=known.idle,
        overlap=settings.overlap,
        accepts_gap=settings.interruption == "accepted" and not borrowed.start_first,
        before_digest=in_place if before == known.current.arn else goal.before_digest,
        story=(*goal.story, *story, *told),
        notes=(
            *goal.notes,
            *(() if goal.at_zero else change.notes),
            *notes,
            *(_unproven(known, containers) if request.action == "sleep" else ()),
            *(_order(known.order) if rolls else ()),
        ),
        commit=known.commit,
        adopts=goal.adopts,
        at_zero=goal.at_zero,
        leave=request.leave,
    )


@dataclass(frozen=True)
class _Change:
    """What will run, against what runs. `content` is to be registered, None where the revision exists."""

    runs: model.Content
    content: model.Content | None
    differs: bool
    digest: str  # "" where it is not known
    digests: frozenset[str]
    notes: tuple[str, ...]
    may_differ: bool = False  # the same tag, and nobody could ask which image that is by now


def _change(known: Known, settings: ServiceSettings, containers: tuple[str, ...]) -> _Change:
    """The content with its image. An INACTIVE revision runs in no service: its content is registered anew."""
    if known.wanted or known.goal.nothing:
        base = known.base
        pinned = {
            parse(d["image"]).digest for d in base.content["containerDefinitions"] if d["name"] in containers
        }
        digest = known.image.digest if known.image else next(iter(sorted(pinned - {""})), "")
        notes = (f"The image was not checked: {known.unchecked}",) if known.unchecked else ()
        content = base.content if base.status != "ACTIVE" and not known.goal.nothing else None
        return _Change(
            base.content, content, base.arn != known.current.arn, digest, frozenset(pinned - {""}), notes
        )
    digest, image, told = _image(known, settings)
    runs = _with_image(known.current.content, containers, image)
    differs = runs != known.current.content
    may_differ = not differs and known.image is None
    return _Change(runs, runs if differs else None, differs, digest, frozenset(), tuple(told), may_differ)


def _rolls(
    known: Known, change: _Change, expectation: Expectation, how_it_wakes: str
) -> tuple[bool, list[str], list[str]]:
    """Whether anything has to be rolled, what there is to say about it, and what to note."""
    service, goal = known.snapshot.service, known.goal
    proof = known.proven_at.get(known.current.arn)
    if goal.nothing:
        return False, [goal.nothing], []
    if goal.adopts:
        return True, [_followed(goal.adopts, service)], []
    if goal.at_zero:
        resting = service.desired == 0 and service.running == 0 and not change.differs
        return (
            not resting,
            [_rests(known, how_it_wakes, resting=resting)],
            [],
        )
    if change.differs:
        return True, [], []
    if change.may_differ:
        return (
            True,
            [],
            [f"Tag {goal.image} may name another image by now, so the same revision is rolled anew."],
        )
    if service.desired == 0:
        settled = proof is not None and not goal.wakes
        return not settled, [f"asleep, last proven {proof}"] if settled else [], []
    if not judge(known.snapshot, expectation):
        return False, ["The same revision runs already and is well."], []
    note = "The same revision is in place but is not well, so it is rolled anew."
    return True, [], [note] if known.image else []


def _order(order: Order | None) -> tuple[str, ...]:
    """What there is to say about the order of commits where it is not plainly forward."""
    if order is None or order.kind in ("newer", "same"):
        return ()
    if order.kind == "older":
        return (
            f"Commit {order.commit[:12]} is older than {order.running[:12]}: deployed all the same (--force).",
        )
    if order.kind == "apart":
        return (f"Commits {order.commit[:12]} and {order.running[:12]} are on different branches.",)
    if order.commit and order.running:
        why = f"this clone does not know both {order.commit[:12]} and {order.running[:12]}"
    elif order.commit or order.running:
        why = f"no commit is known of {'what runs' if order.commit else 'this tag'}"
    else:
        why = "neither image names its commit"
    return (f"Commit order not checked: {why}.",)


def _followed(adopts: Adopted, service: model.Service) -> str:
    primary = service.primary
    if adopts.taken_over_by or primary is None:
        return f"{adopts.taken_over_by} took its place."
    state = "is still rolling out" if primary.rollout_state == "IN_PROGRESS" else "is in place"
    way = "leads back" if adopts.leads_back else "is followed"
    return f"{primary.id} to {primary.task_definition.rsplit('/', 1)[-1]} {state}: it {way} from here."


def _rests(known: Known, how_it_wakes: str, *, resting: bool) -> str:
    if resting:
        return f"It is at 0 already, on {known.current.short}. {how_it_wakes}".rstrip()
    back = f" on {known.base.short}" if known.base.arn != known.current.arn else ""
    return f"The desired count is set to 0{back}."


def _unproven(known: Known, containers: tuple[str, ...]) -> tuple[str, ...]:
    """What to do about a revision that goes to sleep with nothing known of how it is awake."""
    if known.current.arn in known.proven_at:
        return ()
    if refusals.never_deployed(known.current, containers):
        return ("Nothing was ever deployed: `inv app.deploy --tag TAG` does that.",)
    return (f"No run has proven {known.current.short}: `inv app.wake` proves it.",) if known.kept else ()


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


def _image(known: Known, settings: ServiceSettings) -> tuple[str, str, list[str]]:
    """Digest ("" where it is not known), the reference to write and what could not be checked."""
    if known.image is None:  # a registry that cannot be read: `refusals` lets only a full URI pass here
        return (
            "",
            f"{settings.repository}:{known.goal.image}",
            [f"The image was not checked: {known.unchecked}"],
        )
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
