"""Makes a service ready to be rolled: its lock is taken, it is planned again under it, and measuring begins.

Two steps, since a lock may have to be waited for: what is planned is not to be as old as the wait for another's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ecs_deployment import events, probe
from ecs_deployment.errors import DeployError, Refused
from ecs_deployment.job import Job
from ecs_deployment.journal import OFF_MEANS, Held, Taking, Waiting, off, run_url, take, unfinished
from ecs_deployment.known import Known, Request
from ecs_deployment.lease import Lease
from ecs_deployment.outcome import Outcome
from ecs_deployment.outdated import BEHIND, shows_what_was_given_back
from ecs_deployment.pace import Pace, Paced
from ecs_deployment.patience import Hands
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.survey import Setting, Surveyed, Wishes, entries_of, known_of, path_of

_LOOK_AGAIN = 1.0


@dataclass(frozen=True)
class Crowd:
    """The run of many services that this one is part of."""

    pace: Pace
    number: int  # of services


def prepare(
    setting: Setting,
    request: Request,
    wishes: Wishes,
    one: Surveyed,
    held: Held,
    began: float,
) -> Job:
    """Plan again under the lock, and start measuring. Lets go of the lock where that is refused."""
    try:
        known = _known(setting, request, one, held)
        decision = plan(request, known, one.settings)
        if isinstance(decision, Refusal):
            raise Refused(decision.what, decision.cure)
        _record(held, decision)
        measuring, why_not = _measure(one.settings, decision) if wishes.probe else (None, "--no-probe")
    except BaseException as error:
        ended = Outcome.REFUSED if isinstance(error, DeployError) else Outcome.INTERRUPTED
        with suppress(DeployError):
            held.close(ended.value, cause=str(error) or type(error).__name__)
        raise
    return Job(
        plan=decision,
        held=held,
        hands=Hands(setting.cloud, held, setting.interrupts),
        began=began,
        lease=Lease(setting.cloud, decision.cluster, decision.service, decision.idle),
        probe=measuring,
        unmeasured=why_not,
        seen=known.snapshot,
    )


def _known(setting: Setting, request: Request, one: Surveyed, held: Held) -> Known:
    """The world under the lock, of a look that is not from before the last run gave back."""
    if request.action in ("resume", "abort"):  # they need that run's last words, written until just now
        held.saw(entries_of(setting, one.settings))
    earlier = held.others
    until = setting.clock.boottime() + BEHIND
    known = one.known
    while True:
        began = (
            setting.clock.boottime()
        )  # of the look: it may take long itself, and what it read first be old
        known = known_of(setting, request, one.settings, (held.entry, *earlier), earlier, known)
        settled = not shows_what_was_given_back(known.snapshot, earlier, owed=held.entry.debts)
        if settled or setting.interrupts.count or began >= until:
            return known
        setting.interrupts.wait(_LOOK_AGAIN)


def _record(held: Held, decision: Plan) -> None:
    """Correct what the entry says where the world has moved since it was opened."""
    facts = _facts(decision)
    if any(getattr(held.entry, name) != value for name, value in facts.items()):
        held.record(**facts)


def _facts(decision: Plan) -> dict[str, Any]:
    return {
        "tag": decision.tag,
        "commit": decision.commit,
        "digest": decision.digest,
        "revision": decision.expectation.revision,
        "before": decision.before,
        "asleep": decision.was_asleep,
    }


def lock(
    setting: Setting,
    request: Request,
    wishes: Wishes,
    one: Surveyed,
    crowd: Crowd | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Held:
    """Take the lock. `meanwhile` is called every few seconds for as long as somebody has to be waited for."""
    assert isinstance(one.decision, Plan)
    taking = Taking(
        action=request.action,
        environment=setting.environment.name,
        service=one.settings.name,
        run_url=run_url(os.environ),
        **_facts(one.decision),
    )
    if setting.environment.journal == "off":
        setting.sink(events.Said(one.settings.name, OFF_MEANS, "warning"))
        return off(taking, clock=setting.clock)
    if (entry := unfinished(one.entries)) is not None:
        setting.sink(events.Said(one.settings.name, f"An unfinished run is in the journal: {entry.owner}."))

    def wait(waiting: Waiting) -> None:
        setting.sink(events.Said(one.settings.name, str(waiting)))
        meanwhile()

    until = setting.clock.boottime() + wishes.wait_for_lock if wishes.wait_for_lock else None
    held = take(
        Paced(setting.cloud, crowd.pace) if crowd else setting.cloud,
        path_of(setting, one.settings),
        taking,
        clock=setting.clock,
        wait_until=until,
        # Who aborts a living run has to say so twice; `journal_handover` lets it see that first.
        supersede=request.supersede or (request.action == "abort" and request.force),
        on_wait=wait,
        known=one.entries,
    )
    if crowd:
        held.share(crowd.number)
    return held


def _measure(settings: ServiceSettings, decision: Plan) -> tuple[probe.Probe | None, str]:
    """Start the probe. A url that fails before anything is changed tells nothing, so it is not measured."""
    if not settings.url:
        return None, "no url is set for this service"
    sender = probe.Probe(settings.url.rstrip("/") + settings.health_path)
    if decision.was_asleep:
        return sender, ""  # the loop starts it once the new task runs: until then there is nobody to answer
    baseline = sender.baseline()
    if not baseline.ok:
        return None, f"{baseline.reason} (asked before anything was changed)"
    sender.start(count_from_first_success=False)
    return sender, ""
