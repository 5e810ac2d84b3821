"""The changes that begin a rollout or answer its effects: each behind the journal's fence, none repeated blindly.

UpdateService has no client token, so after a lost answer the service itself is asked whether the call took
effect before it is sent again (botocore's model, UpdateServiceRequest).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ecs_deployment import borrow, model
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import Conflict, Throttled, Unreachable
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.journal import Held
from ecs_deployment.plan import Plan
from ecs_deployment.rollout_state import Effect, GoBackTo, RaiseAgain, State, StopDeployment

T = TypeVar("T")

_TRIES = 6
_FIRST_PAUSE = 0.5


@dataclass(frozen=True)
class Hands:
    """What acting needs: the port, the lock it holds, and a wait that a signal ends."""

    cloud: Cloud
    held: Held
    interrupts: Interrupts


def launch(hands: Hands, plan: Plan) -> tuple[str, model.Service | None]:
    """Take what is owed, register the revision, and wake and roll in one UpdateService.

    The revision's ARN and the service as UpdateService answered; None where a signal came before the service
    was touched.
    """
    hands.held.owe(*plan.debts)
    hands.held.fence()
    _patiently(hands, lambda: borrow.suspend(hands.cloud, plan.cluster, plan.service, plan.debts))
    revision = plan.expectation.revision
    if plan.content is not None:
        content, tags = plan.content, plan.tags
        revision = _patiently(hands, lambda: hands.cloud.register(content, tags))
    hands.held.record(revision=revision)
    if hands.interrupts.count:
        return revision, None
    answer = _update(hands, plan, plan.primary, revision=revision, desired=plan.desired, force=plan.force)
    return revision, answer


def perform(hands: Hands, state: State, effect: Effect) -> model.Service | None:
    """Do what the rollout asks for; the service as UpdateService answered, None where another call was made.

    A conflict means that ECS is about to do the same by itself: the next look tells.
    """
    hands.held.fence()
    plan = state.plan
    old = state.last.primary.id if state.last and state.last.primary else ""
    if isinstance(effect, RaiseAgain):
        return _update(hands, plan, old, revision=state.revision, desired=1, force=True)
    if isinstance(effect, GoBackTo):
        return _update(hands, plan, old, revision=effect.revision, desired=effect.desired, force=False)
    _stop(hands, effect)
    return None


def _stop(hands: Hands, effect: StopDeployment) -> None:
    try:
        _patiently(hands, lambda: hands.cloud.stop_deployment(effect.arn))
    except Conflict:
        return


def _update(
    hands: Hands, plan: Plan, old: str, *, revision: str, desired: int | None, force: bool
) -> model.Service:
    """UpdateService with the borrowed configuration, and its deployment's id in the journal.

    `old` is the id of the deployment that was PRIMARY when we last looked.
    """
    cluster, service = plan.cluster, plan.service
    # A repeated raise or a way back keeps the borrowed configuration; only the first call has to bring it.
    configuration = plan.configuration

    def send() -> model.Service:
        return hands.cloud.update_service(
            cluster,
            service,
            task_definition=revision,
            desired=desired,
            configuration=configuration,
            force=force,
        )

    def took_effect() -> model.Service | None:
        now = hands.cloud.services(cluster, [service])[service]
        primary = now.primary
        ours = primary is not None and primary.id != old and primary.task_definition == revision
        return now if ours else None

    answer = _patiently(hands, send, took_effect)
    if answer.primary:
        hands.held.add_deployment(answer.primary.id)
    return answer


def _patiently(hands: Hands, send: Callable[[], T], took_effect: Callable[[], T | None] = lambda: None) -> T:
    """Send a change; repeat it after a refusal for load, and after a lost answer only if it had no effect."""
    pause = _FIRST_PAUSE
    for last in (False,) * (_TRIES - 1) + (True,):
        try:
            return send()
        except (Throttled, Unreachable) as error:
            if error.effect_unknown and (found := took_effect()) is not None:
                return found
            if last or hands.interrupts.count > 1:
                raise
        hands.interrupts.wait(pause)
        hands.held.fence()
        pause *= 2
    raise AssertionError  # the last try returns or raises
