"""One service on its way through a deploy: what the loop knows of it between two looks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ecs_deployment import events, model
from ecs_deployment.borrow import Settlement
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.diagnose import Cause
from ecs_deployment.errors import Denied
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.journal import Held
from ecs_deployment.lease import Lease
from ecs_deployment.outcome import Outcome, Result, Stage
from ecs_deployment.pace import Pace
from ecs_deployment.patience import Hands
from ecs_deployment.plan import Plan
from ecs_deployment.probe import Probe
from ecs_deployment.rollout_evident import GOES_ON, failures_allowed
from ecs_deployment.rollout_state import Limits, Phase, State, deployment_of
from ecs_deployment.verdict import not_asked
from ecs_deployment.wording import wakes

_WATCH = "Watch it with `inv app.status`: it may only need more time, and the next deploy a longer --timeout."


@dataclass(frozen=True)
class Loop:
    """What the loop is given: the world, time, and where to tell."""

    cloud: Cloud
    clock: Clock
    sink: events.Sink
    interrupts: Interrupts
    limits: Limits
    blind_patience: float = 120.0  # seconds without any answer before a rollout is called undecided
    pace: Pace | None = None  # where many services share AWS's limits


@dataclass(frozen=True)
class Holding:
    """A proven service that only waits for the idle alarm before scale-in is resumed."""

    since: float
    outcome: Outcome
    settled: Settlement  # what is back already


@dataclass
class Job:
    """Mutable on purpose, and the only thing in the loop that is."""

    plan: Plan
    held: Held
    hands: Hands
    began: float
    lease: Lease
    probe: Probe | None = None
    unmeasured: str = ""  # why no traffic was measured
    state: State | None = None
    seen: model.Snapshot | None = None
    next_look: float = 0.0
    denied: Denied | None = None  # a part of the picture that may not be read: nothing can be proven then
    blind_since: float | None = None  # since when no look succeeded
    unsent_since: float | None = None  # since when what the rollout asks for could not be sent
    told: set[str] = field(default_factory=set)  # events of the service that were already passed on
    notes: list[str] = field(default_factory=list)  # what the user should know besides
    stages: list[tuple[str, float]] = field(default_factory=list)  # (name, begin)
    holding: Holding | None = None
    result: Result | None = None

    @property
    def rolls(self) -> bool:
        """Whether something was still rolling when we last looked, whoever started it."""
        service, state = self.service, self.state
        left = state is not None and state.outcome is Outcome.INTERRUPTED and state.phase is Phase.ROLLING
        if service and state and left and deployment_of(service, state.newest) is None:
            return True  # it was left to go on by itself, and this answer is from before it
        primary = service.primary if service else None
        return bool(service and service.desired and primary and primary.rollout_state == "IN_PROGRESS")

    @property
    def service(self) -> model.Service | None:
        """The service as it was seen last, by the rollout or, where there is none, by planning."""
        if self.state is not None:
            return self.state.last
        return self.seen.service if self.seen else None

    @property
    def holds_out(self) -> bool:
        """Whether tasks of an earlier deployment serve in place of one that failed: only the floor keeps them."""
        service = self.service
        primary = service.primary if service else None
        if not service or not service.desired or primary is None or primary.rollout_state != "FAILED":
            return False
        return any(d.running for d in service.deployments if d is not primary)

    def enter(self, stage: str, now: float) -> None:
        """Note that a stage began, unless it is the one we are in."""
        if not self.stages or self.stages[-1][0] != stage:
            self.stages.append((stage, now))

    def traffic(self) -> model.Traffic | None:
        """What the probe measured so far, None where there is no probe."""
        return self.probe.traffic() if self.probe else None

    def timeline(self, now: float) -> tuple[Stage, ...]:
        """Every stage with its seconds; one that came back is summed."""
        ends = [begin for _, begin in self.stages[1:]] + [now]
        seconds: dict[str, float] = {}
        for (name, begin), end in zip(self.stages, ends, strict=True):
            seconds[name] = seconds.get(name, 0.0) + end - begin
        return tuple(Stage(name, round(spent, 1)) for name, spent in seconds.items())


def progress(job: Job, now: float) -> events.Progress:
    """The picture of this moment, for the report."""
    assert job.state is not None
    assert job.seen is not None
    state, service = job.state, job.seen.service
    new = [d for d in service.deployments if d.id in state.ours]
    old = [d for d in service.deployments if d not in new]
    addresses = {a for t in job.seen.running if t.started_by in state.ours for a in t.addresses}
    counted: dict[str, int] = {}
    for target in job.seen.targets:
        if not addresses or target.id in addresses:
            counted[target.state] = counted.get(target.state, 0) + 1
    deployment = job.seen.deployment
    return events.Progress(
        service=job.plan.name,
        stage=job.stages[-1][0] if job.stages else "preparing",
        elapsed=now - job.began,
        waiting_for=state.waiting_for,
        old_revision=_short(job.plan.before),
        new_revision=_short(state.revision),
        old_running=sum(d.running for d in old),
        new_running=sum(d.running for d in new),
        new_pending=sum(d.pending for d in new),
        desired=service.desired,
        targets=tuple(sorted(counted.items())),
        failures=max((d.failed_tasks for d in new), default=0),
        failures_allowed=(deployment.threshold if deployment else 0) or failures_allowed(service.desired),
        traffic=job.traffic(),
    )


def result(job: Job, outcome: Outcome, settlement: Settlement, now: float) -> Result:
    """The record of a finished job."""
    state, plan = job.state, job.plan
    cause = state.cause if state else None
    traffic = job.probe.stop() if job.probe else None
    if job.unmeasured:
        traffic = model.Traffic(0, 0, 0, 0, measured=False, why_not=job.unmeasured)
    final = Result(
        service=plan.name,
        outcome=outcome,
        digest=plan.digest,
        revision=_short(state.revision) if state else _short(plan.expectation.revision),
        before=_short(plan.before),
        before_digest=plan.before_digest,
        deployment_id=state.newest if state else "",
        was_asleep=plan.was_asleep,
        sleeps_again=plan.sleeps_again,
        action=plan.action,
        tag=plan.tag,
        probe=traffic,
        seconds=round(now - job.began, 1),
        cause=cause.text if cause else "",
        advice=_advice(cause, kept=job.held.kept) if cause else "",
        evidence=cause.evidence if cause else (),
        handed_back=settlement.handed_back,
        owed=settlement.owed,
        stages=job.timeline(now),
        notes=(*plan.notes, *job.notes),
        unchecked=_unchecked(job, outcome),
        proven=bool(state and state.proven),
        kept=job.held.kept,
        unsettled=outcome in (Outcome.INTERRUPTED, Outcome.UNDECIDED, Outcome.UNEXPECTED)
        and (bool(settlement.owed) or _open(job)),
    )
    return replace(final, summary=_summary(final, job))


def _open(job: Job) -> bool:
    """Whether the rollout, or the way back from it, may not be over. A sleep has none: tasks drain by themselves."""
    state = job.state
    if job.plan.action == "sleep":
        return False
    return state is not None and not state.proven and (job.rolls or state.phase is not Phase.RETREATING)


def _advice(cause: Cause, *, kept: bool) -> str:
    return cause.advice if kept else cause.advice.replace(GOES_ON, _WATCH)


def _unchecked(job: Job, outcome: Outcome) -> tuple[str, ...]:
    """What a verdict that the service is well does not rest on; its traffic has a line of its own."""
    service, state = job.service, job.state
    if service is not None and outcome is Outcome.UNCHANGED:
        return unchecked_as_it_is(job.plan, service)
    if service is None or state is None:
        return ()
    if state.proven:
        return not_asked(service, job.plan.expectation)
    return not_asked(service, None) if outcome is Outcome.ROLLED_BACK else ()


def unchecked_as_it_is(plan: Plan, service: model.Service) -> tuple[str, ...]:
    """The same of a service that is left as it is. What sleeps was not judged, nor what only had to be settled."""
    judged = service.desired > 0 and plan.action in ("deploy", "rollback", "wake")
    return not_asked(service, plan.expectation) if judged else ()


def _summary(final: Result, job: Job) -> str:
    """One sentence: the state the service is in now."""
    plan, state = job.plan, job.state
    # Where its definition was inactive, the way back led to a new revision of the same content.
    back = _short(state.back_to if state and state.back_to else plan.fallback.revision)
    match final.outcome:
        case Outcome.DEPLOYED | Outcome.DEPLOYED_WITH_LOSS if plan.was_asleep and plan.sleeps_again:
            return f"{final.revision} is proven and awake; it sleeps again once it is idle."
        case Outcome.DEPLOYED | Outcome.DEPLOYED_WITH_LOSS:
            return f"{final.revision} is proven and serves."
        case Outcome.UNCHANGED:
            return " ".join(plan.story)
        case Outcome.ASLEEP:
            how = wakes(job.held.entry.environment, plan.name, plan.idle)
            return f"The service is at 0, on {final.revision}. {how}"
        case _ if plan.action == "sleep" and state is not None and state.last is not None:
            return _stands(state.last)
        case Outcome.ROLLED_BACK:
            return f"The service is well, on {back} again."
        case Outcome.UNEXPECTED if state is None:
            return "Whether the rollout began is not known."
        case Outcome.UNDECIDED | Outcome.UNEXPECTED:
            return f"{final.revision} may still be rolling out, and nobody watches it any more."
        case Outcome.SUPERSEDED:
            return "Another deployment decides now what runs."
        case Outcome.FAILED if plan.fallback.desired == 0 and not job.rolls:
            why = "it did not wake" if plan.action == "wake" else "nothing had been proven before it"
            return f"The service is at 0 again, on {back}: {why}."
        case Outcome.INTERRUPTED if state is not None and state.proven:
            return f"{final.revision} was proven before the interrupt, and serves."
        case Outcome.INTERRUPTED if state is not None and _open(job) and state.phase is Phase.RETREATING:
            return f"The service was on its way back to {back}, and may not be there yet."
        case Outcome.INTERRUPTED if state is not None and state.last is not None and not state.last.desired:
            return _stands(state.last)
        case Outcome.INTERRUPTED if state is not None and _open(job):
            return f"{final.revision} may still be rolling out, and nobody watches it any more."
        case Outcome.INTERRUPTED if state is not None:
            return f"The service went back to {back}."
        case Outcome.FAILED if state is not None and state.last is not None:
            return f"{_way_back(state)}{_stands(state.last)}"
        case _:
            return "Nothing was rolled out; the service is as it was."


def _way_back(state: State) -> str:
    """Why going back did not help either, as far as that is known."""
    if state.phase is not Phase.RETREATING:
        nowhere = not (state.plan.goes_back or state.plan.leave)
        return "No earlier revision is known to work, so nothing was undone: " if nowhere else ""
    why = state.way_back.text if state.way_back else "it was not well in time."
    return f"The way back to {_short(state.back_to)} failed too: {why[0].lower()}{why[1:]} "


def _stands(service: model.Service) -> str:
    """Where the service was when we last looked."""
    on = f"the service is on {_short(service.task_definition)}"
    if not service.desired:
        drains = f"; {service.running} of its tasks may still be stopping" if service.running else ""
        return f"{on[0].upper()}{on[1:]}, at 0{drains}."
    return f"{service.running} of {service.desired} tasks run; {on}."


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
