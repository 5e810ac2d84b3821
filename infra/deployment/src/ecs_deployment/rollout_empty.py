"""The whole way of a service that is taken to 0: nothing is rolled, its tasks drain and stop. Pure."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment.attention import out_of_time
from ecs_deployment.diagnose import Cause
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import Observation, State, doubting


def emptying(state: State, seen: Observation) -> State:
    """What one look means."""
    service = seen.snapshot.service
    if service.desired > 0:
        if stale := doubting(state, "desired", seen.now):
            return stale
        cause = Cause(
            f"Something set the desired count to {service.desired} again.",
            "Find what raises it: traffic through its wake alarm, a schedule, a MinCapacity above 0.",
        )
        return replace(state, outcome=Outcome.SUPERSEDED, cause=cause)
    if service.running == 0 and service.pending == 0:
        return replace(state, outcome=Outcome.ASLEEP)
    if state.interrupted:
        return replace(state, outcome=Outcome.INTERRUPTED)
    if out_of_time(state, seen.now):
        return replace(state, outcome=Outcome.UNDECIDED)
    return replace(state, doubt="", waiting_for=f"{service.running} task(s) to drain and stop")
