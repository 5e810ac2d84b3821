"""Many services in one run: AWS's published limits in force, on the `fargate` profile.

    python -m tests.bench.hundred --services 100 --timeline

The deployer itself, through `aws.py`, on a virtual clock; every call takes its time on the way.
RegisterTaskDefinition has 20 in a burst and 1 a second, UpdateService 50 and 5, and SSM takes 3 writes a second
(believed). A call over a limit is refused with ThrottlingException. One service alone is the measure. What the deployer
asks on several threads takes as much less time; the threads themselves do not exist on a virtual clock.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ecs_deployment import events
from ecs_deployment.aws.port import AwsCloud
from ecs_deployment.deploy import deploy
from ecs_deployment.known import Request
from ecs_deployment.settings import DEFAULT_JOURNAL, Environment, ServiceSettings
from ecs_deployment.survey import Setting, Wishes
from ecs_local.limits import Limits
from ecs_local.profile import FARGATE
from ecs_local.simulate import Simulation
from ecs_local.simulate_client import Client
from ecs_local.world import World
from ecs_local.world_balancer import Listener, ListenerRule, TargetGroup

from tests.recorded.replay import of_template
from tests.simulation import registers
from tests.simulation.account import ACCOUNT, BALANCER, BORN, CLUSTER, REGION, URI, digest_of
from tests.simulation.memory_session import MemorySession
from tests.simulation.wire import Trouble

LANES = 8  # threads of `together.at_once`
LATENCY = 0.04  # seconds of a call, there and back, within a region
GRACE = 100.0  # what many services may take longer than one
WRITES = 3.0  # of SSM, a second and in a burst
OLD, NEW = "old", "good"
POINTS = ("surveyed", "entry", "registered", "UpdateService", "over", "closed")
T = TypeVar("T")


@dataclass
class Account:
    """A simulated account with so many services that run, and its limits."""

    simulation: Simulation
    limits: Limits = field(default_factory=Limits)
    refused: Counter[str] = field(default_factory=Counter)
    writes: float = WRITES
    lanes: int = 1
    sent: Counter[str] = field(default_factory=Counter)
    marks: dict[str, dict[str, float]] = field(default_factory=dict)  # by service: what happened when
    _left: tuple[float, float] = (WRITES, BORN)

    def send(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """One call on its way; refused where it is over a limit."""
        self.sleep(LATENCY / self.lanes)
        self.sent[operation] += 1
        if not self._admitted(service, operation):
            self.refused[operation] += 1
            raise Trouble("throttled", operation)
        self._mark(operation, params)
        known = registers.answer(operation, params, frozenset({NEW}))
        return known if known is not None else Client(self.simulation).call(service, operation, params)

    def _admitted(self, service: str, operation: str) -> bool:
        if operation in ("PutParameter", "DeleteParameter"):
            left, since = self._left
            left = min(self.writes, left + (self.now - since) * self.writes)
            self._left = (left - 1 if left >= 1 else left, self.now)
            return left >= 1
        return service != "ecs" or self.limits.admit(operation, self.now)

    def _mark(self, operation: str, params: dict[str, Any]) -> None:
        """Note when a service came to this point for the first time."""
        name = (
            params.get("Path", "").rpartition("/")[2] or params.get("family", "") or params.get("service", "")
        )
        name = name or params.get("Name", "//").split("/")[-2]
        point = {
            "GetParametersByPath": "surveyed",
            "PutParameter": "entry",
            "RegisterTaskDefinition": "registered",
        }
        if (told := point.get(operation, operation)) in POINTS and name:
            self.marks.setdefault(name, {}).setdefault(told, self.now - self.began)

    began = BORN

    def heard(self, event: events.Event) -> None:
        """The deployer says so."""
        if isinstance(event, events.Finished):
            self.marks.setdefault(event.result.service, {})["closed"] = self.now - self.began

    def together(self, acts: Sequence[Callable[[], T]]) -> list[T]:
        """As many at once as the deployer's threads do."""
        self.lanes = min(LANES, len(acts))
        try:
            return [act() for act in acts]
        finally:
            self.lanes = 1

    @property
    def now(self) -> float:
        """The virtual clock."""
        return self.simulation.now

    # --- what the deployer is given: clock and signals ------------------------------------------------------

    def time(self) -> float:
        """Seconds since the epoch."""
        return self.now

    def boottime(self) -> float:
        """Seconds that never jump."""
        return self.now - BORN

    def sleep(self, seconds: float) -> None:
        """Let the world live so long."""
        end = self.now + max(seconds, 1e-6)
        while self.simulation.advance(end):
            pass

    count = 0

    def wait(self, seconds: float) -> None:
        """Nobody presses Ctrl-C."""
        self.sleep(seconds)

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def raised(number: int) -> Account:
    """So many services, each with one task behind a target group of its own, tuned as the template does."""
    tuning, world = of_template(), World(profile=FARGATE, seed=1)
    simulation = Simulation(world, {}, now=BORN)
    client = Client(simulation)
    client.call("ecs", "CreateCluster", {"clusterName": CLUSTER})
    listener = world.listeners["listener"] = Listener("listener", BALANCER, 80)
    for place, name in enumerate(names(number), start=1):
        group = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/0123456789abcdef"
        world.target_groups[group] = TargetGroup(
            group,
            name,
            health_interval=tuning.interval,
            healthy_threshold=tuning.threshold,
            deregistration_delay=tuning.delay,
        )
        listener.rules.append(ListenerRule(place, [], [], {"type": "forward", "group": group}))
        container = {
            "name": "app",
            "image": f"{URI}@{digest_of(OLD)}",
            "portMappings": [{"containerPort": 8080}],
        }
        definition = {
            "family": name,
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [container | {"essential": True}],
        }
        made = client.call("ecs", "RegisterTaskDefinition", definition)["taskDefinition"]
        client.call(
            "ecs",
            "CreateService",
            {
                "cluster": CLUSTER,
                "serviceName": name,
                "taskDefinition": made["taskDefinitionArn"],
                "desiredCount": 1,
                "launchType": "FARGATE",
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
                "loadBalancers": [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}],
            },
        )
    steady = simulation.run(
        until=lambda: all(one.deployments[0].rollout_state == "COMPLETED" for one in world.services.values())
    )
    assert steady
    simulation.now += 600.0
    simulation.touch()
    return Account(simulation)


def names(number: int) -> list[str]:
    """What the services are called."""
    return [f"app{place:03}" for place in range(number)]


def run(number: int, writes: float = WRITES) -> dict[str, Any]:
    """Deploy all of them at once; the figures."""
    account, chance = raised(number), random.Random(1)
    account.writes = writes
    settings = tuple(
        ServiceSettings(name, cluster=CLUSTER, service=name, containers=("app",), repository="app")
        for name in names(number)
    )
    environment = Environment("staging", "aws", ACCOUNT, REGION, DEFAULT_JOURNAL, settings)
    session = MemorySession(account.send, lambda: account.now, account.sleep, chance.random)
    cloud = AwsCloud(session)  # type: ignore[arg-type] # it is all that the port asks of a session
    account.began = account.now
    setting = Setting(cloud, environment, account, account.heard, account, together=account.together)
    report = deploy(setting, Request("staging", NEW), Wishes(probe=False))
    for service in account.simulation.world.services.values():
        over = next(
            (e.created_at for e in service.events if "deployment completed" in e.message), account.now
        )
        account.marks[service.name]["over"] = over - account.began
    outcomes = Counter(one.outcome.value for one in report.services)
    return {
        "services": number,
        "seconds": report.seconds,
        "outcomes": dict(outcomes),
        "exit_code": report.exit_code,
        "calls": report.api_calls,
        "throttled": dict(account.refused),
        "by_name": dict(account.sent.most_common()),
        "timeline": account.marks,
        "causes": sorted({one.cause for one in report.services if one.cause})[:3],
    }


def main() -> int:
    """Print the figures as JSON; 1 where a service failed, or all of them took too long."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--services", type=int, default=100)
    parser.add_argument("--ssm-writes", type=float, default=WRITES, help="SSM's writes a second, as believed")
    parser.add_argument("--timeline", action="store_true", help="when each service came to each point")
    options = parser.parse_args()
    many = options.services
    alone, together = run(1), run(many, options.ssm_writes)
    longer = together["seconds"] - alone["seconds"]
    for figures in (alone, together):
        timeline = figures.pop("timeline")
        if options.timeline:
            print(f"{'service':10}" + "".join(f"{point:>14}" for point in POINTS))
            for name, marks in sorted(timeline.items()):
                print(f"{name:10}" + "".join(f"{marks.get(point, 0):14.1f}" for point in POINTS))
    print(json.dumps({"alone": alone, "together": together, "longer": round(longer, 1)}, indent=2))
    return int(together["outcomes"] != {"deployed": many} or longer > GRACE)


if __name__ == "__main__":
    raise SystemExit(main())
