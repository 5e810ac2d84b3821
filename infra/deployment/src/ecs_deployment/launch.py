"""The changes that begin a rollout, and those it asks for later.

UpdateService has no client token, so after a lost answer the service itself is asked whether the call took
effect before it is sent again (botocore's model, UpdateServiceRequest).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple

from ecs_deployment import borrow, model
from ecs_deployment.errors import CloudError, Conflict, DeployError, NotFound, Refused, Throttled, Unreachable
from ecs_deployment.patience import Hands, patiently
from ecs_deployment.plan import Plan
from ecs_deployment.plan_borrow import needs
from ecs_deployment.rollout_state import Effect, GoBackTo, RaiseAgain, State


@dataclass(frozen=True)
class _Update:
    """What one UpdateService sends. `old`: the deployment that was PRIMARY when we last looked.

    `after`: when our rollout began, by ECS's clock. What somebody else has begun since is not rolled over.
    """

    old: str
    revision: str
    desired: int | None = None
    configuration: model.Content | None = None
    force: bool = False
    after: float = inf


class _Displaced(Exception):
    """Somebody else's deployment is in place by now: the next look tells what that means."""


class _Woken(Exception):
    """The service that was to be brought from 0 is not at 0 any more.

    `unknown`: an answer was lost before, so it may have been us, and ECS has taken our deployment back already.
    """

    def __init__(self, service: model.Service, *, unknown: bool) -> None:
        super().__init__(service.name)
        self.service, self.unknown = service, unknown


class Launched(NamedTuple):
    """What came of it. `answer` is UpdateService's, None where a signal came before the service was touched.

    `woken`: the plan was to bring it from 0, and somebody had done so meanwhile; their count stands. `repeated`: an
    answer was lost and the call sent again, so what was lost may still arrive.
    """

    revision: str
    answer: model.Service | None
    woken: bool = False
    repeated: bool = False


def launch(hands: Hands, plan: Plan) -> Launched:
    """Register the revision, take what is owed, and wake and roll in one UpdateService."""
    revision = plan.expectation.revision
    if plan.content is not None:
        revision = _register(hands, plan.content, plan.definition.tags)
    else:
        hands.held.fence()  # whoever may not read the lock shall owe nothing
    hands.held.owe(*plan.debts, revision=revision)
    patiently(hands, lambda: borrow.suspend(hands.cloud, plan.cluster, plan.service, plan.debts))
    if hands.interrupts.count:
        return Launched(revision, None)
    wanted = _Update(plan.primary, revision, plan.desired, plan.configuration, plan.force)
    try:
        answer, repeated = _update(hands, plan, wanted)
        return Launched(revision, answer, repeated=repeated)
    except _Woken as met:
        try:
            configuration = _for_what_runs(hands, plan, met.service)
        except Refused as error:
            error.effect_unknown = met.unknown
            raise
        wanted = replace(wanted, desired=None, configuration=configuration or wanted.configuration)
        answer, repeated = _update(hands, plan, wanted)
        return Launched(revision, answer, woken=True, repeated=repeated)


def _for_what_runs(hands: Hands, plan: Plan, service: model.Service) -> model.Content | None:
    """Borrow for the tasks of a service that was planned as one without any."""
    needed = needs(service, plan.fallback, overlap=plan.overlap, leave=plan.leave)
    if not needed.start_first and not plan.accepts_gap:
        raise Refused(
            f"{plan.name} was woken to {service.desired} while this run began, and its maximumPercent lets no new "
            "task start before an old one stops.",
            "Repeat the command once it sleeps, or set `overlap = true` for it in environments.toml.",
        )
    hands.held.owe(*needed.debts)
    return needed.configuration


def raise_what_is_low(hands: Hands, plan: Plan, answer: model.Service) -> tuple[str, ...]:
    """Borrow what planning did not know to be needed; in words, for the user.

    A read may be seconds old, and then shows what the run before had borrowed and has handed back since. `answer` is
    UpdateService's own, so it is what the rollout goes by. One more call, of the configuration alone: it starts no
    deployment.
    """
    # What was at 0 has no tasks to keep, whatever it is brought to.
    met = answer if plan.desired is None else replace(answer, desired=0)
    needed = needs(met, plan.fallback, overlap=plan.overlap, leave=plan.leave)
    if needed.configuration is None:
        return ()
    hands.held.owe(*needed.debts)
    cluster, service = plan.cluster, plan.service
    patiently(
        hands,
        lambda: hands.cloud.update_service(cluster, service, configuration=needed.configuration),
    )
    return needed.story


def perform(hands: Hands, state: State, effect: Effect) -> model.Service | None:
    """Do what the rollout asks for; the service as UpdateService answered, None where another call was made.

    What was borrowed with the first call is still in place, so none of these brings a configuration. A
    conflict means that ECS is about to do the same by itself: the next look tells.
    """
    old = state.last.primary.id if state.last and state.last.primary else ""
    if isinstance(effect, RaiseAgain):
        wanted = _Update(old, state.revision, effect.desired, force=True, after=state.created)
        return _raise_or_leave(hands, state, wanted)
    if isinstance(effect, GoBackTo):
        revision = _usable(hands, effect.revision)
        # The same revision once more is a way back only as a new deployment.
        again = revision == state.revision
        return _raise_or_leave(
            hands, state, _Update(old, revision, effect.desired, force=again, after=state.created)
        )
    try:
        patiently(hands, lambda: hands.cloud.stop_deployment(effect.arn))
    except Conflict:
        return None
    except (Throttled, Unreachable):
        raise
    except (
        CloudError
    ):  # denied, not offered here, or unknown: whoever may update a service may also lead it back
        return perform(hands, state, GoBackTo(state.back_to, state.plan.fallback.desired))
    return None


def _raise_or_leave(hands: Hands, state: State, wanted: _Update) -> model.Service | None:
    """With the desired count, where that is still 0; what somebody has raised meanwhile stays as it is."""
    try:
        try:
            return _update(hands, state.plan, wanted)[0]
        except _Woken:
            return _update(hands, state.plan, replace(wanted, desired=None))[0]
    except _Displaced:
        return None


def _register(hands: Hands, content: model.Content, tags: tuple[model.Content, ...]) -> str:
    return patiently(hands, lambda: hands.cloud.register(content, tags))


def _usable(hands: Hands, revision: str) -> str:
    """The revision itself, or a new one of the same content where it was deregistered: no service takes that."""
    found = hands.cloud.task_definition(revision)
    return revision if found.status == "ACTIVE" else _register(hands, found.content, found.tags)


def _update(hands: Hands, plan: Plan, wanted: _Update) -> tuple[model.Service, bool]:
    """UpdateService, and its deployment's id in the journal; also whether it was sent again after a lost answer.

    Raises `_Woken` where its count is over already.
    """
    cluster, service, held = plan.cluster, plan.service, hands.held
    tried = lost = repeated = False
    # A read that lags behind shows one of these, and some of them are of the very same revision.
    earlier = {wanted.old, *(one for entry in (held.entry, *held.others) for one in entry.deployments)}

    def send() -> model.Service:
        nonlocal tried, repeated
        desired = wanted.desired
        if desired or (tried and wanted.after < inf):
            # The calls before this one may have taken long, and somebody may have woken it: their count stands.
            found = hands.cloud.services(cluster, [service]).get(service)
            newer = found.primary if found else None
            if found and newer and newer.id not in earlier and newer.created_at > wanted.after:
                if tried and newer.task_definition == wanted.revision:
                    return found
                raise _Displaced
            if desired and found and found.desired:
                # Count and deployment change together: with the deployment of before it cannot have been our call.
                if not tried or (found.primary and found.primary.id == wanted.old):
                    raise _Woken(found, unknown=lost)
                desired = None
            held.fence()
        tried, repeated = True, lost
        return hands.cloud.update_service(
            cluster,
            service,
            task_definition=wanted.revision,
            desired=desired,
            configuration=wanted.configuration,
            force=wanted.force,
        )

    def took_effect() -> model.Service | None:
        nonlocal lost
        lost = True
        now = hands.cloud.services(cluster, [service]).get(service)
        if now is None:
            raise NotFound(f"AWS does not show service {service!r} any more.", "See whether it was deleted.")
        primary = now.primary
        ours = (
            primary is not None and primary.id not in earlier and primary.task_definition == wanted.revision
        )
        return now if ours else None

    answer = patiently(hands, send, took_effect)
    if answer.primary and answer.primary.id != wanted.old:
        # The rollout is a fact now. A note that fails is carried by the next write to the journal.
        with suppress(DeployError):
            hands.held.add_deployment(answer.primary.id)
    return answer, repeated
