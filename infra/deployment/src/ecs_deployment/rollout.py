"""A rollout, step by step: (State, Observation) -> (State, effects). Pure: it decides, `drive` acts.

Phases: ROLLING until ECS says the rollout is over, PROVING until one full look finds nothing wrong, or
RETREATING until the service is proven well on the revision it goes back to; then an outcome is set. EMPTYING is
the whole way of a service that is taken to 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ecs_deployment import model
from ecs_deployment.attention import FOR_THE_PROOF, old_gone, out_of_time, waiting_for
from ecs_deployment.diagnose import Cause, failures
from ecs_deployment.outcome import BY_A_SIGNAL, Outcome
from ecs_deployment.plan import Plan
from ecs_deployment.rollout_back import fail, retreat_by_ecs, retreating, taken_over
from ecs_deployment.rollout_empty import emptying
from ecs_deployment.rollout_evident import (
    UNSEEN_PATIENCE,
    evident_failure,
    evident_loop,
    outlives_the_failed,
    serving,
    still_rolling,
)
from ecs_deployment.rollout_state import (
    Effect,
    Limits,
    Observation,
    Part,
    Phase,
    RaiseAgain,
    State,
    deployment_of,
    doubting,
    entered,
    is_late,
    status_of,
)
from ecs_deployment.verdict import judge

RAISES_AT_MOST = 3  # how often a desired count that fell to 0 is raised again


def awake(plan: Plan) -> Plan:
    """The plan for a service that somebody has woken since it was read at 0: it is not put to sleep again."""
    return replace(plan, desired=None, was_asleep=False, fallback=replace(plan.fallback, desired=None))


def begin(plan: Plan, revision: str, service: model.Service, limits: Limits, now: float) -> State:
    """The state after the one UpdateService call; `service` is its answer, which names our deployment."""
    primary = service.primary
    if primary is None:
        raise ValueError("UpdateService answered without a PRIMARY deployment")
    if plan.desired and service.desired > plan.desired:  # woken by somebody else: we do not put that to sleep
        plan = awake(plan)
    # Where an answer was lost and the call repeated, two deployments are ours; only we know a new revision.
    twice = [d.id for d in service.deployments if plan.content is not None and d.task_definition == revision]
    return State(
        plan,
        revision,
        _newest_last(twice, primary.id),
        limits,
        began=now,
        progressed=now,
        created=primary.created_at,
        asked=now,
        last=service,
        desired=service.desired or 1,
    )


def step(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """What one look means: the next state, and what is to be done now."""
    state = _progress(state, seen)
    if seen.interrupted and not state.interrupted:
        return _interrupt(replace(state, interrupted=True), seen)
    if state.phase is Phase.ROLLING:
        return _rolling(state, seen)
    if state.phase is Phase.PROVING:
        return _proving(state, seen)
    if state.phase is Phase.EMPTYING:
        return emptying(state, seen), ()
    return retreating(state, seen)


def raised(state: State, service: model.Service) -> State:
    """Record the deployment that a `RaiseAgain` started."""
    if service.primary is None:
        return replace(state, raised=state.raised + 1, seen=False, repeated=True)
    mine = [
        d.id
        for d in service.deployments
        if d.created_at >= state.created and d.task_definition == state.revision
    ]
    ours = _newest_last([*state.ours, *mine], service.primary.id)
    at = service.primary.created_at
    return replace(state, ours=ours, raised=state.raised + 1, raised_at=at, seen=False, repeated=True)


def _newest_last(ids: Iterable[str], newest: str) -> tuple[str, ...]:
    return (*dict.fromkeys(one for one in ids if one != newest), newest)


def _progress(state: State, seen: Observation) -> State:
    service, deployment = seen.snapshot.service, seen.snapshot.deployment
    # A hook that waits for an answer stops the clock. Pending tasks are no progress: a crash loop has them too.
    hook = deployment is not None and bool(deployment.waiting_hook)
    nearer = state.last is None or _counts(service) != _counts(state.last)
    # Only our own tasks tell how fast this ECS is: what was there before may leave the list at once.
    moved = state.last is not None and _tasks(service, state.newest) != _tasks(state.last, state.newest)
    return replace(
        state,
        last=service,
        desired=service.desired or state.desired,
        progressed=seen.now if hook or nearer else state.progressed,
        first_change=seen.now if state.first_change is None and moved else state.first_change,
        seen=state.seen or deployment_of(service, state.newest) is not None,
        old_gone=seen.now if state.old_gone is None and old_gone(state, service) else state.old_gone,
        asked=seen.now if Part.DEPLOYMENT in seen.read else state.asked,
        failures=_failures(state, seen),
    )


def _failures(state: State, seen: Observation) -> int:
    if Part.STOPPED not in seen.read:
        return state.failures
    return failures(seen.snapshot.stopped, frozenset({state.newest})).count


def _counts(service: model.Service) -> tuple[tuple[str, int, str], ...]:
    return tuple((d.id, d.running, d.rollout_state) for d in service.deployments)


def _tasks(service: model.Service, deployment_id: str) -> tuple[int, int]:
    found = deployment_of(service, deployment_id)
    return (found.pending, found.running) if found else (0, 0)


def _rolling(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    service = seen.snapshot.service
    primary = service.primary
    status = status_of(state, seen)
    if status.startswith("ROLLBACK"):
        return retreat_by_ecs(state, seen)
    if _not_shown_yet(state, service) and seen.now - state.began < UNSEEN_PATIENCE:
        return replace(state, waiting_for="AWS to show the new deployment"), ()
    if primary is None or primary.id != state.newest:
        return _displaced(state, seen)
    state = replace(state, doubt="")
    if service.desired == 0:
        return _fell_to_zero(state, seen)
    if status == "SUCCESSFUL" and state.followed and primary.rollout_state == "IN_PROGRESS":
        status = ""  # ECS goes back to a deployment by its old id, and this is how its first rollout ended
    if status == "SUCCESSFUL" or (not status and primary.rollout_state == "COMPLETED"):
        proving = entered(state, Phase.PROVING, seen.now)
        return _proving(replace(proving, waiting_for="tasks and targets to be seen well"), seen)
    if status in ("STOPPED", "STOP_REQUESTED") or primary.rollout_state == "FAILED":
        return fail(state, seen)
    evident = evident_failure(state, seen)
    if evident:
        return fail(replace(state, cause=evident), seen)
    if out_of_time(state, seen.now):
        return replace(state, outcome=Outcome.UNDECIDED, cause=still_rolling(state, seen)), ()
    return replace(state, waiting_for=waiting_for(state, seen)), ()


def _not_shown_yet(state: State, service: model.Service) -> bool:
    """Whether the answer is from before our newest deployment. One that shows a younger stranger is not."""
    if state.seen or deployment_of(service, state.newest) is not None:
        return False
    primary = service.primary
    return primary is None or primary.id in state.ours or primary.created_at < state.created


def _proving(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    service = seen.snapshot.service
    primary = service.primary
    if primary is not None and primary.id != state.newest:
        return _displaced(state, seen)
    if service.desired == 0:
        return _fell_to_zero(state, seen)
    if not seen.read >= FOR_THE_PROOF:
        return state, ()
    # One failed check of a healthy target is no verdict: it has to stand twice in a row.
    unhealthy = frozenset(t.id for t in seen.snapshot.targets if t.state == "unhealthy")
    found = judge(seen.snapshot, replace(state.plan.expectation, revision=state.revision))
    findings = [f for f in found if not f.target or f.target in state.unhealthy]
    state = replace(state, unhealthy=unhealthy)
    if loop := evident_loop(state, seen):
        return fail(replace(state, cause=loop), seen)
    state = serving(state, seen, frozenset(state.ours))
    if not findings and not outlives_the_failed(state, seen, frozenset(state.ours)):
        return replace(state, waiting_for="the tasks to run longer than those that failed"), ()
    if not findings:
        outcome = Outcome.INTERRUPTED if state.interrupted else Outcome.DEPLOYED
        return replace(state, outcome=outcome, proven=True), ()
    if out_of_time(state, seen.now):
        text = "; ".join(f.text for f in findings)
        return fail(
            replace(state, cause=Cause(f"The rollout is over, but {text}.", "See the tasks and targets.")),
            seen,
        )
    return replace(state, waiting_for=findings[0].text), ()


def with_traffic(state: State, traffic: model.Traffic | None) -> Outcome:
    """The outcome of a proven rollout, once all its traffic was counted."""
    allowed = state.limits.max_errors
    lost = traffic is not None and allowed is not None and traffic.failed > allowed
    if state.outcome is Outcome.DEPLOYED and lost and not state.plan.accepts_gap:
        return Outcome.DEPLOYED_WITH_LOSS
    return state.outcome or Outcome.UNDECIDED


def _displaced(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """Another deployment is PRIMARY: an older one means ECS's own rollback, or a stale answer; a newer one supersedes.

    A rollback re-uses the id of the deployment it goes back to, so age is told by the id's own creation.
    """
    primary, status = seen.snapshot.service.primary, status_of(state, seen)
    if primary is None:
        return replace(
            state, outcome=Outcome.FAILED, cause=Cause("The service is gone.", "Create it anew.")
        ), ()
    if status.startswith("ROLLBACK"):
        return retreat_by_ecs(state, seen)
    waiting = "AWS's answers to agree"
    if primary.id in state.ours:
        return _our_own_earlier(replace(state, waiting_for=waiting), seen)
    if is_late(state, primary):
        return replace(state, ours=(*state.ours, primary.id), seen=True, waiting_for=waiting), ()
    if primary.created_at >= state.created:
        return taken_over(state, primary)
    if status in (
        "PENDING",
        "IN_PROGRESS",
        "SUCCESSFUL",
    ):  # our rollout is alive: the service's answer is stale
        return replace(state, waiting_for=waiting), ()
    if not _gave_way(state, seen) and (stale := doubting(state, primary.id, seen.now)):
        return stale, ()
    return retreat_by_ecs(state, seen)


def _gave_way(state: State, seen: Observation) -> bool:
    """Whether the answer knows our newest deployment, and that it failed: it is not from before it."""
    newest = deployment_of(seen.snapshot.service, state.newest)
    return newest is not None and newest.rollout_state == "FAILED"


def _our_own_earlier(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """What we began before we raised the service again is PRIMARY: a stale answer, or ECS has rolled back to it."""
    if _gave_way(state, seen) or out_of_time(state, seen.now):
        return retreat_by_ecs(state, seen)
    return state, ()


def _fell_to_zero(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    if state.interrupted:
        cause = Cause(
            "Something set the desired count to 0 after the interrupt.", "See what runs, and repeat."
        )
        return replace(state, outcome=Outcome.INTERRUPTED, cause=cause), ()
    if state.raised >= RAISES_AT_MOST or out_of_time(state, seen.now):
        cause = Cause(
            f"Something set the desired count to 0 in mid-rollout, {state.raised + 1} times.",
            "Find what scales the service down (a schedule, a function, an alarm) and hold it during deploys.",
        )
        return replace(state, outcome=Outcome.FAILED, cause=cause), ()
    state = replace(state, phase=Phase.ROLLING, waiting_for="the service to come back from 0")
    return state, (RaiseAgain(state.desired),)


def _interrupt(state: State, seen: Observation) -> tuple[State, tuple[Effect, ...]]:
    """The user wants out: before success that means back (or leave it); after, only the proof is finished."""
    state = replace(state, cause=state.cause or Cause(BY_A_SIGNAL, ""))
    primary = seen.snapshot.service.primary
    stranger = primary is not None and primary.id not in state.ours and primary.created_at >= state.created
    # What is in place by now is not ours to undo: somebody else's rollout, or ECS's own way back.
    if state.phase is Phase.ROLLING and not stranger and not status_of(state, seen).startswith("ROLLBACK"):
        return fail(state, seen)
    return step(state, seen)
