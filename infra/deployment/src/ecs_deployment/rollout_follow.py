"""Rollouts that do not begin with an UpdateService of their own deployment: followed ones, and the way to 0. Pure."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment import model
from ecs_deployment.diagnose import Cause
from ecs_deployment.goal import Adopted, short
from ecs_deployment.plan import Plan
from ecs_deployment.rollout import begin
from ecs_deployment.rollout_state import Limits, Phase, State


def follow(plan: Plan, adopts: Adopted, service: model.Service, limits: Limits, now: float) -> State:
    """The state of a rollout that an earlier run began, as the service shows it now."""
    state = begin(plan, plan.expectation.revision, service, limits, now)
    primary = service.primary
    assert primary is not None
    state = replace(state, ours=adopts.ours or state.ours, seen=True, followed=True)
    if not adopts.leads_back:
        return state
    return replace(
        state,
        phase=Phase.RETREATING,
        phase_began=now,
        ours=tuple(number for number in adopts.ours if number != primary.id) or ("",),
        fallback_deployment=primary.id if primary.id in adopts.ours else "",
        back_to=primary.task_definition,
        cause=Cause("The rollout had failed or was interrupted, and was on its way back already.", ""),
        waiting_for=f"{short(primary.task_definition)} to be back",
    )


def empty(plan: Plan, revision: str, service: model.Service, limits: Limits, now: float) -> State:
    """The state after the UpdateService call that took the service to 0."""
    return replace(begin(plan, revision, service, limits, now), phase=Phase.EMPTYING)
