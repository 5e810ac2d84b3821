"""When a rollout, or the way back, has evidently failed, and why: loops are not waited out. Pure."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment import diagnose, model
from ecs_deployment.attention import waiting_for
from ecs_deployment.diagnose import Cause
from ecs_deployment.rollout_state import Observation, State, deployment_of

HOPELESS_FAILURES = 2  # unpullable image, missing secret: a third try tells nothing new
EVIDENT_FAILURES = 3  # a crash loop; the breaker's own least threshold
LOSSES_IN_A_ROW = 3
GOES_ON = "Go on with `inv app.resume`, with a longer --timeout if it only needs more time."
_LONG_ENOUGH = 60.0  # seconds that a task runs after others of its deployment have failed
UNSEEN_PATIENCE = 60.0  # seconds in which our deployment may be missing from answers (eventual consistency)


def failures_allowed(desired: int) -> int:
    """How many failed tasks make a loop evident: the breaker's own default, half of the desired ones."""
    return max(EVIDENT_FAILURES, -(-desired // 2))


def evident_failure(state: State, seen: Observation) -> Cause | None:
    """Why it has evidently failed by now, by its tasks or by the requests it loses; None while it has not."""
    if loop := evident_loop(state, seen):
        return loop
    traffic, allowed = seen.traffic, state.limits.max_errors
    if (
        traffic is not None
        and allowed is not None
        and not (state.plan.accepts_gap or state.raised)  # nothing answers at 0, whatever the revision
        and traffic.failed > allowed
        and traffic.failed_in_a_row >= LOSSES_IN_A_ROW
    ):
        return _of_losses(state, seen, traffic)
    return None


def evident_loop(state: State, seen: Observation) -> Cause | None:
    """Why its tasks fail again and again; None while that is not evident."""
    service = seen.snapshot.service
    newest = deployment_of(service, state.newest)
    none_runs = newest is None or newest.running == 0
    if _is_evident(
        diagnose.failures(seen.snapshot.stopped, frozenset(state.ours)), service.desired, none_runs
    ):
        return cause_of(state, seen)
    return None


def outlives_the_failed(state: State, seen: Observation, deployments: frozenset[str]) -> bool:
    """Whether what runs has run longer than those of its deployments that failed, a minute being enough.

    A container that exits a second after its start runs whenever one looks, and ECS completes its rollout.
    """
    stopped = (t for t in seen.snapshot.stopped if t.created_at >= state.created)
    failed = [t for t in stopped if t.started_by in deployments and diagnose.is_failure(t)]
    lives = [t.stopped_at - t.started_at for t in failed if t.started_at and t.stopped_at]
    needed = min(1.5 * max(lives, default=0.0) + 1.0, _LONG_ENOUGH) if failed else 0.0
    return seen.now - state.serving_since >= needed


def serving(state: State, seen: Observation, deployments: frozenset[str]) -> State:
    """Since when the very same tasks of these deployments run."""
    tasks = frozenset(t.id for t in seen.snapshot.running if t.started_by in deployments)
    return state if tasks == state.serving else replace(state, serving=tasks, serving_since=seen.now)


def _of_losses(state: State, seen: Observation, traffic: model.Traffic) -> Cause:
    """Lost requests, told by the task that failed where there is one."""
    lost = f"{traffic.failed} requests were lost during the rollout, {traffic.failed_in_a_row} in a row."
    found = cause_of(state, seen)
    if diagnose.failures(seen.snapshot.stopped, frozenset(state.ours)).count:
        return replace(found, text=f"{found.text} {lost}")
    advice = "See what the new revision does to requests when it starts and when it stops."
    return Cause(lost, advice, found.evidence)


def still_rolling(state: State, seen: Observation) -> Cause:
    """That the time was up, and what AWS names as the reason where it names one: it need not be why it is slow."""
    found = cause_of(state, seen)
    known = found.text != diagnose.NO_REASON
    return Cause(
        f"The time was up while still waiting for {waiting_for(state, seen)}.{f' {found.text}' if known else ''}",
        GOES_ON + (f" Otherwise: {found.advice[:1].lower()}{found.advice[1:]}" if known else ""),
        found.evidence,
    )


def way_back_fails(state: State, seen: Observation, primary: model.Deployment) -> Cause | None:
    """Why the earlier revision does not come up either: its tasks fail by now, or ECS gave it up."""
    mine = frozenset({primary.id})
    # Not at once: for a sleeper a stale answer looks the same, from before our deploy woke it.
    if not seen.snapshot.service.desired and seen.now - state.phase_began > UNSEEN_PATIENCE:
        return Cause(
            "something set the desired count to 0 on the way.",
            "Find what scales the service down (a schedule, a function, an alarm) and hold it during deploys.",
        )
    ours = tuple(t for t in seen.snapshot.stopped if t.created_at >= state.created)
    none_runs = primary.running == 0
    failing = _is_evident(diagnose.failures(ours, mine), seen.snapshot.service.desired, none_runs)
    if primary.rollout_state != "FAILED" and not (none_runs and failing):
        return None
    deployed = state.plan.expectation.containers
    return diagnose.cause(replace(seen.snapshot, stopped=ours), mine, (), state.created, deployed)


def cause_of(state: State, seen: Observation) -> Cause:
    """The one cause of what this look shows of our deployments."""
    deployed = state.plan.expectation.containers
    return diagnose.cause(seen.snapshot, frozenset(state.ours), seen.log, state.created - 5, deployed)


def _is_evident(found: diagnose.Failures, desired: int, none_runs: bool) -> bool:
    return (none_runs and found.hopeless >= HOPELESS_FAILURES) or found.count >= failures_allowed(desired)
