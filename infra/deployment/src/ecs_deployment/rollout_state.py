"""What a rollout is made of: its state, what it sees and what it may ask for. Frozen, no decisions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ecs_deployment import model
from ecs_deployment.diagnose import Cause
from ecs_deployment.outcome import Outcome
from ecs_deployment.outdated import BEHIND
from ecs_deployment.plan import Plan

_LATE = 25.0  # seconds; ECS dates a deployment a little after the call arrived


class Part(Enum):
    """What a look may bring besides the service; each costs calls, so `needs` says when it is worth them."""

    TASKS = "running tasks"
    STOPPED = "stopped tasks"
    TARGETS = "targets"
    DEPLOYMENT = "service deployment"


class Phase(Enum):
    """What is being waited for."""

    ROLLING = "rolling"
    PROVING = "proving"
    RETREATING = "rolling back"
    EMPTYING = "going to sleep"


@dataclass(frozen=True)
class Limits:
    """How long and how much is put up with. Seconds; `max_errors` None: losses are only reported.

    `at_most` None: an hour, or six times as long as nothing may move where that is more.
    """

    no_progress: float = 600.0
    at_most: float | None = None
    max_errors: int | None = None
    roll_back: bool = True

    @property
    def in_all(self) -> float:
        """How long a rollout may take that moves; whoever asks for more patience gets more of this, too."""
        return max(3600.0, 6 * self.no_progress) if self.at_most is None else self.at_most


@dataclass(frozen=True)
class RaiseAgain:
    """Bring a service that fell to 0 in mid-rollout back, with a new deployment of the same revision."""

    desired: int  # what it had before: with less, its deployment configuration may not let anything start


@dataclass(frozen=True)
class StopDeployment:
    """Let ECS roll back to the last completed deployment."""

    arn: str


@dataclass(frozen=True)
class GoBackTo:
    """Update the service to an earlier revision; `desired` only where it is not None."""

    revision: str
    desired: int | None


Effect = RaiseAgain | StopDeployment | GoBackTo


@dataclass(frozen=True)
class Observation:
    """One look. `read` names what was read besides the service itself, so that "none" is told from "not asked"."""

    now: float
    snapshot: model.Snapshot
    read: frozenset[Part]
    log: tuple[str, ...] = ()
    traffic: model.Traffic | None = None
    interrupted: bool = False


@dataclass(frozen=True)
class State:
    """Where a rollout stands. `ours` are the ids of the deployments we started, oldest first."""

    plan: Plan
    revision: str
    ours: tuple[str, ...]
    limits: Limits
    began: float  # by our clock, like every `now`
    progressed: float
    created: float  # when ECS made our first deployment, by its clock
    phase: Phase = Phase.ROLLING
    seen: bool = False  # our deployment was in an answer
    repeated: bool = False  # a call of ours was, or may have been, sent again after a lost answer
    followed: bool = False  # an earlier run began it, and perhaps it is one that ECS goes back to
    last: model.Service | None = None  # as the look before showed it
    first_change: float | None = None  # when the service first looked different from UpdateService's answer
    old_gone: float | None = None  # when the old tasks were first seen stopped
    phase_began: float = 0.0
    asked: float = 0.0  # when the service deployment was last read
    failures: int = 0  # failed tasks of our newest deployment in the list of stopped ones that was read last
    doubt: str = ""  # what the last look showed against all that was seen before: perhaps only a stale answer
    doubted: float = 0.0  # since when
    desired: int = 1  # the desired count that was last seen above 0
    raised: int = 0
    raised_at: float = 0.0  # when ECS made the deployment of the last raise
    serving: frozenset[str] = frozenset()  # the running tasks that the last look at a proof showed
    serving_since: float = 0.0
    unhealthy: frozenset[str] = frozenset()  # targets that were unhealthy in the last full look
    cause: Cause | None = None
    interrupted: bool = False
    fallback_deployment: str = ""  # id of the deployment that leads back, where we started one
    back_to: str = ""  # the revision we go back to, once we do
    way_back: Cause | None = None  # why the way back failed too
    proven: bool = False  # one full look found nothing wrong with the new revision
    waiting_for: str = ""
    outcome: Outcome | None = None

    @property
    def newest(self) -> str:
        """The id of the deployment that counts."""
        return self.ours[-1]


def doubting(state: State, what: str, now: float) -> State | None:
    """The state that waits for AWS's answers to agree; None once `what` has stood longer than a stale answer does."""
    since = state.doubted if state.doubt == what else now
    if now - since >= BEHIND:
        return None
    return replace(state, doubt=what, doubted=since, waiting_for="AWS's answers to agree")


def deployment_of(service: model.Service, deployment_id: str) -> model.Deployment | None:
    """The deployment with that id, None where the service does not show it."""
    return next((d for d in service.deployments if d.id == deployment_id), None)


def is_late(state: State, primary: model.Deployment) -> bool:
    """Whether that is a call of ours that was repeated since its answer was lost, and took effect after all.

    A change is given up after 20 s (`aws`), so within that time it may still arrive.
    """
    since = primary.created_at - max(state.created, state.raised_at)
    mine = state.repeated and primary.id not in state.ours
    return mine and primary.task_definition == state.revision and 0 <= since < _LATE


def entered(state: State, phase: Phase, now: float) -> State:
    """The state at the beginning of that phase."""
    return replace(state, phase=phase, phase_began=now, progressed=now)


def status_of(state: State, seen: Observation) -> str:
    """The status of our own service deployment, "" where this look did not bring it."""
    deployment = seen.snapshot.deployment
    return deployment.status if deployment and deployment.number == _number(state.newest) else ""


def _number(deployment_id: str) -> str:
    return deployment_id.rsplit("/", 1)[-1]
