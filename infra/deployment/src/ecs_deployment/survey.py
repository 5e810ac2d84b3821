"""What would be done, service by service: reads only. `--dry` stops here, and `deploy` goes on from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ecs_deployment import events, goal_left, masking, model, observe
from ecs_deployment import goal as goals
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.commits import Commits, Nowhere
from ecs_deployment.commits import order as commits_order
from ecs_deployment.errors import CloudError, Refused
from ecs_deployment.goal import Goal
from ecs_deployment.interrupts import Interrupts
from ecs_deployment.journal import OFF_CURE, Entry, journal_path, read, tag_of, unfinished
from ecs_deployment.known import Known, Request
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import Environment, ServiceSettings
from ecs_deployment.together import Together, one_by_one
from ecs_deployment.when import moment

_EMULATED = "000000000000"  # the account of every emulator; AWS gives it to nobody


@dataclass(frozen=True)
class Setting:
    """Where a deploy takes place: the port, the environment with all its names, and our own surroundings."""

    cloud: Cloud
    environment: Environment
    clock: Clock
    sink: events.Sink
    interrupts: Interrupts
    blind_patience: float = 120.0
    commits: Commits = field(default_factory=Nowhere)
    together: Together = one_by_one  # how many services are read


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

    @property
    def unfinished(self) -> bool:
        """Whether the last run never closed its entry."""
        return unfinished(self.entries) is not None


def survey(setting: Setting, request: Request, wishes: Wishes) -> list[Surveyed]:
    """What would be done, service by service. Refuses where account or names are wrong."""
    masking.spare((request.tag,))
    try:
        check_account(setting.cloud, setting.environment)
        named = chosen(setting.environment, wishes.services)
        return setting.together([partial(_survey, setting, request, one) for one in named])
    except CloudError as error:  # nothing was changed yet, so whatever it is, it is no undecided rollout
        raise Refused(error.what, error.cure) from error


def check_account(cloud: Cloud, environment: Environment) -> None:
    """The credentials must belong to the environment's account."""
    identity, wanted = cloud.identity(), environment.account
    if wanted and identity.account != wanted:
        raise Refused(
            f"Environment {environment.name} is account {wanted}, but the credentials belong to "
            f"{identity.account} ({identity.arn}).",
            "An emulator answers: unset AWS_ENDPOINT_URL, and the keys that were set with it."
            if identity.account == _EMULATED
            else "Sign in to the right account, or set AWS_PROFILE.",
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


def _survey(setting: Setting, request: Request, settings: ServiceSettings) -> Surveyed:
    entries = entries_of(setting, settings)
    try:
        if setting.environment.journal == "off" and request.action in ("resume", "abort"):
            raise Refused(
                f'journal = "off": no run of {settings.name} is known, so there is none to {request.action}.',
                OFF_CURE,
            )
        known = known_of(setting, request, settings, entries, entries)
    except Refused as error:
        return Surveyed(settings, entries, None, Refusal(error.what, error.cure))
    return Surveyed(settings, entries, known, plan(request, known, settings))


def known_of(
    setting: Setting,
    request: Request,
    settings: ServiceSettings,
    entries: tuple[Entry, ...],
    earlier: tuple[Entry, ...],
    before: Known | None = None,
) -> Known:
    """What planning needs. `entries` is the whole journal, `earlier` without the entry of this very run."""
    seen = observe.service(
        setting.cloud, *observe.named(settings), than=before.snapshot.service if before else None
    )
    proofs = {e.revision: moment(e.finished) for e in reversed(entries) if e.proven and e.revision}
    goal = _goal(request, seen, earlier)
    goal = replace(goal, before_digest=goals.digest_of(earlier, goal.before)) if goal.before else goal
    known = observe.known(setting.cloud, settings, seen, goal, entries, proofs, before=before)
    known = replace(known, kept=setting.environment.journal != "off")
    return _with_commits(setting.commits, known, earlier)


def _with_commits(commits: Commits, known: Known, entries: tuple[Entry, ...]) -> Known:
    """The commit of what will run; for a deploy also how it stands to that of what runs now."""
    if not known.goal.image:
        of_it = (e.commit for e in entries if e.commit and e.revision == known.base.arn)
        return replace(known, commit=next(of_it, ""))
    commit = (known.image.commit if known.image else "") or commits.of_tag(known.goal.tag)
    of_what_runs = [e for e in entries if e.revision == known.current.arn]
    if not of_what_runs:
        return replace(known, commit=commit)
    running = next((e.commit for e in of_what_runs if e.commit), "")
    order = commits_order(commits, commit, running or commits.of_tag(tag_of(of_what_runs, known.current.arn)))
    return replace(known, commit=order.commit, order=order)


def _goal(request: Request, seen: model.Service, entries: tuple[Entry, ...]) -> Goal:
    match request.action:
        case "deploy":
            return goals.of_tag(request.tag)
        case "rollback":
            return goals.rollback(seen, entries, request.to)
        case "resume":
            return goal_left.resume(seen, entries)
        case "abort":
            return goal_left.abort(seen, entries)
        case "wake":
            return goals.wake(seen, entries)
        case "sleep":
            return goals.sleep(seen, entries)


def entries_of(setting: Setting, settings: ServiceSettings) -> tuple[Entry, ...]:
    """The journal of a service, newest first; empty where it is off."""
    if setting.environment.journal == "off":
        return ()
    return read(setting.cloud, path_of(setting, settings))


def path_of(setting: Setting, settings: ServiceSettings) -> str:
    """Where the journal of a service lies."""
    return journal_path(setting.environment.journal, *observe.named(settings))
