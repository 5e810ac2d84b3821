"""Container Insights of the embedded account: performance events as ECS writes them. Pure.

Fields: CloudWatch user guide, "Container Insights performance log events for Amazon ECS", and an event recorded on
Fargate, whose Container events carry ServiceName and, where the container reserves nothing itself, the task's CPU and
memory. Storage and packets are left out: nothing true is known of them here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_local.transitions import counts
from ecs_local.world import Cluster, Container, Content, Service, Task, World

NAMESPACE = "ECS/ContainerInsights"
MIB = 1024 * 1024
UNITS = 1024  # CPU units of one vCPU

_COUNT, _MEGABYTES, _RATE = "Count", "Megabytes", "Bytes/Second"
_TASK_UNITS = {
    "CpuUtilized": "None",
    "CpuReserved": "None",
    "MemoryUtilized": _MEGABYTES,
    "MemoryReserved": _MEGABYTES,
    "NetworkRxBytes": _RATE,
    "NetworkTxBytes": _RATE,
}
_SERVICE_UNITS = dict.fromkeys(
    ("DesiredTaskCount", "RunningTaskCount", "PendingTaskCount", "DeploymentCount", "TaskSetCount"), _COUNT
)
_CLUSTER_UNITS = dict.fromkeys(("TaskCount", "ContainerInstanceCount", "ServiceCount"), _COUNT)

Key = tuple[str, str]
"""(task ARN, container name)."""


@dataclass(frozen=True)
class Reading:
    """What one container used between two looks: CPU units, memory in MiB, bytes a second in and out."""

    cpu: float
    memory: float
    received: float = 0.0
    sent: float = 0.0


@dataclass(frozen=True)
class Metrics:
    """Metrics to take from an event: their units and values by name, and the sets of dimensions."""

    units: Mapping[str, str]
    values: Mapping[str, float]
    dimensions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Event:
    """One performance event. Its metrics stand in the message too, except for those of a container."""

    fields: Content
    metrics: tuple[Metrics, ...] = field(default=())

    @property
    def message(self) -> Content:
        """The event as it stands in the log: embedded metric format."""
        if self.fields["Type"] == "Container" or not self.metrics:
            return self.fields
        blocks = [
            {
                "Namespace": NAMESPACE,
                "Metrics": [{"Name": name, "Unit": unit} for name, unit in one.units.items()],
                "Dimensions": [list(names) for names in one.dimensions],
            }
            for one in self.metrics
        ]
        return self.fields | {"CloudWatchMetrics": blocks}


def mode(cluster: Cluster) -> str:
    """disabled, enabled or enhanced."""
    settings = (one["value"] for one in cluster.settings if one["name"] == "containerInsights")
    return str(next(settings, "disabled"))


def of_tasks(world: World, cluster: Cluster, readings: Mapping[Key, Reading], now: float) -> Iterator[Event]:
    """A Container event for each container that was read, and a Task event for its task."""
    enhanced = mode(cluster) == "enhanced"
    for task in _of_cluster(world, cluster):
        read = {c.name: readings[task.arn, c.name] for c in task.containers if (task.arn, c.name) in readings}
        if read:
            yield from (
                _container(world, task, c, read[c.name], now, enhanced)
                for c in task.containers
                if c.name in read
            )
            yield _task(world, task, read.values(), now, enhanced)


def of_services(world: World, cluster: Cluster, now: float) -> Iterator[Event]:
    """A Service event for each service, then the Cluster event."""
    services = [
        one for (name, _), one in world.services.items() if name == cluster.name and one.status == "ACTIVE"
    ]
    yield from (_service(one, now) for one in services)
    numbers = {
        "TaskCount": sum(task.last_status == "RUNNING" for task in _of_cluster(world, cluster)),
        "ContainerInstanceCount": 0,
        "ServiceCount": len(services),
    }
    head = {"Version": "0", "Type": "Cluster", "ClusterName": cluster.name, "Timestamp": int(now * 1000)}
    yield Event(head | numbers, (Metrics(_CLUSTER_UNITS, numbers, (("ClusterName",),)),))


def reserved(world: World, task: Task, container: str = "") -> tuple[float, float]:
    """(CPU units, MiB) that a container reserves, or else its task; 0 where neither does."""
    content = world.task_definitions[task.task_definition].content
    named = [one for one in content["containerDefinitions"] if one["name"] == container]
    definition: Content = named[0] if named else {}
    cpu = definition.get("cpu") or content.get("cpu") or 0
    memory = definition.get("memory") or definition.get("memoryReservation") or content.get("memory") or 0
    return float(cpu), float(memory)


def _of_cluster(world: World, cluster: Cluster) -> list[Task]:
    return [
        one for one in world.tasks.values() if one.cluster == cluster.name and one.last_status != "STOPPED"
    ]


def _named(world: World, task: Task) -> Content:
    """How every event of a task names it."""
    definition = world.task_definitions[task.task_definition]
    kind, _, name = task.group.partition(":")
    return {
        "TaskId": task.id,
        "TaskDefinitionFamily": definition.family,
        "TaskDefinitionRevision": str(definition.revision),
        **({"ServiceName": name} if kind == "service" else {}),
        "ClusterName": task.cluster,
    }


def _numbers(readings: Iterable[Reading], limits: tuple[float, float]) -> dict[str, float]:
    read = list(readings)
    return {
        "CpuUtilized": round(sum(one.cpu for one in read), 3),
        "CpuReserved": limits[0],
        "MemoryUtilized": round(sum(one.memory for one in read)),
        "MemoryReserved": limits[1],
        # All containers of a task share one network interface (awsvpc): each reading holds the task's figures.
        "NetworkRxBytes": round(max((one.received for one in read), default=0.0)),
        "NetworkTxBytes": round(max((one.sent for one in read), default=0.0)),
    }


def _container(
    world: World, task: Task, container: Container, reading: Reading, now: float, enhanced: bool
) -> Event:
    named = _named(world, task)
    numbers = _numbers([reading], reserved(world, task, container.name))
    fields: Content = {
        "Version": "0",
        "Type": "Container",
        "ContainerName": container.name,
        **named,
        "Image": container.image,
        "ContainerKnownStatus": container.last_status,
        "Timestamp": int(now * 1000),
        **numbers,
    }
    return Event(fields, (_of_container(numbers, container, "ServiceName" in named),) if enhanced else ())


def _of_container(numbers: Mapping[str, float], container: Container, in_service: bool) -> Metrics:
    """The metrics of enhanced observability for one container, under the names and dimensions that AWS lists."""
    values = {f"Container{name}": value for name, value in numbers.items()}
    units = {f"Container{name}": unit for name, unit in _TASK_UNITS.items()}
    for what in ("Cpu", "Memory"):
        if limit := numbers[f"{what}Reserved"]:
            values[f"Container{what}Utilization"] = 100 * numbers[f"{what}Utilized"] / limit
            units[f"Container{what}Utilization"] = "Percent"
    if container.checked:
        values["UnHealthyContainerHealthStatus"] = float(container.health == "UNHEALTHY")
        units["UnHealthyContainerHealthStatus"] = _COUNT
    outer = ["TaskDefinitionFamily", *(["ServiceName"] if in_service else [])]
    sets = [("ClusterName", one, *more, "ContainerName") for one in outer for more in ((), ("TaskId",))]
    return Metrics(units, values, tuple(sets))


def _task(world: World, task: Task, readings: Iterable[Reading], now: float, enhanced: bool) -> Event:
    named = _named(world, task)
    numbers = _numbers(readings, reserved(world, task))
    times = {
        "PullStartedAt": task.pull_started_at,
        "PullStoppedAt": task.pull_stopped_at,
        "CreatedAt": task.created_at,
        "StartedAt": task.started_at,
    }
    fields: Content = {
        "Version": "0",
        "Type": "Task",
        **named,
        "AccountID": world.account,
        "Region": world.region,
        "AvailabilityZone": f"{world.region}a",
        "KnownStatus": task.last_status,
        "LaunchType": "FARGATE",
        **{name: int(at * 1000) for name, at in times.items() if at is not None},
        "Timestamp": int(now * 1000),
        **numbers,
    }
    outer: list[tuple[str, ...]] = [("ClusterName",), ("ClusterName", "TaskDefinitionFamily")]
    outer += [("ClusterName", "ServiceName")] if "ServiceName" in named else []
    single = [(*one, "TaskId") for one in outer[1:]] if enhanced else []
    return Event(fields, (Metrics(_TASK_UNITS, numbers, (*outer, *single)),))


def _service(service: Service, now: float) -> Event:
    running, pending = counts(service)
    numbers: dict[str, Any] = {
        "DesiredTaskCount": service.desired_count,
        "RunningTaskCount": running,
        "PendingTaskCount": pending,
        "DeploymentCount": len(service.deployments),
        "TaskSetCount": 0,
    }
    fields = {
        "Version": "0",
        "Type": "Service",
        "ServiceName": service.name,
        "ClusterName": service.cluster,
        "Timestamp": int(now * 1000),
        **numbers,
    }
    return Event(fields, (Metrics(_SERVICE_UNITS, numbers, (("ServiceName", "ClusterName"),)),))
