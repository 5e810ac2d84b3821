"""Performance events of Container Insights -> what each container uses, and its last minutes. Pure but for its memory.

An event of type Container gives the figures of one container; where there are none (a cluster may have only Task
events), those of the task stand for its first container.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PATTERN = '{{ ($.Type = "Container" || $.Type = "Task") && $.ServiceName = "{service}" }}'
"""The filter pattern of a service's events."""
_KEPT = 60  # samples of a container
_WHOLE_TASK = ""

Key = tuple[str, str]
"""(task id, container name)."""


@dataclass(frozen=True)
class Sample:
    """What a container used at one moment. CPU in units, memory in MiB, network in bytes a second."""

    at: float
    cpu: float | None
    cpu_limit: float | None
    memory: float | None
    memory_limit: float | None
    received: float | None
    sent: float | None
    restarts: int | None = None


class Figures:
    """The samples of one service's containers. `take` what was logged, in any order and more than once."""

    def __init__(self) -> None:
        self._samples: dict[Key, dict[float, Sample]] = {}

    def take(self, messages: Iterable[str], service: str) -> None:
        """Read events; what is none of this service is passed over."""
        for message in messages:
            event = _event(message)
            if event is None or event.get("ServiceName", service) != service:
                continue
            name = str(event.get("ContainerName", "")) if event["Type"] == "Container" else _WHOLE_TASK
            sample = _sample(event)
            samples = self._samples.setdefault((str(event["TaskId"]), name), {})
            samples[sample.at] = sample
            while len(samples) > _KEPT:
                del samples[min(samples)]

    def keep(self, tasks: Iterable[str]) -> None:
        """Forget all tasks but these."""
        wanted = set(tasks)
        self._samples = {key: samples for key, samples in self._samples.items() if key[0] in wanted}

    def of(self, task: str, container: str, *, first: bool) -> tuple[Sample, ...]:
        """The samples of a container, oldest first; those of its task where there are none and it is the first."""
        samples = self._samples.get((task, container)) or (
            self._samples.get((task, _WHOLE_TASK)) if first else None
        )
        return tuple(samples[at] for at in sorted(samples)) if samples else ()

    @property
    def newest(self) -> float | None:
        """When the newest sample of all was taken."""
        return max((max(samples) for samples in self._samples.values() if samples), default=None)


def _event(message: str) -> Mapping[str, Any] | None:
    try:
        event = json.loads(message)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("Type") not in ("Container", "Task"):
        return None
    return event if "TaskId" in event and isinstance(event.get("Timestamp"), int | float) else None


def _sample(event: Mapping[str, Any]) -> Sample:
    def number(name: str) -> float | None:
        value = event.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    restarts = number("RestartCount")
    return Sample(
        at=event["Timestamp"] / 1000,
        cpu=number("CpuUtilized"),
        cpu_limit=number("CpuReserved") or None,
        memory=number("MemoryUtilized"),
        memory_limit=number("MemoryReserved") or None,
        received=number("NetworkRxBytes"),
        sent=number("NetworkTxBytes"),
        restarts=None if restarts is None else int(restarts),
    )
