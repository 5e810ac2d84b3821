"""Whatever happens to one job of a deploy is that job's result, and the locks of all are kept meanwhile."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from ecs_deployment import diagnose
from ecs_deployment.errors import DeployError, Throttled, Unreachable
from ecs_deployment.finish import finish
from ecs_deployment.job import Job, Loop
from ecs_deployment.journal import Overtaken
from ecs_deployment.outcome import Outcome


def guarded(loop: Loop, one: Job, act: Callable[[], object]) -> None:
    """Run one job's part; what AWS refuses becomes news, or that job's result, and never stops the others."""
    try:
        act()
    except Overtaken as error:
        _stop(loop, one, Outcome.SUPERSEDED, error)
    except (Throttled, Unreachable) as error:
        if one.state and not error.effect_unknown:
            no_news(loop, one, error)
        else:
            _stop(loop, one, _where_it_stands(one, error), error)
    except DeployError as error:
        _stop(loop, one, _where_it_stands(one, error), error)
    except Exception as error:  # noqa: BLE001 - one job's bug must not leave the others' debts open
        cause = diagnose.Cause(
            f"Unexpected: {type(error).__name__}: {error}",
            "Please report this with the lines below.",
            tuple(traceback.format_exc().splitlines()[-6:]),
        )
        _end(loop, one, Outcome.UNEXPECTED, cause)


def _where_it_stands(one: Job, error: DeployError) -> Outcome:
    """Before the service was touched it is a refusal; after it, or where nobody can say, undecided."""
    return Outcome.UNDECIDED if one.state or error.effect_unknown else Outcome.REFUSED


def no_news(loop: Loop, one: Job, error: DeployError) -> None:
    """A look that failed tells nothing, and what could not be sent has to be; only a long series ends the wait."""
    renew(loop, [one])
    if one.result is not None:  # somebody else holds the lock now
        return
    now = loop.clock.boottime()
    one.blind_since = one.blind_since if one.blind_since is not None else now
    since = one.blind_since if one.unsent_since is None else min(one.blind_since, one.unsent_since)
    if now - since > loop.blind_patience:
        _stop(loop, one, Outcome.UNDECIDED, error)
    else:
        one.next_look = now + min(1.0 + (now - since) / 4, 10.0)


def _stop(loop: Loop, one: Job, outcome: Outcome, error: DeployError) -> None:
    _end(loop, one, outcome, diagnose.Cause(error.what, error.cure))


def _end(loop: Loop, one: Job, outcome: Outcome, cause: diagnose.Cause) -> None:
    """End a job from outside its rollout. One that was proven keeps that verdict, whatever came after."""
    if one.result is not None:
        return
    if one.state and one.state.proven and one.state.outcome:
        one.notes.append(cause.text)
        finish(loop, one, one.state.outcome)
    else:
        finish(loop, one, outcome, cause)


def renew(loop: Loop, jobs: Iterable[Job]) -> None:
    """Keep the locks of those that wait for others."""
    for one in jobs:
        if one.result is None and not one.holding:  # `hold` keeps its own, and is proven whoever takes it
            guarded(loop, one, partial(keep, loop, one))


def keep_all(loop: Loop, jobs: Iterable[Job]) -> None:
    """Renew what is due of all locks, from within one job's step: who has lost its own hears so in its own step."""
    for one in jobs:
        if one.result is None:
            with suppress(DeployError):
                keep(loop, one)


def keep(loop: Loop, one: Job) -> None:
    """Renew a lock where that is due; of many, one that can wait waits for its turn."""
    if loop.pace is None or loop.pace.may_write() or not one.held.can_wait:
        one.held.renew_if_due()
