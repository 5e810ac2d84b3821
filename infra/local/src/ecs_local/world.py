"""The state of the embedded account: plain data that every other room reads and few may write.

Who writes what, and nobody else:

* `transitions` applies the scheduler's actions and the workers' facts to services, deployments and tasks;
* `api/` writes what a caller asked for (a new deployment, a desired count, a parameter);
* the balancer's health checks arrive as facts through `transitions`.

Times are seconds since the epoch as floats, always handed in as `now`: nothing here reads a clock, so the
same world runs under a virtual one. Names and enumerations are Amazon's own (botocore's `ecs` model).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ecs_local.alarms_model import Alarm, ScalingPolicy
from ecs_local.faults import Fault
from ecs_local.metrics import MetricStore
from ecs_local.profile import FAST, Profile

if TYPE_CHECKING:
    from ecs_local.cfn_records import Stack
    from ecs_local.world_balancer import Listener, TargetGroup

Content = dict[str, Any]
"""A structure as botocore shapes it, kept as the caller sent it."""

LastStatus = Literal[
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
]
Health = Literal["HEALTHY", "UNHEALTHY", "UNKNOWN"]


@dataclass
class Cluster:
    name: str
    arn: str
    settings: list[Content] = field(default_factory=list)
    tags: list[Content] = field(default_factory=list)
    status: str = "ACTIVE"


@dataclass
class TaskDefinition:
    """One revision. `content` is what was registered, with the defaults that ECS adds, under ECS's names."""

    arn: str
    family: str
    revision: int
    content: Content
    registered_at: float
    status: str = "ACTIVE"  # or INACTIVE
    tags: list[Content] = field(default_factory=list)


@dataclass
class Container:
    """One container of a task; with us, one process group."""

    name: str
    image: str
    essential: bool
    image_digest: str | None = None
    pinned_digest: str | None = (
        None  # set by an earlier task of the deployment: pull this, not what the tag says now
    )
    checked: bool = False  # its definition has a healthCheck
    last_status: str = "PENDING"  # PENDING, RUNNING, STOPPED
    exit_code: int | None = None
    reason: str | None = None
    health: Health = "UNKNOWN"


@dataclass
class Task:
    """A running or recently stopped task.

    `*_at` fields carry the moment of entering that state; `next_at` is when the state that only takes time
    (provisioning, pulling, draining, deprovisioning) is over. `address` and `ports` are where its process
    listens: its own loopback address on Linux, else 127.0.0.1 with a port of its own.
    """

    arn: str
    id: str  # 32 hex digits, the end of the ARN
    cluster: str  # name
    group: str  # "service:<name>", or "family:<name>" for RunTask
    started_by: str  # "ecs-svc/<19 digits>" for a service's task
    task_definition: str  # ARN
    containers: list[Container]
    created_at: float
    last_status: LastStatus = "PROVISIONING"
    desired_status: str = "RUNNING"  # or STOPPED
    health: Health = "UNKNOWN"
    address: str = ""
    ports: dict[tuple[str, int], int] = field(
        default_factory=dict
    )  # (container, containerPort) -> listening port
    version: int = 1
    next_at: float | None = None
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    started_at: float | None = None  # RUNNING
    stopping_at: float | None = None
    execution_stopped_at: float | None = None
    stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    was_healthy: bool = False  # counted towards the floor at least once; the breaker asks
    counted_failed: bool = False  # already counted by the breaker
    stop_ordered_at: float | None = None
    registered: bool = False  # its targets were registered and not yet deregistered
    reported_sick: bool = False  # its failing checks were announced
    stop_to_announce: bool = False  # "has stopped 1 running tasks" follows once it is drained
    tags: list[Content] = field(default_factory=list)


@dataclass
class Deployment:
    """One entry of a service's `deployments`: a task definition on its way in, in place, or on its way out."""

    id: str  # "ecs-svc/<19 digits>"
    task_definition: str  # ARN
    created_at: float
    updated_at: float
    status: str = "PRIMARY"  # PRIMARY, ACTIVE, INACTIVE
    rollout_state: str = "IN_PROGRESS"  # IN_PROGRESS, COMPLETED, FAILED
    rollout_state_reason: str = ""
    desired_count: int = 0  # climbs in steps, as ECS shows it
    failed_tasks: int = 0
    next_start_at: float = 0.0  # start-failure back-off: no task is started before
    start_failures: int = 0  # in a row; decides the back-off
    image_digests: dict[str, str] = field(default_factory=dict)  # container -> digest, set by the first task
    completed_once: bool = False  # a rollback may go back to it
    settled_at: float | None = None  # since when nothing was left to do; the completion tail runs from here
    begins_at: float = 0.0  # nothing is started or stopped on its behalf before
    had_healthy: bool = False  # a task of it was healthy in this rollout
    completed_at: float | None = None  # when it last completed; a rollback goes back to the newest
    replaced_others: bool = False  # this rollout stopped tasks of other deployments
    breaker_failures: int = 0  # what the circuit breaker compares with its threshold
    digest_failures: int = 0  # attempts in a row to turn a tag into a digest that failed
    unhealthy_stopped: int = 0  # stopped for their health and not yet replaced
    heeds_alarms: bool = True  # none of the service's alarms stood in ALARM when it began


@dataclass
class ServiceDeployment:
    """The newer view of a rollout (ListServiceDeployments, DescribeServiceDeployments).

    The number of the target revision equals the deployment's (the ARN of the service deployment itself ends in
    an id of its own, as on AWS). A second UpdateService ends the first one as STOPPED.
    """

    arn: str
    deployment_id: str
    target_revision: str  # service revision ARN, ends in the deployment's number
    source_revisions: list[str]
    created_at: float
    updated_at: float
    configuration: Content
    status: str = "PENDING"
    status_reason: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    stopped_at: float | None = None
    breaker_status: str = "DISABLED"  # MONITORING, MONITORING_COMPLETE, TRIGGERED, DISABLED
    failure_count: int = 0
    threshold: int = 3
    rollback: Content | None = None  # {reason, startedAt, serviceRevisionArn}


@dataclass
class Event:
    id: str
    created_at: float
    message: str
    stopped: tuple[
        str, ...
    ] = ()  # ids of the tasks that "has stopped" names; others of this moment join them


@dataclass
class Service:
    """A service: its wishes (`desired_count`, `configuration`), its deployments, newest first, and its events.

    `content` holds what ECS only stores (network configuration, tags propagation, ...). `load_balancers` and
    `configuration` are botocore's `loadBalancers` and `deploymentConfiguration`, complete with defaults.
    """

    name: str
    arn: str
    cluster: str  # name
    created_at: float
    desired_count: int
    configuration: Content
    load_balancers: list[Content]
    grace_seconds: int = 0
    status: str = "ACTIVE"  # DRAINING, INACTIVE
    deployments: list[Deployment] = field(default_factory=list)
    past_deployments: list[Deployment] = field(default_factory=list)  # INACTIVE; a rollback takes from here
    service_deployments: list[ServiceDeployment] = field(default_factory=list)  # newest first
    events: list[Event] = field(default_factory=list)  # newest first, at most 100
    steady_since: float | None = None  # when "has reached a steady state" was last said; None: not steady
    live_tasks: dict[str, Task] = field(default_factory=dict)  # by ARN, every task not yet STOPPED
    standing: dict[str, float] = field(
        default_factory=dict
    )  # kind of message -> when said; not repeated for 6 h
    content: Content = field(default_factory=dict)
    tags: list[Content] = field(default_factory=list)


@dataclass
class ScalableTarget:
    resource_id: str  # "service/<cluster>/<service>"
    min_capacity: int
    max_capacity: int
    created_at: float
    arn: str
    role_arn: str
    suspended: dict[str, bool] = field(
        default_factory=lambda: {
            "DynamicScalingInSuspended": False,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }
    )
    cools_in_until: float = float("-inf")  # no scale-in before
    cools_out_until: float = float("-inf")  # until then what a scale-out added counts for the next
    base_capacity: int = 0  # before the scale-out that cools down


@dataclass
class Parameter:
    """An SSM parameter; `version` counts overwrites from 1."""

    name: str
    value: str
    type: str
    version: int
    modified_at: float
    description: str | None = None
    tags: list[Content] = field(default_factory=list)


@dataclass
class World:
    """Everything the embedded account holds that depends on time or on other parts of it."""

    account: str = "000000000000"
    region: str = "eu-west-3"
    profile: Profile = FAST
    seed: int = 0  # ids come from it, so that the same seed gives the same history
    serial: int = 0  # how many ids were drawn
    clusters: dict[str, Cluster] = field(default_factory=dict)  # by name
    task_definitions: dict[str, TaskDefinition] = field(default_factory=dict)  # by ARN
    services: dict[tuple[str, str], Service] = field(default_factory=dict)  # by (cluster, service) name
    tasks: dict[str, Task] = field(default_factory=dict)  # by ARN; stopped ones leave after an hour
    standalone_tasks: dict[str, Task] = field(default_factory=dict)  # by ARN, RunTask's, not yet STOPPED
    stopped_tasks: deque[Task] = field(default_factory=deque)  # longest stopped first
    addresses_drawn: int = 0
    stepped_at: float = float("-inf")  # when `step` last looked: what became due since is still to be done
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)  # by ARN
    listeners: dict[str, Listener] = field(default_factory=dict)  # by ARN
    scalable_targets: dict[str, ScalableTarget] = field(default_factory=dict)  # by resource id
    parameters: dict[str, Parameter] = field(default_factory=dict)  # by name
    stacks: dict[str, Stack] = field(default_factory=dict)  # by ARN, those deleted too
    faults: list[Fault] = field(default_factory=list)  # planted on demand, in the order of planting
    metrics: MetricStore = field(default_factory=MetricStore)
    log_queries: dict[str, Content] = field(default_factory=dict)  # answers of Logs Insights, by query id
    alarms: dict[str, Alarm] = field(default_factory=dict)  # by name
    alarm_history: deque[Content] = field(default_factory=deque)  # newest first
    scaling_policies: dict[tuple[str, str], ScalingPolicy] = field(
        default_factory=dict
    )  # by (resource id, name)
    scaling_activities: list[Content] = field(default_factory=list)  # newest first
