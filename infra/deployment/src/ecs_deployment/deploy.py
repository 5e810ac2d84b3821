"""The main job: settings and a tag in, a verdict for every service out.

1. `survey`: who are we, what is there, what would be done? Reads only; `--dry` stops here.
2. Refused services end the run before anything is changed. What runs already, and is well, is left alone.
3. The lock of each remaining service is taken, and it is planned again: the world may have moved meanwhile.
4. `drive` rolls them all at once and hands back what was borrowed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ecs_deployment import events, observe, probe
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.drive import drive
from ecs_deployment.errors import CloudError, DeployError, Refused
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.job import Job, Loop
from ecs_deployment.journal import Entry, Held, Taking, journal_path, off, read, run_url, take, unfinished
from ecs_deployment.known import Known, Request
from ecs_deployment.lease import Lease
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.patience import Hands
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import Environment, ServiceSettings
from ecs_deployment.when import moment


@dataclass(frozen=True)
class Setting:
    """Where a deploy takes place: the port, the environment with all its names, and our own surroundings."""

    cloud: Cloud
    environment: Environment
    clock: Clock
    sink: events.Sink
    interrupts: Interrupts
    blind_patience: float = 120.0


@dataclass(frozen=True)
class Wishes:
    """What the user may say besides environment and tag."""

    services: tuple[str, ...] = ()  # empty: all
    limits: Limits = field(default_factory=Limits)
    probe: bool = True
    wait_for_lock: float = 0.0  # seconds


@dataclass(frozen=True)
class Surveyed:
    """One service: what was seen, and what would be done about it."""

    settings: ServiceSettings
    entries: tuple[Entry, ...]
    known: Known | None
    decision: Plan | Refusal

    @property
    def leftover(self) -> bool:
        """Whether an earlier run left something that has to be handed back."""
        return bool(self.entries and self.entries[0].debts)


def survey(setting: Setting, request: Request, wishes: Wishes) -> list[Surveyed]:
    """What would be done, service by service. Refuses where account or names are wrong."""
    try:
        check_account(setting)
        return [_survey(setting, request, one) for one in chosen(setting.environment, wishes.services)]
    except CloudError as error:  # nothing was changed yet, so whatever it is, it is no undecided rollout
        raise Refused(error.what, error.cure) from error


def check_account(setting: Setting) -> None:
    """The credentials must belong to the environment's account."""
    identity, wanted = setting.cloud.identity(), setting.environment.account
    if wanted and identity.account != wanted:
        raise Refused(
            f"Environment {setting.environment.name} is account {wanted}, but the credentials belong to "
            f"{identity.account} ({identity.arn}).",
            "Sign in to the right account, or set AWS_PROFILE.",
        )


def chosen(environment: Environment, names: Sequence[str]) -> tuple[ServiceSettings, ...]:
    """The services of that name, all where none is named."""
    known = {service.name: service for service in environment.services}
    if not known:
        raise Refused(
            f"Environment {environment.name} has no services.",
            f"Add [environments.{environment.name}.services.<name>] to the settings.",
        )
    wrong = [name for name in names if name not in known]
    if wrong:
        raise Refused(
            f"Environment {environment.name} has no service {', '.join(map(repr, wrong))}.",
            f"It has: {', '.join(known)}.",
        )
    return tuple(known[name] for name in names) if names else environment.services


def deploy(setting: Setting, request: Request, wishes: Wishes) -> Report:
    """Deploy the tag to every chosen service; see the module's own text. Never raises for what AWS does."""
    began = setting.clock.boottime()
    surveyed = survey(setting, request, wishes)
    results = _without_change(setting, surveyed, began)
    if results is None:
        results = _with_change(setting, request, wishes, surveyed, began)
    seconds = round(setting.clock.boottime() - began, 1)
    return Report(setting.environment.name, request.tag, seconds, setting.cloud.calls, tuple(results))


def _survey(setting: Setting, request: Request, settings: ServiceSettings) -> Surveyed:
    entries = _entries(setting, settings)
    try:
        known = _known(setting, request, settings, entries)
    except Refused as error:
        return Surveyed(settings, entries, None, Refusal(error.what, error.cure))
    return Surveyed(settings, entries, known, plan(request, known, settings))


def _known(
    setting: Setting,
    request: Request,
    settings: ServiceSettings,
    entries: tuple[Entry, ...],
    before: Known | None = None,
) -> Known:
    proofs = {e.revision: moment(e.finished) for e in reversed(entries) if e.proven and e.revision}
    return observe.known(setting.cloud, settings, request.tag, entries, proofs, before=before)


def _entries(setting: Setting, settings: ServiceSettings) -> tuple[Entry, ...]:
    if setting.environment.journal == "off":
        return ()
    return read(setting.cloud, _path(setting, settings))


def _path(setting: Setting, settings: ServiceSettings) -> str:
    return journal_path(setting.environment.journal, *observe.named(settings))


def _without_change(setting: Setting, surveyed: list[Surveyed], began: float) -> list[Result] | None:
    """The results where nothing has to be changed: something is refused, or everything is as it should be."""
    seconds = round(setting.clock.boottime() - began, 1)
    refused = [s for s in surveyed if isinstance(s.decision, Refusal)]
    if refused:
        names = ", ".join(s.settings.name for s in refused)
        return [_told(setting, _refused(s, names, seconds)) for s in surveyed]
    if any(s.leftover or (isinstance(s.decision, Plan) and s.decision.rolls) for s in surveyed):
        return None
    return [_told(setting, _unchanged(s.decision, seconds)) for s in surveyed if isinstance(s.decision, Plan)]


def _refused(one: Surveyed, names: str, seconds: float) -> Result:
    if isinstance(one.decision, Refusal):
        what, cure = one.decision.what, one.decision.cure
    else:
        what, cure = f"Not begun, because {names} was refused.", "Mend that, or choose others with --service."
    return Result(
        one.settings.name,
        Outcome.REFUSED,
        seconds=seconds,
        cause=what,
        advice=cure,
        summary="Nothing was changed.",
    )


def _unchanged(decision: Plan, seconds: float) -> Result:
    revision = decision.before.rsplit("/", 1)[-1]
    return Result(
        decision.name,
        Outcome.UNCHANGED,
        digest=decision.digest,
        revision=revision,
        before=revision,
        was_asleep=decision.was_asleep,
        seconds=seconds,
        summary=" ".join(decision.story),
        notes=decision.notes,
    )


def _told(setting: Setting, result: Result) -> Result:
    setting.sink(events.Finished(result))
    return result


def _with_change(
    setting: Setting, request: Request, wishes: Wishes, surveyed: list[Surveyed], began: float
) -> list[Result]:
    ended: dict[str, Result] = {}
    jobs: list[Job] = []
    try:
        for one in surveyed:
            assert isinstance(one.decision, Plan)
            if not one.decision.rolls and not one.leftover:
                ended[one.settings.name] = _told(setting, _unchanged(one.decision, 0.0))
                continue
            try:
                jobs.append(_prepare(setting, request, wishes, one, began))
            except DeployError as error:
                refused = Surveyed(one.settings, (), None, Refusal(error.what, error.cure))
                ended[one.settings.name] = _told(setting, _refused(refused, one.settings.name, 0.0))
    except BaseException as error:  # Ctrl-C while waiting for a lock: nothing was changed yet
        for job in jobs:
            with suppress(DeployError):
                job.held.close(Outcome.INTERRUPTED.value, cause=type(error).__name__)
        raise
    # From here on a signal is counted and answered in order; before, it simply ends the command.
    with setting.interrupts:
        drive(_loop(setting, wishes), jobs)
    ended |= {job.plan.name: job.result for job in jobs if job.result}
    return [ended[one.settings.name] for one in surveyed]


def _loop(setting: Setting, wishes: Wishes) -> Loop:
    return Loop(
        setting.cloud,
        setting.clock,
        setting.sink,
        setting.interrupts,
        wishes.limits,
        setting.blind_patience,
    )


def _prepare(setting: Setting, request: Request, wishes: Wishes, one: Surveyed, began: float) -> Job:
    """Take the lock, plan again under it, and start measuring. Lets go of the lock where that is refused."""
    held = _take(setting, request, wishes, one)
    try:
        entries = (held.entry, *held.others)
        decision = plan(request, _known(setting, request, one.settings, entries, one.known), one.settings)
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
        _path(setting, one.settings),
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
