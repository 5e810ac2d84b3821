"""What one look at a service shows: frozen facts that the terminal, the page and `--json` draw. No behaviour of AWS.

Times are seconds since the epoch. A figure that is not known is None, never 0; `readings` says of each group of
figures where it comes from, how old it is and, where there is none, why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

SleepState = Literal["awake", "waking", "asleep", "down", "suspended", "never", "unknown"]
Insights = Literal["off", "standard", "enhanced", "unknown"]

# The groups of figures, as `readings` names them.
SERVICE, TASKS, TARGETS, USAGE, TRAFFIC, SLEEP, LOGS = (
    "service", "tasks", "targets", "usage", "traffic", "sleep", "logs",
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """Where a group of figures comes from. `at`: when what it shows was so; None: nothing was had, `note` says why."""

    source: str
    at: float | None
    note: str = ""


@dataclass(frozen=True)
class ServiceStats:
    """The service and its rollout."""

    name: str
    cluster: str
    status: str
    desired: int
    running: int
    pending: int
    revision: str  # family:number
    image: str  # repository:tag or repository, without the digest
    digest: str  # "sha256:...", "" where the revision names none
    rollout: str  # COMPLETED, IN_PROGRESS, FAILED, "" where AWS does not say
    rollout_reason: str
    deployments: int
    deployed_at: float | None
    failed_tasks: int
    breaker: str  # "off", "on", "on, rolls back", with "1 of 3" while it counts


@dataclass(frozen=True)
class ContainerStats:
    """A container. CPU in units (1024 = one vCPU), memory in MiB, network in bytes a second of its whole task."""

    name: str
    task: str  # id
    image: str
    state: str
    health: str
    exit_code: int | None = None
    reason: str = ""
    cpu: float | None = None
    cpu_limit: float | None = None
    memory: float | None = None
    memory_limit: float | None = None
    received: float | None = None
    sent: float | None = None
    restarts: int | None = None
    last_line: str = ""
    cpu_history: tuple[float, ...] = ()  # per cent of the limit, oldest first
    memory_history: tuple[float, ...] = ()

    @property
    def cpu_percent(self) -> float | None:
        """Of what it may use; None where that or the use is not known."""
        return percent(self.cpu, self.cpu_limit)

    @property
    def memory_percent(self) -> float | None:
        """Of what it may use."""
        return percent(self.memory, self.memory_limit)


@dataclass(frozen=True)
class TaskStats:
    """A task of the service, running or just stopped. `id` is its 32 hex digits."""

    id: str
    revision: str  # the number alone
    newest: bool  # it is of the newest deployment
    zone: str
    state: str
    health: str
    created_at: float
    started_at: float | None
    stopped_at: float | None
    stopped_reason: str
    containers: tuple[ContainerStats, ...]


@dataclass(frozen=True)
class TargetStats:
    """A target of the load balancer. `task` is the id of the task behind it, "" for a stranger."""

    id: str
    port: int
    state: str
    reason: str
    task: str


@dataclass(frozen=True)
class Traffic:
    """The newest whole minute; histories by minute, oldest first. Times in milliseconds."""

    requests: float | None = None  # a second
    answers_2xx: int | None = None  # of the minute
    answers_4xx: int | None = None
    answers_5xx: int | None = None  # of targets and of the balancer itself
    p50_ms: float | None = None
    p99_ms: float | None = None
    requests_history: tuple[float, ...] = ()
    errors_history: tuple[float, ...] = ()


@dataclass(frozen=True)
class Sleep:
    """Whether the service sleeps, and when it will. `text` says it in words: "sleeps in 3m12s"."""

    state: SleepState
    sleeps_at: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Said:
    """An event of the service, or a line that a container printed (then `task` is its task's id)."""

    at: float
    text: str
    task: str = ""
    container: str = ""


@dataclass(frozen=True)
class Stats:
    """One look at one service. `notes` are sentences about what could not be seen."""

    environment: str
    name: str
    at: float
    service: ServiceStats
    tasks: tuple[TaskStats, ...]
    targets: tuple[TargetStats, ...]
    traffic: Traffic
    sleep: Sleep
    insights: Insights
    cpu_percent: float | None = None  # of the service, the free figure
    memory_percent: float | None = None
    events: tuple[Said, ...] = ()  # newest first
    lines: tuple[Said, ...] = ()  # oldest first
    readings: Mapping[str, Reading] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    api_calls: int = 0

    @property
    def containers(self) -> tuple[ContainerStats, ...]:
        """Those of all tasks."""
        return tuple(container for task in self.tasks for container in task.containers)

    def age(self, group: str) -> float | None:
        """Seconds since what a group of figures shows was so; None where it shows nothing."""
        reading = self.readings.get(group)
        return None if reading is None or reading.at is None else max(0.0, self.at - reading.at)


def percent(value: float | None, limit: float | None) -> float | None:
    """`value` of `limit` in per cent; None where one is not known or nothing is reserved."""
    return None if value is None or not limit else 100 * value / limit


def as_data(stats: Stats) -> dict[str, Any]:
    """For JSON, with what is computed: ages of the groups, per cents of the containers."""
    data = asdict(stats)
    for reading_name, reading in data["readings"].items():
        reading["age"] = None if (age := stats.age(reading_name)) is None else round(age, 1)
    for task, seen in zip(data["tasks"], stats.tasks, strict=True):
        for container, one in zip(task["containers"], seen.containers, strict=True):
            container["cpu_percent"] = one.cpu_percent
            container["memory_percent"] = one.memory_percent
    return data
