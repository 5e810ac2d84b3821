"""What was seen: frozen facts about one service and what runs behind it. No behaviour, no AWS types.

Times are seconds since the epoch by AWS's clock. Field names are Amazon's, in snake case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Content = Mapping[str, Any]
"""A structure as AWS shapes it, which only passes through."""


@dataclass(frozen=True)
class Identity:
    """Who we are: STS's answer."""

    account: str
    arn: str


@dataclass(frozen=True)
class Deployment:
    """An entry of a service's `deployments`. `id` is "ecs-svc/<number>"."""

    id: str
    status: str  # PRIMARY, ACTIVE
    task_definition: str
    desired: int
    running: int
    pending: int
    failed_tasks: int
    rollout_state: str  # IN_PROGRESS, COMPLETED, FAILED, "" where AWS does not say
    rollout_state_reason: str
    created_at: float


@dataclass(frozen=True)
class Event:
    """A line of the service's own story."""

    id: str
    at: float
    message: str


@dataclass(frozen=True)
class LoadBalancer:
    """Where a container of the service is registered."""

    target_group: str  # ARN
    container: str
    port: int


@dataclass(frozen=True)
class Service:
    """A service as DescribeServices shows it. `configuration` is the live deploymentConfiguration, whole."""

    arn: str
    name: str
    cluster: str  # name
    status: str  # ACTIVE, DRAINING, INACTIVE
    desired: int
    running: int
    pending: int
    task_definition: str
    deployments: tuple[Deployment, ...]
    configuration: Content
    load_balancers: tuple[LoadBalancer, ...]
    events: tuple[Event, ...]  # newest first
    controller: str  # ECS, CODE_DEPLOY, EXTERNAL
    scheduling: str  # REPLICA, DAEMON

    @property
    def primary(self) -> Deployment | None:
        """The newest deployment; none only while the service is being deleted."""
        return next((d for d in self.deployments if d.status == "PRIMARY"), None)

    @property
    def given_up(self) -> bool:
        """Whether it should run, nothing of it does, and ECS has ended its rollout as failed."""
        primary = self.primary
        failed = primary is not None and primary.rollout_state == "FAILED"
        return failed and self.desired > 0 and self.running == 0


@dataclass(frozen=True)
class ServiceDeployment:
    """The newer view of a rollout. `number` ties it to the deployment "ecs-svc/<number>"."""

    arn: str
    number: str
    status: str
    status_reason: str
    failure_count: int
    threshold: int
    waiting_hook: str  # id of a lifecycle hook that waits for an answer, "" for none
    rollback_to: str  # service revision ARN, "" for none


@dataclass(frozen=True)
class Container:
    """A container of a task. `image_digest` is the manifest digest that ECS reports, "" before the pull."""

    name: str
    image: str
    image_digest: str
    last_status: str
    health: str  # HEALTHY, UNHEALTHY, UNKNOWN
    exit_code: int | None
    reason: str


@dataclass(frozen=True)
class Task:
    """A running or recently stopped task. `started_by` carries the deployment id."""

    arn: str
    started_by: str
    task_definition: str
    last_status: str
    desired_status: str
    health: str
    containers: tuple[Container, ...]
    addresses: tuple[str, ...]  # private IPv4 addresses; empty outside awsvpc
    created_at: float
    started_at: float | None
    stopped_at: float | None
    stop_code: str
    stopped_reason: str
    zone: str = ""  # availability zone, "" before it is placed

    @property
    def id(self) -> str:
        """The 32 hex digits at the end of the ARN."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Target:
    """A target of a group and what its health checks say."""

    group: str  # ARN
    id: str  # address or instance
    port: int
    state: str  # initial, healthy, unhealthy, draining, unused, unavailable
    reason: str
    description: str


@dataclass(frozen=True)
class HealthCheck:
    """What a target group asks of its targets: the path ("" for a TCP check) and the codes that pass."""

    group: str  # ARN
    path: str
    codes: str  # "200", "200-299"


@dataclass(frozen=True)
class TaskDefinition:
    """A revision: what runs, and under which ARN. `content` holds what RegisterTaskDefinition takes."""

    arn: str
    status: str  # ACTIVE, INACTIVE, DELETE_IN_PROGRESS
    content: Content
    tags: tuple[Content, ...]

    @property
    def short(self) -> str:
        """family:revision"""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Image:
    """An image in the registry.

    `digest` is what the tag points to; `accepted` are the digests a container may report for it (the index
    or one of its manifests); `architectures` are Docker's names ("amd64", "arm64"), empty: not known.
    """

    repository_uri: str
    tag: str
    digest: str
    accepted: frozenset[str]
    architectures: frozenset[str]
    commit: str = ""


@dataclass(frozen=True)
class Suspended:
    """The three suspension flags of a scalable target."""

    scale_in: bool
    scale_out: bool
    scheduled: bool


@dataclass(frozen=True)
class Scaling:
    """The service's scalable target."""

    min_capacity: int
    max_capacity: int
    suspended: Suspended


@dataclass(frozen=True)
class IdleAlarm:
    """The alarm whose policy takes the service to 0.

    `leased`: it counts the metric DeployActivity as traffic, so that a deploy can hold it off. `enabled`: its actions
    are. `wakes_by` is the alarm whose policy brings the service up from 0, "" for none; `wake_enabled`: its actions
    are.
    """

    name: str
    state: str  # OK, ALARM, INSUFFICIENT_DATA
    leased: bool
    enabled: bool = True
    wakes_by: str = ""
    wake_enabled: bool = True


@dataclass(frozen=True)
class Traffic:
    """What the probe measured so far, since its start. Times in seconds."""

    requests: int
    failed: int  # confirmed losses
    failed_in_a_row: int
    longest_gap_ms: int
    measured: bool = True
    why_not: str = ""  # where nothing was measured


@dataclass(frozen=True)
class Snapshot:
    """Everything one look at a service brought; its calls lie a few hundred milliseconds apart.

    `deployment` is the service deployment of the newest deployment, None where AWS does not show it (yet).
    `running` and `stopped` are tasks of this service only; `stopped` the recent ones.
    """

    service: Service
    running: tuple[Task, ...] = ()
    stopped: tuple[Task, ...] = ()
    targets: tuple[Target, ...] = ()
    checks: tuple[HealthCheck, ...] = ()  # read where a task was stopped because its target failed
    deployment: ServiceDeployment | None = None
    scaling: Scaling | None = None
