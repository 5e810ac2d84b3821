"""The way back: which revision, who leads there (ECS's own rollback, or we), and when it has arrived. Pure."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment import model
from ecs_deployment.attention import FOR_THE_PROOF, out_of_time
from ecs_deployment.diagnose import Cause
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_evident import cause_of, outlives_the_failed, serving, way_back_fails
from ecs_deployment.rollout_state import (
    Effect,
    GoBackTo,
    Observation,
    Phase,
    State,
    StopDeployment,
    doubting,
    entered,
    is_late,
    status_of,
)
from ecs_deployment.verdict import Expectation, judge


def fail(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """Our rollout failed: go back, or leave it where the user wants that or nothing else is known."""
    state = replace(state, cause=state.cause or cause_of(state, seen))
    if not _leads(state):
        return replace(state, outcome=Outcome.INTERRUPTED if state.interrupted else Outcome.FAILED), ()
    state, deployment = _back(state, seen), seen.snapshot.deployment
    if _by_ecs(state) and deployment and deployment.status in ("PENDING", "IN_PROGRESS"):
        return state, (StopDeployment(deployment.arn),)
    return state, (GoBackTo(state.back_to, state.plan.fallback.desired),)


def retreat_by_ecs(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """ECS rolls back by itself. Where that leads to the wrong revision, we lead it on."""
    state = _back(replace(state, cause=state.cause or cause_of(state, seen)), seen)
    if _by_ecs(state) or not _leads(state):
        return state, ()
    return state, (GoBackTo(state.back_to, state.plan.fallback.desired),)


def went_back(state: State, service: model.Service) -> State:
    """Record the deployment that a `GoBackTo` started."""
    primary = service.primary
    if primary is None:
        return state
    return replace(state, fallback_deployment=primary.id, back_to=primary.task_definition)


def retreating(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """One step on the way back, until the earlier revision is proven well or evidently does not come up."""
    service, fallback = seen.snapshot.service, state.plan.fallback
    primary = service.primary
    failed = Outcome.INTERRUPTED if state.interrupted else Outcome.FAILED
    if primary is None:
        return replace(state, outcome=failed), ()
    ended = primary.rollout_state != "IN_PROGRESS"
    if not _leads(state) and primary.id not in state.ours and primary.created_at < state.created:
        state = replace(state, back_to=primary.task_definition)  # wherever ECS goes
    leads_back = primary.id not in state.ours and primary.task_definition == state.back_to
    if leads_back and _may_be_from_before(state, seen):
        if stale := doubting(state, primary.id, seen.now):
            return stale, ()
    else:
        state = replace(state, doubt="")
    if leads_back and fallback.desired == 0:
        if ended and service.desired == 0 and service.running == 0:
            return replace(state, outcome=failed), ()
    elif leads_back and seen.read >= FOR_THE_PROOF and not judge(seen.snapshot, _expected_back(state)):
        state = serving(state, seen, frozenset({primary.id}))
        if not outlives_the_failed(state, seen, frozenset({primary.id})):
            return state, ()
        back = Outcome.INTERRUPTED if state.interrupted else Outcome.ROLLED_BACK
        return replace(state, outcome=back), ()
    if leads_back and (gave_up := way_back_fails(state, seen, primary)):
        return replace(state, outcome=failed, way_back=gave_up), ()
    if is_late(state, primary):
        state = replace(state, ours=(primary.id, *state.ours))
        return state, (GoBackTo(state.back_to, fallback.desired),) if _leads(state) else ()
    stranger = primary.id not in (*state.ours, state.fallback_deployment)
    if stranger and not leads_back and primary.created_at >= state.created:
        return taken_over(state, primary)
    if primary.id in state.ours and not state.fallback_deployment and _ecs_will_not_go_back(state, seen):
        if not _leads(state):
            return replace(state, outcome=failed), ()
        return state, (GoBackTo(state.back_to, fallback.desired),)
    if out_of_time(state, seen.now):
        return replace(state, outcome=failed), ()
    return state, ()


def taken_over(state: State, primary: model.Deployment) -> tuple[State, tuple[Effect, ...]]:
    """Superseded: somebody else's deployment is in place, and it stays theirs."""
    cause = Cause(
        f"Another deployment took over: {primary.id} to {_short(primary.task_definition)}.",
        "See who started it (`inv app.status`); repeat the command if yours should win.",
    )
    return replace(state, outcome=Outcome.SUPERSEDED, cause=cause), ()


def _back(state: State, seen: Observation) -> State:
    fallback = state.plan.fallback.revision
    back = entered(state, Phase.RETREATING, seen.now)
    return replace(back, back_to=fallback, waiting_for=f"{_short(fallback)} to be back")


def _leads(state: State) -> bool:
    """Whether a rollout that fails is led back by us: what is to be left as it is we only watch."""
    return state.limits.roll_back and state.plan.goes_back


def _by_ecs(state: State) -> bool:
    """Whether ECS's own rollback leads where we want to go. A rollout of ours that was taken to 0 counts as
    completed to ECS, and then it leads there."""
    return state.plan.fallback.by_ecs and not state.raised


def _may_be_from_before(state: State, seen: Observation) -> bool:
    """Whether an answer that lags behind would look the same: before our rollout the service ran this, too."""
    service = seen.snapshot.service
    if status_of(state, seen) == "ROLLBACK_SUCCESSFUL":
        return False
    if state.fallback_deployment:
        return service.primary is not None and service.primary.id != state.fallback_deployment
    known = any(d.id in state.ours for d in service.deployments)
    return not known and all(event.at < state.created for event in service.events)


def _ecs_will_not_go_back(state: State, seen: Observation) -> bool:
    """Our deployment is in place for good, although ECS was asked to go back: it ended in that very moment."""
    return status_of(state, seen) in ("SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED")


def _expected_back(state: State) -> Expectation:
    return Expectation(state.back_to, frozenset(), ())


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
