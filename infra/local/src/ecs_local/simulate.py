"""The same world under a virtual clock: processes and health checks that answer by a script, no process at all.

    simulation = Simulation(world, {"registry/app:2": Behaviour(crashes_after=0.1)})
    simulation.run(until=lambda: service.deployments[0].rollout_state != "IN_PROGRESS")

A rollout of minutes takes milliseconds, and the same world, seed and behaviours give the same history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from heapq import heappop, heappush
from math import inf

from ecs_local.balancer_metrics import Metrics
from ecs_local.balancer_routing import eligible
from ecs_local.facts import (
    ContainerHealth,
    Fact,
    ImageResolved,
    ProcessExited,
    ProcessStarted,
    StartFailed,
    TargetChecked,
)
from ecs_local.scheduler_actions import Action
from ecs_local.step import next_moment, step
from ecs_local.transitions import observe
from ecs_local.world import Container, Task, World


@dataclass(frozen=True)
class Behaviour:
    """How the containers of one image behave. Seconds; None is never."""

    pulls: bool = True
    secret: bool = True  # its secrets are there
    starts_in: float = 0.05
    ready_after: float = 0.0  # its checks fail before
    sick_after: float | None = None  # its checks fail from then on
    crashes_after: float | None = None
    stops_in: float = 0.0  # from SIGTERM

    def well(self, age: float) -> bool:
        """Does it pass its checks `age` seconds after it started?"""
        return age >= self.ready_after and (self.sick_after is None or age < self.sick_after)

    def next_change(self, age: float) -> float | None:
        """The age at which `well` next answers otherwise."""
        ages = [each for each in (self.ready_after, self.sick_after) if each is not None and age < each < inf]
        return min(ages, default=None)


@dataclass(frozen=True)
class _Check:
    """A health check that is due."""

    group: str
    target: tuple[str, int]


_TICK = 0.001  # seconds; keeps the clock going where two moments differ by a rounding
_MISMATCH = "Health checks failed with these codes: [503]"


class Simulation:
    """A world, its clock and its scripted processes. `now` may be read, the world may be changed between runs."""

    def __init__(
        self, world: World, behaviours: Mapping[str, Behaviour] | None = None, now: float = 0.0
    ) -> None:
        self.world = world
        self.now = now
        self.history: list[tuple[float, Action]] = []
        self._behaviours = dict(behaviours or {})
        self._agenda: list[tuple[float, int, Fact | _Check]] = []
        self._order = 0
        self._metrics = Metrics(world)
        self._phases: dict[str, tuple[str, bool]] = {}  # by task: what the script has already reacted to
        self._watched: set[tuple[str, tuple[str, int]]] = set()
        self._touched = True  # the world was changed since it was last looked at
        self._due: float | None = None  # when something happens next, as long as nobody touches the world

    def run(self, until: Callable[[], bool] | None = None, limit: float = 3600.0) -> bool:
        """Go on until the condition holds, nothing is left to happen, or `limit` seconds have passed.

        Returns whether the condition holds; without one, whether nothing is left to happen.
        """
        end = self.now + limit
        while True:
            self._settle()
            if until is not None and until():
                return True
            moments = [at for at in (next_moment(self.world, self.now), self._next_fact()) if at is not None]
            if not moments and until is None:
                return True
            if not moments or min(moments) > end:
                self.now = end
                return False
            self.now = min(moments)

    def touch(self) -> None:
        """Say that the world was changed from outside, so that `advance` looks at it anew."""
        self._touched = True

    def advance(self, to: float) -> bool:
        """Go on to the next moment at which something happened, at most to `to`; whether there was one.

        A call that finds nothing due costs next to nothing: whoever changes the world has to say so by `touch`.
        """
        if self._touched:
            self._look()
            return True
        if self._due is None or self._due > to:
            self.now = max(self.now, to)
            return False
        self.now = max(self.now, self._due)
        self._look()
        return True

    @property
    def due(self) -> float | None:
        """When `advance` looks at the world next, if nothing happens before; None: never."""
        return self.now if self._touched else self._due

    def _look(self) -> None:
        self._touched = False
        self._settle()
        moments = [at for at in (next_moment(self.world, self.now), self._next_fact()) if at is not None]
        self._due = min(moments, default=None)

    def visit(self, load_balancer: str, group: str) -> int:
        """A visitor's request now, counted as the balancer counts: 200, 502 from a sick target, 503 without any."""
        targets = eligible(self.world.target_groups[group], self.now, 0.0, lambda _: False)
        if not targets:
            self._metrics.record(load_balancer, None, self.now, 503, 0.0, by_target=False)
            return 503
        well = targets[0].state == "healthy"
        status = 200 if well else 502
        self._metrics.record(load_balancer, group, self.now, status, 0.01, by_target=well)
        return status

    def become(self, image: str, behaviour: Behaviour) -> None:
        """Let containers of the image that are started from now on behave otherwise."""
        self._behaviours[image] = behaviour

    def _settle(self) -> None:
        """Facts that are due, then what the scheduler does about them, then what the script does about that."""
        while self._agenda and self._agenda[0][0] <= self.now:
            item = heappop(self._agenda)[2]
            if isinstance(item, _Check):
                self._check(item)
            else:
                observe(self.world, item, self.now)
        self.history += [(self.now, action) for action in step(self.world, self.now)]
        for task in list(self._live()):
            self._react(task)
        for group in self.world.target_groups.values():
            for key in group.targets:
                if (group.arn, key) not in self._watched:
                    self._watched.add((group.arn, key))
                    profile = self.world.profile
                    first = group.health_interval * profile.health_scale * (profile.first_check or 0.0)
                    self._later(first, _Check(group.arn, key))

    def _live(self) -> Iterator[Task]:
        yield from self.world.standalone_tasks.values()
        for service in self.world.services.values():
            yield from service.live_tasks.values()

    def _next_fact(self) -> float | None:
        return self._agenda[0][0] if self._agenda else None

    def _later(self, seconds: float, item: Fact | _Check) -> None:
        self._order += 1
        heappush(self._agenda, (self.now + seconds, self._order, item))

    def _behaviour(self, container: Container) -> Behaviour:
        return self._behaviours.get(container.image, Behaviour())

    def _react(self, task: Task) -> None:
        phase = (task.last_status, task.pull_stopped_at is not None)
        if self._phases.get(task.arn) == phase:
            return
        self._phases[task.arn] = phase
        for container in task.containers:
            behaviour = self._behaviour(container)
            if task.last_status == "PENDING":
                self._start(task, container, behaviour)
            elif task.last_status == "STOPPING" and container.last_status != "STOPPED":
                self._later(behaviour.stops_in, ProcessExited(task.arn, container.name, 0))

    def _start(self, task: Task, container: Container, behaviour: Behaviour) -> None:
        arn, name = task.arn, container.name
        if task.pull_stopped_at is None:
            if behaviour.pulls:
                digest = container.pinned_digest or _digest(container.image)
                self._later(0, ImageResolved(arn, name, digest))
            else:
                self._later(
                    0, StartFailed(arn, name, f"CannotPullContainerError: {container.image}: not found")
                )
            return
        if not behaviour.secret:
            self._later(0, StartFailed(arn, name, "ResourceInitializationError: unable to pull secrets"))
            return
        up = behaviour.starts_in
        self._later(up, ProcessStarted(arn, name))
        if container.checked:
            if behaviour.ready_after < inf:
                self._later(up + behaviour.ready_after, ContainerHealth(arn, name, "HEALTHY"))
            if behaviour.sick_after is not None:
                self._later(up + behaviour.sick_after, ContainerHealth(arn, name, "UNHEALTHY"))
        if behaviour.crashes_after is not None:
            self._later(up + behaviour.crashes_after, ProcessExited(arn, name, 1))

    def _check(self, check: _Check) -> None:
        """One health check, and the next one as long as it, or the future, can change the target's state."""
        group = self.world.target_groups.get(check.group)
        target = group.targets.get(check.target) if group is not None else None
        task = self.world.tasks.get(target.task) if target is not None else None
        if group is None or target is None or task is None or task.started_at is None:
            return
        behaviour, age = self._behaviour(task.containers[0]), self.now - task.started_at
        well = behaviour.well(age)
        reason, description = ("", "") if well else ("Target.ResponseCodeMismatch", _MISMATCH)
        observe(
            self.world, TargetChecked(group.arn, target.id, target.port, well, reason, description), self.now
        )
        if target.state == ("healthy" if well else "unhealthy"):
            change = behaviour.next_change(age)
            if change is not None:
                self._later(max(change - age, _TICK), check)
        elif target.state != "draining":
            self._later(max(group.health_interval * self.world.profile.health_scale, 0.05), check)


def _digest(image: str) -> str:
    """What a registry would answer: the digest that the reference is pinned to, else one made up from its tag."""
    _, _, pinned = image.partition("@")
    return pinned or f"sha256:{sha256(image.encode()).hexdigest()}"
