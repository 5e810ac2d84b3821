"""An account without HTTP: API calls by handler under the virtual clock, every answer checked, every rule watched."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

from ecs_local import transitions
from ecs_local.api import answers, autoscaling, ecs, elbv2, shapes
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.models import model
from ecs_local.api.passive import Passive
from ecs_local.profile import FAST
from ecs_local.scheduler_view import ONGOING
from ecs_local.simulate import Simulation
from ecs_local.world import Content, Service, World
from ecs_local.world_balancer import Listener, ListenerRule, TargetGroup

from tests.local.worlds import CRASHING, GROUP, NEVER_READY, UNPULLABLE

OPERATIONS: dict[str, dict[str, Handler]] = {
    "ecs": ecs.OPERATIONS,
    "application-autoscaling": autoscaling.OPERATIONS,
    "elbv2": {"DescribeTargetHealth": elbv2.describe_target_health},
}
BEHAVIOURS = {"app:crash": CRASHING, "app:missing": UNPULLABLE, "app:sick": NEVER_READY}
GENERAL = {"ValidationException", "ValidationError", "ObjectNotFoundException", "ParameterNotFound"}
INVALID = {
    "ecs": "InvalidParameterException",
    "application-autoscaling": "ValidationException",
    "elbv2": "ValidationError",
}


class Account:
    """`ask` a service, let time pass with `wait`. Counted: answers by operation, refusals by code."""

    def __init__(self, seed: int = 1) -> None:
        self.world = World(profile=FAST, seed=seed)
        self.world.target_groups[GROUP] = TargetGroup(
            GROUP, "app", health_interval=10.0, deregistration_delay=5.0
        )
        rule = ListenerRule(1, [], [], {"type": "forward", "group": GROUP})
        self.world.listeners["listener"] = Listener("listener", "balancer", 80, rules=[rule])
        self.simulation = Simulation(self.world, BEHAVIOURS)
        self.answered: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.watch = Watch(self.world)

    def wait(self, seconds: float) -> None:
        """Time passes; the rules are checked at every moment in which anything happens."""
        self.simulation.run(until=self.watch, limit=seconds)

    def ask(self, service: str, operation: str, params: Content) -> Content | None:
        """The answer as it would go over the wire, or None for a refusal that AWS gives as well."""
        shape = model(service).operation_model(operation)
        call = Call(self.world, self.simulation.now, cast(Passive, None), "http://127.0.0.1")
        try:
            given = _read(service, shape, params)
            answer = OPERATIONS[service][operation](call, given)
        except AwsError as error:
            self.refused(operation, error, {one.name for one in shape.error_shapes})
            return None
        assert isinstance(answer, dict)
        self.answered[operation] += 1
        if service == "elbv2":
            answers.xml_body(shape, answer, "request")  # raises where it does not fit the model
            return answer
        received: Content = json.loads(answers.json_body(shape, answer) or b"{}")
        return received

    def refused(self, operation: str, error: AwsError, known: set[str]) -> None:
        """A refusal must be one that the service's model, or every service, has."""
        assert error.code in known | GENERAL, f"{operation} refuses with {error.code}: {error.message}"
        assert error.message or error.code == "ParameterNotFound"
        self.refusals[error.code] += 1

    def read(self, operation: str, **params: Any) -> Content:
        """A call to ECS that must not be refused."""
        answer = self.ask("ecs", operation, params)
        assert answer is not None
        return answer


def _read(service: str, shape: Any, params: Content) -> Content:
    """The input as the service reads it, refused as `protocol.read_input` refuses it."""
    given: Content = shapes.decode_json(shape.input_shape, json.loads(json.dumps(params)))
    if found := list(shapes.problems(shape.input_shape, given)):
        raise AwsError(INVALID[service], "; ".join(found))
    return given


class Watch:
    """The rules of a world that must hold at every moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._definitions: dict[str, str] = {}  # deployment id -> what it deploys: an id never means another
        self._ended: dict[str, str] = {}  # service deployment ARN -> the status it ended with
        self._stopped: set[str] = set()  # tasks: STOPPED is for ever

    def __call__(self) -> bool:
        tasks: set[str] = set()
        for service in self._world.services.values():
            self._service(service)
            assert not tasks & set(service.live_tasks)
            tasks |= set(service.live_tasks)
        assert not tasks & set(self._world.standalone_tasks)
        addresses = [self._world.tasks[arn].address for arn in (*tasks, *self._world.standalone_tasks)]
        assert len(set(addresses)) == len(addresses)
        for task in self._world.tasks.values():
            if task.last_status == "STOPPED":
                self._stopped.add(task.arn)
            assert task.arn not in self._stopped or task.last_status == "STOPPED"
        return False

    def _service(self, service: Service) -> None:
        assert service.desired_count >= 0
        primaries = [one.id for one in service.deployments if one.status == "PRIMARY"]
        assert len(primaries) == 1 or service.status == "INACTIVE"
        every = [*service.deployments, *service.past_deployments]
        assert len({one.id for one in every}) == len(every) == len(service.service_deployments)
        for one in every:
            assert self._definitions.setdefault(one.id, one.task_definition) == one.task_definition
        total = transitions.counts(service)
        parts = [transitions.counts(service, one) for one in service.deployments]
        assert total == (sum(one.running for one in parts), sum(one.pending for one in parts))
        times = [event.created_at for event in service.events]
        assert times == sorted(times, reverse=True)
        assert len(times) <= 100
        assert sum(one.status in ONGOING for one in service.service_deployments) <= 1
        for wish in service.service_deployments:
            if wish.finished_at is not None:
                assert self._ended.setdefault(wish.arn, wish.status) == wish.status
