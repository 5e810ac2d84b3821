"""What the scheduler can decide: frozen descriptions that `transitions.apply` carries out.

`service` is a service's key in the world, (cluster, service) names; `task` and `group` are ARNs, `deployment` is an
id (`ecs-svc/<number>`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ecs_local.world import LastStatus

ServiceKey: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class Advance:
    """A state of a task that only takes time is over."""

    task: str
    to: LastStatus


@dataclass(frozen=True)
class FinishPull:
    """The images are there and the pull has taken its time: the processes may start."""

    task: str


@dataclass(frozen=True)
class MarkHealthy:
    """The task counts towards the floor for the first time."""

    service: ServiceKey
    task: str


@dataclass(frozen=True)
class RegisterTargets:
    service: ServiceKey
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class DeregisterTargets:
    """Of tasks that stopped without being drained first."""

    service: ServiceKey
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class RemoveTarget:
    """Its draining is over."""

    group: str
    target: tuple[str, int]


@dataclass(frozen=True)
class StartTasks:
    """`replaced`: how many of them take the place of an unhealthy task that still runs."""

    service: ServiceKey
    deployment: str
    count: int
    replaced: int = 0


@dataclass(frozen=True)
class StopTasks:
    """Orderly: drained first where a load balancer knows them."""

    service: ServiceKey
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class ReportUnhealthy:
    """`group` is None when the container's own check failed; `reason` is the target's description."""

    service: ServiceKey
    task: str
    group: str | None
    port: int
    reason: str


@dataclass(frozen=True)
class StopUnhealthy:
    """`group` as in ReportUnhealthy."""

    service: ServiceKey
    task: str
    group: str | None


@dataclass(frozen=True)
class Resize:
    """A deployment's share of the desired count."""

    service: ServiceKey
    deployment: str
    desired: int


@dataclass(frozen=True)
class BeginServiceDeployment:
    """PENDING -> IN_PROGRESS."""

    service: ServiceKey


@dataclass(frozen=True)
class FailDeployment:
    """The deployment starts nothing more; `back_to` is the deployment that takes over, None where there is none."""

    service: ServiceKey
    deployment: str
    cause: Literal["breaker", "request", "alarm"]
    back_to: str | None


@dataclass(frozen=True)
class Settle:
    """Nothing is left to do (or, with `settled` False, there is again)."""

    service: ServiceKey
    deployment: str
    settled: bool


@dataclass(frozen=True)
class CompleteDeployment:
    """`steady`: also say that the service has reached a steady state."""

    service: ServiceKey
    deployment: str
    steady: bool


@dataclass(frozen=True)
class RetireDeployment:
    """ACTIVE -> INACTIVE: its last task is gone."""

    service: ServiceKey
    deployment: str


@dataclass(frozen=True)
class AnnounceSteady:
    service: ServiceKey


@dataclass(frozen=True)
class AnnounceStuck:
    """Floor and ceiling allow neither a start nor a stop."""

    service: ServiceKey


@dataclass(frozen=True)
class CloseService:
    """DRAINING -> INACTIVE."""

    service: ServiceKey


Action: TypeAlias = (
    Advance
    | FinishPull
    | MarkHealthy
    | RegisterTargets
    | DeregisterTargets
    | RemoveTarget
    | StartTasks
    | StopTasks
    | ReportUnhealthy
    | StopUnhealthy
    | Resize
    | BeginServiceDeployment
    | FailDeployment
    | Settle
    | CompleteDeployment
    | RetireDeployment
    | AnnounceSteady
    | AnnounceStuck
    | CloseService
)
