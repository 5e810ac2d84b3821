"""Makes a service ready to be rolled: its lock is taken, it is planned again under it, and measuring begins."""

from __future__ import annotations

import os
from contextlib import suppress

from ecs_deployment import events, probe
from ecs_deployment.errors import DeployError, Refused
from ecs_deployment.job import Job
from ecs_deployment.journal import Held, Taking, off, run_url, take, unfinished
from ecs_deployment.known import Request
from ecs_deployment.lease import Lease
from ecs_deployment.outcome import Outcome
from ecs_deployment.patience import Hands
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.survey import Setting, Surveyed, Wishes, known_of, path_of


def prepare(setting: Setting, request: Request, wishes: Wishes, one: Surveyed, began: float) -> Job:
    """Take the lock, plan again under it, and start measuring. Lets go of the lock where that is refused."""
    held = _take(setting, request, wishes, one)
    try:
        entries = (held.entry, *held.others)
        decision = plan(request, known_of(setting, request, one.settings, entries, one.known), one.settings)
        if isinstance(decision, Refusal):
            raise Refused(decision.what, decision.cure)
        if (held.entry.digest, held.entry.before) != (decision.digest, decision.before):
            held.record(digest=decision.digest, before=decision.before)
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
    )


def _take(setting: Setting, request: Request, wishes: Wishes, one: Surveyed) -> Held:
    assert isinstance(one.decision, Plan)
    taking = Taking(
        action="deploy",
        environment=setting.environment.name,
        service=one.settings.name,
        tag=request.tag,
        digest=one.decision.digest,
        before=one.decision.before,
        run_url=run_url(os.environ),
    )
    if setting.environment.journal == "off":
        return off(taking, clock=setting.clock)
    if (entry := unfinished(one.entries)) is not None:
        setting.sink(events.Said(one.settings.name, f"An unfinished run is in the journal: {entry.owner}."))
    until = setting.clock.boottime() + wishes.wait_for_lock if wishes.wait_for_lock else None
    held = take(
        setting.cloud,
        path_of(setting, one.settings),
        taking,
        clock=setting.clock,
        wait_until=until,
        supersede=request.supersede,
        on_wait=lambda waiting: setting.sink(events.Said(one.settings.name, str(waiting))),
    )
    if held.note:
        setting.sink(events.Said(one.settings.name, held.note, "warning"))
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
        return None, baseline.reason
    sender.start(count_from_first_success=False)
    return sender, ""
