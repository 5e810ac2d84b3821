"""`Cloud` in memory under a virtual clock: services that roll when they are looked at, and calls that fail on demand.

world = World()
world.cloud.fail("update_service", "answer_lost")
(result,) = world.drive(world.job(planned()))
"""

# ruff: noqa: ARG002 - the port has parameters that this small world does not need

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ecs_deployment import events, model
from ecs_deployment.cloud import Stored
from ecs_deployment.drive import drive
from ecs_deployment.errors import CloudError, NotFound, Unreachable
from ecs_deployment.job import Job, Loop
from ecs_deployment.journal import Entry, Held, Taking, journal_path, read, take
from ecs_deployment.lease import Lease
from ecs_deployment.outcome import Result
from ecs_deployment.patience import Hands
from ecs_deployment.plan import Plan
from ecs_deployment.rollout_state import Limits

from tests.deployment import builders as b
from tests.deployment.memory_parameters import MemoryParameters, VirtualClock
from tests.deployment.memory_presses import Presses

Fault = CloudError | Literal["answer_lost", "never_arrived"] | None
_CALL = 0.05  # seconds that each call takes
_MOST_CALLS = 3000  # beyond that something spins


class MemoryCloud:
    """One cluster "local". `progress` is what ECS does between two looks at a service; `log` names every call."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.parameters = MemoryParameters(clock)
        self.log: list[str] = []
        self.account = "000000000000"
        self.known: dict[str, model.Service] = {}
        self.running: defaultdict[str, list[model.Task]] = defaultdict(list)
        self.stopped: defaultdict[str, list[model.Task]] = defaultdict(list)
        self.health: dict[str, list[model.Target]] = {}
        self.definitions: dict[str, model.TaskDefinition] = {b.OLD: b.definition()}
        self.images: dict[str, model.Image] = {"demo": b.image()}
        self.scalable: dict[str, model.Scaling] = {}
        self.alarm: model.IdleAlarm | None = None
        self.rollouts: dict[str, model.ServiceDeployment] = {}  # by number; empty: the API does not show them
        self.lines: list[str] = []
        self.updates: list[dict[str, Any]] = []
        self.progress: Callable[[MemoryCloud, str], None] = completes
        self.before: Callable[[str], None] = lambda _: None
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, CloudError] = {}
        self._number = 1

    def fail(self, operation: str, *faults: Fault) -> None:
        """What happens to the next calls of that name, one each."""
        self._faults[operation].extend(faults)

    def refuse(self, error: CloudError | None, *operations: str) -> None:
        """From now on every call of these names fails so; None ends it."""
        for operation in operations:
            self._always.pop(operation, None)
            if error is not None:
                self._always[operation] = error

    def put(self, name: str, seen: model.Service) -> None:
        """The service as it stands from now on."""
        self.known[name] = seen

    def sent(self, operation: str) -> int:
        """How many calls of that name were made."""
        return self.log.count(operation)

    @property
    def calls(self) -> int:
        return len(self.log)

    def identity(self) -> model.Identity:
        self._arrive("identity")
        return model.Identity(self.account, f"arn:aws:iam::{self.account}:user/ann")

    def services(self, cluster: str, names: Sequence[str]) -> Mapping[str, model.Service]:
        self._arrive("services")
        if cluster != "local":
            raise NotFound("ecs:DescribeServices: Cluster not found.")
        for name in names:
            if name in self.known:
                self.progress(self, name)
        return {name: self.known[name] for name in names if name in self.known}

    def service_deployment(
        self, cluster: str, service: str, number: str, since: float
    ) -> model.ServiceDeployment | None:
        self._arrive("service_deployment")
        return self.rollouts.get(number)

    def tasks(self, cluster: str, service: str, *, stopped: bool) -> Sequence[model.Task]:
        self._arrive("stopped_tasks" if stopped else "tasks")
        return list((self.stopped if stopped else self.running)[service])

    def targets(self, group: str) -> Sequence[model.Target]:
        self._arrive("targets")
        found = self.health.get(group)
        if found is not None:
            return found
        return [
            model.Target(group, a, 8080, "healthy", "", "")
            for tasks in self.running.values()
            for t in tasks
            for a in t.addresses
        ]

    def health_checks(self, groups: Sequence[str]) -> Sequence[model.HealthCheck]:
        self._arrive("health_checks")
        return [model.HealthCheck(group, "/health", "200") for group in groups]

    def task_definition(self, arn: str) -> model.TaskDefinition:
        self._arrive("task_definition")
        return self.definitions[arn]

    def image(self, repository: str, reference: str) -> model.Image | None:
        self._arrive("image")
        return self.images.get(reference)

    def tags(self, repository: str) -> Sequence[str]:
        self._arrive("tags")
        return [one for one in self.images if not one.startswith("sha256:")]

    def repository_uri(self, repository: str) -> str:
        self._arrive("repository_uri")
        return b.URI

    def scaling(self, cluster: str, service: str) -> model.Scaling | None:
        self._arrive("scaling")
        return self.scalable.get(service)

    def idle_alarm(self, cluster: str, service: str) -> model.IdleAlarm | None:
        self._arrive("idle_alarm")
        return self.alarm

    def alarm_state(self, name: str) -> str:
        self._arrive("alarm_state")
        return self.alarm.state if self.alarm else ""

    def log_tail(self, task_definition: model.TaskDefinition, task_id: str, container: str) -> Sequence[str]:
        self._arrive("log_tail")
        return self.lines

    def register(self, content: Mapping[str, Any], tags: Sequence[Mapping[str, Any]]) -> str:
        return str(self._change("register", lambda: self._register(content)))

    def update_service(
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str | None = None,
        desired: int | None = None,
        configuration: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> model.Service:
        asked = {
            "service": service,
            "task_definition": task_definition,
            "desired": desired,
            "configuration": configuration,
            "force": force,
        }

        def act() -> model.Service:
            self.updates.append(asked)
            return self._update(**asked)

        found: model.Service = self._change("update_service", act)
        return found

    def stop_deployment(self, arn: str) -> None:
        self._change("stop_deployment", lambda: self._stop(arn))

    def report_activity(self, cluster: str, service: str) -> None:
        self._change("report_activity", lambda: None)

    def suspend(self, cluster: str, service: str, flags: model.Suspended) -> None:
        def act() -> None:
            self.scalable[service] = replace(self.scalable[service], suspended=flags)

        self._change("suspend", act)

    def list_parameters(self, path: str) -> Sequence[Stored]:
        self._arrive("list_parameters")
        return self.parameters.list_parameters(path)

    def read_parameter(self, name: str) -> Stored | None:
        self._arrive("read_parameter")
        return self.parameters.read_parameter(name)

    def create_parameter(self, name: str, value: str) -> bool:
        return bool(self._change("create_parameter", lambda: self.parameters.create_parameter(name, value)))

    def overwrite_parameter(self, name: str, value: str) -> int:
        return int(
            self._change("overwrite_parameter", lambda: self.parameters.overwrite_parameter(name, value))
        )

    def delete_parameter(self, name: str) -> None:
        self._change("delete_parameter", lambda: self.parameters.delete_parameter(name))

    def _register(self, content: Mapping[str, Any]) -> str:
        arn = f"{b.OLD.rpartition(':')[0]}:{len(self.definitions) + 1}"
        self.definitions[arn] = model.TaskDefinition(arn, "ACTIVE", content, ())
        return arn

    def _update(
        self,
        *,
        service: str,
        task_definition: str | None,
        desired: int | None,
        configuration: Mapping[str, Any] | None,
        force: bool,
    ) -> model.Service:
        live = self.known[service]
        revision = task_definition or live.task_definition
        deployments = live.deployments
        if force or revision != live.task_definition:
            self._number += 1
            new = b.deployment(
                self._number, revision, running=0, rollout_state="IN_PROGRESS", created_at=self.clock.now
            )
            deployments = (new, *(replace(d, status="ACTIVE") for d in deployments))
        self.known[service] = replace(
            live,
            task_definition=revision,
            desired=live.desired if desired is None else desired,
            configuration=live.configuration if configuration is None else configuration,
            deployments=deployments,
        )
        return self.known[service]

    def _stop(self, arn: str) -> None:
        """ECS's own rollback, which is over at once: the deployment before is PRIMARY again."""
        (rollout,) = [r for r in self.rollouts.values() if r.arn == arn]
        self.rollouts[rollout.number] = replace(rollout, status="ROLLBACK_SUCCESSFUL")
        for name, seen in self.known.items():
            if seen.deployments[0].id.endswith(f"/{rollout.number}"):
                before = replace(seen.deployments[1], status="PRIMARY")
                self.known[name] = replace(
                    seen, deployments=(before,), task_definition=before.task_definition
                )

    def _change(self, operation: str, act: Callable[[], Any]) -> Any:
        fault = self._arrive(operation)
        lost = Unreachable(f"The answer to {operation} was lost.", operation=operation, effect_unknown=True)
        if fault == "never_arrived":
            raise lost
        answer = act()
        if fault == "answer_lost":
            raise lost
        return answer

    def _arrive(self, operation: str) -> Fault:
        self.log.append(operation)
        assert len(self.log) < _MOST_CALLS, f"it spins: {self.log[-6:]}"
        self.clock.now += _CALL
        self.before(operation)
        if operation in self._always:
            raise self._always[operation]
        fault = self._faults[operation].popleft() if self._faults[operation] else None
        if isinstance(fault, CloudError):
            raise fault
        return fault


def completes(cloud: MemoryCloud, name: str) -> None:
    """Each look finds the new deployment a step further: its task runs, then it is complete and the old one gone."""
    seen = cloud.known[name]
    primary = seen.primary
    if primary is None or primary.rollout_state != "IN_PROGRESS":
        return
    if not primary.running:
        number = int(primary.id.rsplit("/", 1)[-1])
        new = b.task(number, primary.task_definition)
        cloud.running[name].append(new)
        primary = replace(primary, running=1)
        cloud.put(name, replace(seen, deployments=(primary, *seen.deployments[1:]), running=seen.running + 1))
        return
    cloud.running[name] = [t for t in cloud.running[name] if t.started_by == primary.id]
    done = replace(primary, rollout_state="COMPLETED")
    cloud.put(name, replace(seen, deployments=(done,), running=1))


def stands(_: MemoryCloud, __: str) -> None:
    """Nothing moves."""


def crashes(cloud: MemoryCloud, name: str) -> None:
    """A new revision fails to start at each look; what leads back to the old one completes."""
    primary = cloud.known[name].primary
    if primary is None or primary.task_definition == b.OLD:
        completes(cloud, name)
        return
    number = int(primary.id.rsplit("/", 1)[-1])
    cloud.stopped[name].append(b.failed(number, task_definition=primary.task_definition))
    failing = replace(primary, failed_tasks=len(cloud.stopped[name]))
    seen = cloud.known[name]
    cloud.put(name, replace(seen, deployments=(failing, *seen.deployments[1:])))


class World:
    """A cloud with services that are well on revision 1, and jobs on them."""

    def __init__(self, *names: str, desired: int = 1, floor: int = 100) -> None:
        self.clock = VirtualClock()
        self.cloud = MemoryCloud(self.clock)
        self.interrupts = Presses(self.clock)
        self.told: list[events.Event] = []
        for name in names or ("app",):
            running = [b.task()] if desired else []
            self.cloud.running[name] = running
            primary = b.deployment(desired=desired, running=len(running))
            live = {"minimumHealthyPercent": floor, "maximumPercent": 200}
            group = f"{b.GROUP.rpartition('/')[0]}-{name}/0"
            self.cloud.put(
                name,
                b.service(
                    primary,
                    name=name,
                    desired=desired,
                    configuration=live,
                    load_balancers=(model.LoadBalancer(group, "app", 8080),),
                ),
            )

    def hands(self, held: Held) -> Hands:
        return Hands(self.cloud, held, self.interrupts)

    def hold(self, name: str = "app") -> Held:
        return take(
            self.cloud, self.path(name), Taking("deploy", "staging", name, tag="demo"), clock=self.clock
        )

    def job(self, plan: Plan, held: Held | None = None) -> Job:
        """A job with its lock taken."""
        mine = held or self.hold(plan.service)
        return Job(
            plan=plan,
            held=mine,
            hands=self.hands(mine),
            began=self.clock.now,
            lease=Lease(self.cloud, plan.cluster, plan.service, plan.idle),
        )

    def drive(self, *jobs: Job, patience: float = 120.0, **limits: Any) -> list[Result]:
        """Take the jobs to their results."""
        loop = Loop(
            self.cloud,
            self.clock,
            self.told.append,
            self.interrupts,
            Limits(**limits),
            blind_patience=patience,
        )
        drive(loop, [*jobs])
        assert all(job.result for job in jobs)
        return [job.result for job in jobs if job.result]

    def finished(self) -> list[Result]:
        """The results as the report heard of them."""
        return [event.result for event in self.told if isinstance(event, events.Finished)]

    def said(self) -> str:
        return " ".join(event.text for event in self.told if isinstance(event, events.Said))

    def entry(self, name: str = "app") -> Entry:
        """The newest entry of the journal."""
        return read(self.cloud, self.path(name))[0]

    def path(self, name: str) -> str:
        return journal_path("deploys", "local", name)

    def live(self, name: str = "app") -> model.Service:
        return self.cloud.known[name]

    def floor(self, name: str = "app") -> int:
        return int(self.live(name).configuration["minimumHealthyPercent"])
