"""The main job: settings and a tag in, a verdict for every service out.

1. `survey`: who are we, what is there, what would be done? Reads only; `--dry` stops here.
2. Refused services end the run before anything is changed. What runs already, and is well, is left alone.
3. The locks of the remaining services are taken, and each is planned again: the world may have moved meanwhile.
4. `drive` rolls them all at once and hands back what was borrowed. Many take turns (`turns`): 3 and 4 overlap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from ecs_deployment import events, model
from ecs_deployment.borrow import left_owed
from ecs_deployment.drive import drive
from ecs_deployment.errors import DeployError, LockHeld
from ecs_deployment.finish import leave
from ecs_deployment.interrupts import INSISTS
from ecs_deployment.job import Job, Loop, unchecked_as_it_is
from ecs_deployment.journal import Held
from ecs_deployment.known import Request
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.pace import MANY, Pace
from ecs_deployment.plan import Plan
from ecs_deployment.prepare import Crowd, lock, prepare
from ecs_deployment.refusals import Refusal
from ecs_deployment.survey import Setting, Surveyed, Wishes, chosen, survey
from ecs_deployment.turns import Turns

_FOR_ITSELF = ("resume", "abort")


def deploy(setting: Setting, request: Request, wishes: Wishes) -> Report:
    """Do what is asked for to every chosen service; see the module's own text. Never raises for what AWS does.

    Rollback, resume, abort, wake and sleep are this very job: `request.action` says which goal it has.
    """
    began = setting.clock.boottime()
    try:
        surveyed = survey(setting, request, wishes)
        results = _without_change(setting, request, surveyed, began)
    except KeyboardInterrupt:
        names = [one.name for one in chosen(setting.environment, wishes.services)]
        results = [_told(setting, interrupted(name, setting.clock.boottime() - began)) for name in names]
    if results is None:
        results = _with_change(setting, request, wishes, surveyed, began)
    seconds = round(setting.clock.boottime() - began, 1)
    tags = {result.tag for result in results}
    return Report(
        setting.environment.name,
        request.tag or (tags.pop() if len(tags) == 1 else ""),
        seconds,
        setting.cloud.calls,
        tuple(results),
        request.action,
    )


def _without_change(
    setting: Setting, request: Request, surveyed: list[Surveyed], began: float
) -> list[Result] | None:
    """The results where nothing has to be changed: something is refused, or everything is as it should be."""
    seconds = round(setting.clock.boottime() - began, 1)
    refused = [s for s in surveyed if isinstance(s.decision, Refusal)]
    # Of what an earlier run left, each service is put in order for itself.
    if refused and request.action not in _FOR_ITSELF:
        names = ", ".join(s.settings.name for s in refused)
        return [_told(setting, _refused(s, request, names, seconds)) for s in surveyed]
    if any(_acts(s, request) for s in surveyed):
        return None
    return [_told(setting, _as_it_is(s, request, seconds)) for s in surveyed]


def _acts(one: Surveyed, request: Request) -> bool:
    """Whether anything is done about the service."""
    if isinstance(one.decision, Refusal):
        return False
    return one.decision.rolls or one.leftover or (one.unfinished and request.action in _FOR_ITSELF)


def _as_it_is(one: Surveyed, request: Request, seconds: float) -> Result:
    decision = one.decision
    refusal = decision if isinstance(decision, Refusal) else decision.instead
    if refusal:
        refused = replace(one, decision=refusal)
        return _refused(refused, request, one.settings.name, seconds)
    assert isinstance(decision, Plan)
    assert one.known is not None  # who has a plan was seen
    return _unchanged(decision, one.known.snapshot.service, seconds)


def _refused(one: Surveyed, request: Request, names: str, seconds: float) -> Result:
    if isinstance(one.decision, Refusal):
        what, cure = one.decision.what, one.decision.cure
    else:
        what, cure = f"Not begun, because {names} was refused.", "Mend that, or choose others with --service."
    return Result(
        one.settings.name,
        Outcome.REFUSED,
        action=request.action,
        tag=request.tag,
        seconds=seconds,
        cause=what,
        advice=cure,
        summary="Nothing was changed.",
        owed=left_owed(one.entries),
    )


def _unchanged(decision: Plan, service: model.Service, seconds: float) -> Result:
    revision = decision.before.rsplit("/", 1)[-1]
    return Result(
        decision.name,
        Outcome.UNCHANGED,
        action=decision.action,
        tag=decision.tag,
        digest=decision.digest,
        revision=revision,
        before=revision,
        before_digest=decision.digest,
        was_asleep=decision.was_asleep,
        seconds=seconds,
        summary=" ".join(decision.story),
        notes=decision.notes,
        unchecked=unchecked_as_it_is(decision, service),
    )


def _told(setting: Setting, result: Result) -> Result:
    setting.sink(events.Finished(result))
    return result


def _with_change(
    setting: Setting, request: Request, wishes: Wishes, surveyed: list[Surveyed], began: float
) -> list[Result]:
    acting = [one for one in surveyed if _acts(one, request)]
    crowd = Crowd(Pace(setting.clock), len(acting)) if len(acting) > MANY else None
    loop = _loop(setting, wishes, crowd)
    ended: dict[str, Result] = {}
    jobs: list[Job] = []
    locked: list[tuple[Surveyed, Held]] = []  # that are no job yet

    def keep() -> None:
        """Renew the locks that are held. Who has lost one hears of it before it changes anything."""
        for held in [*(held for _, held in locked), *(job.held for job in jobs)]:
            with suppress(DeployError):
                held.renew_if_due()

    def refuse(one: Surveyed, error: DeployError) -> None:
        # What a living holder borrowed is its own business.
        entries = () if isinstance(error, LockHeld) else one.entries
        refused = replace(one, decision=Refusal(error.what, error.cure), entries=entries)
        ended[one.settings.name] = _told(setting, _as_it_is(refused, request, 0.0))

    def begin(one: Surveyed, held: Held, since: float) -> Job | None:
        try:
            return prepare(setting, request, wishes, one, held, since)
        except DeployError as error:
            refuse(one, error)
            return None

    def in_turn(one: Surveyed, last: bool) -> Job | None:
        """While others roll nobody may be waited for."""
        since = setting.clock.boottime()
        try:
            held = lock(setting, request, replace(wishes, wait_for_lock=0.0), one, crowd, keep)
            return begin(one, held, since)
        except DeployError as error:
            if isinstance(error, LockHeld) and not last:
                raise
            refuse(one, error)
            return None
        except Exception as error:  # noqa: BLE001 - one service's bug must not stop the others' rollouts
            cause = f"Unexpected: {type(error).__name__}: {error}"
            failed = Result(one.settings.name, Outcome.UNEXPECTED, tag=request.tag, cause=cause)
            ended[one.settings.name] = _told(setting, failed)
            return None

    try:
        first, later = _by_turn(acting, crowd)
        for one in surveyed:
            if not _acts(one, request):
                ended[one.settings.name] = _told(setting, _as_it_is(one, request, 0.0))
            elif one in first:
                keep()
                try:
                    locked.append((one, lock(setting, request, wishes, one, crowd, keep)))
                except DeployError as error:
                    refuse(one, error)
        while locked:
            keep()
            if job := begin(*locked[0], began):
                jobs.append(job)
            locked.pop(0)
        turns = Turns(crowd.pace, deque(later), in_turn, began + wishes.wait_for_lock) if crowd else None
        # From here on a signal is counted and answered in order; before, it unwinds.
        with setting.interrupts:
            drive(loop, jobs, turns)
    except (
        BaseException
    ) as error:  # Ctrl-C while waiting for a lock, or the third one in the middle of a rollout
        unwinding = [partial(_let_go, held, error) for _, held in locked]
        for unwind in [*unwinding, *(partial(_unwind, loop, job, error) for job in jobs)]:
            try:
                unwind()
            except KeyboardInterrupt:  # the journal does not answer either, and somebody insists
                unwind()
        if not isinstance(error, KeyboardInterrupt):
            raise
    ended |= {job.plan.name: job.result for job in jobs if job.result}
    spared = {one.settings.name: _spared(one, setting.clock.boottime() - began) for one in surveyed}
    return [ended.get(name) or _told(setting, result) for name, result in spared.items()]


def _by_turn(acting: Sequence[Surveyed], crowd: Crowd | None) -> tuple[list[Surveyed], list[Surveyed]]:
    """Those that are prepared before anything rolls, and those that begin while others do.

    Whose lock an unfinished run has may have to wait for it, and nothing that rolls is left alone so long.
    """
    if crowd is None:
        return list(acting), []
    taken = [one for one in acting if one.unfinished]
    return taken, [one for one in acting if not one.unfinished]


def _let_go(held: Held, error: BaseException) -> None:
    if not held.closed:
        with suppress(DeployError):
            held.close(Outcome.INTERRUPTED.value, cause=type(error).__name__)


def _unwind(loop: Loop, job: Job, error: BaseException) -> None:
    """Give the lock of a job back that was not begun; one that was torn out of its rollout keeps what it owes."""
    insists = loop.interrupts.count >= INSISTS
    if job.result is None and job.stages:
        leave(loop, job, silently=insists)
    elif not job.held.closed and not insists:  # never begun, or torn out of its very last word
        outcome = job.result.outcome if job.result else Outcome.INTERRUPTED
        proven = bool(job.state and job.state.proven)
        with suppress(DeployError):
            job.held.close(outcome.value, proven=proven, cause=type(error).__name__)


def _spared(one: Surveyed, seconds: float) -> Result:
    owed = left_owed(one.entries)
    return replace(interrupted(one.settings.name, seconds), owed=owed)


def interrupted(service: str, seconds: float) -> Result:
    """The result of a service that a signal spared: the lock was given back, or never taken."""
    text = "Interrupted before anything was changed: what runs is what ran before."
    return Result(service, Outcome.INTERRUPTED, seconds=round(seconds, 1), summary=text)


def _loop(setting: Setting, wishes: Wishes, crowd: Crowd | None) -> Loop:
    return Loop(
        setting.cloud,
        setting.clock,
        setting.sink,
        setting.interrupts,
        wishes.limits,
        setting.blind_patience,
        crowd.pace if crowd else None,
    )
