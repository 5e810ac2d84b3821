"""Small worlds for the tests of the scheduler: one cluster, one service, one target group, a virtual clock."""

from __future__ import annotations

from math import inf
from typing import Any

from ecs_local import transitions
from ecs_local.profile import FAST, Profile
from ecs_local.simulate import Behaviour, Simulation
from ecs_local.world import Cluster, Deployment, Service, Task, TaskDefinition, World
from ecs_local.world_balancer import TargetGroup

GROUP = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/app/0123456789abcdef"
HEALTH_CHECK = {"command": ["CMD", "true"]}
BREAKER = {"enable": True, "rollback": True}

CRASHING = Behaviour(crashes_after=0.05)
UNPULLABLE = Behaviour(pulls=False)
NEVER_READY = Behaviour(ready_after=inf, sick_after=0.0)


class Stage:
    """A service on a stage: `deploy` a version, let time pass with `run` or `until_over`, read the world."""

    def __init__(
        self,
        *,
        desired: int = 1,
        low: int = 100,
        high: int = 200,
        balanced: bool = True,
        checked: bool = False,
        grace: int = 0,
        delay: float = 5.0,
        profile: Profile = FAST,
        seed: int = 1,
        behaviours: dict[str, Behaviour] | None = None,
        **configuration: Any,
    ) -> None:
        self.world = World(profile=profile, seed=seed)
        self.world.clusters["main"] = Cluster("main", "arn:aws:ecs:eu-west-3:000000000000:cluster/main")
        self.checked = checked
        if balanced:
            self.group = TargetGroup(GROUP, "app", health_interval=10.0, deregistration_delay=delay)
            self.world.target_groups[GROUP] = self.group
        balancer = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}
        self.service = Service(
            name="app",
            arn="arn:aws:ecs:eu-west-3:000000000000:service/main/app",
            cluster="main",
            created_at=0.0,
            desired_count=desired,
            configuration={"minimumHealthyPercent": low, "maximumPercent": high, **configuration},
            load_balancers=[balancer] if balanced else [],
            grace_seconds=grace,
        )
        self.world.services["main", "app"] = self.service
        self.simulation = Simulation(self.world, behaviours)

    @property
    def now(self) -> float:
        return self.simulation.now

    @property
    def primary(self) -> Deployment:
        return next(each for each in self.service.deployments if each.status == "PRIMARY")

    @property
    def tasks(self) -> list[Task]:
        return list(self.service.live_tasks.values())

    def definition(self, version: str) -> str:
        """The ARN of a task definition whose one container has the image `app:<version>`."""
        arn = f"arn:aws:ecs:eu-west-3:000000000000:task-definition/app:{version}"
        container: dict[str, Any] = {
            "name": "app",
            "image": f"app:{version}",
            "portMappings": [{"containerPort": 8080}],
        }
        if self.checked:
            container["healthCheck"] = HEALTH_CHECK
        content = {"family": "app", "containerDefinitions": [container]}
        self.world.task_definitions[arn] = TaskDefinition(arn, "app", 1, content, self.now)
        return arn

    def deploy(self, version: str) -> Deployment:
        return transitions.begin_deployment(self.world, self.service, self.definition(version), self.now)

    def scale(self, desired: int) -> None:
        transitions.set_desired_count(self.world, self.service, desired, self.now)

    def run(self, seconds: float) -> None:
        self.simulation.run(until=lambda: False, limit=seconds)

    def until_over(self, limit: float = 3600.0) -> str:
        """Until the newest service deployment has ended; its status."""
        wish = self.service.service_deployments[0]
        self.simulation.run(until=lambda: wish.finished_at is not None, limit=limit)
        return wish.status

    def up(self, version: str = "1") -> Deployment:
        """A first version, deployed and steady."""
        deployment = self.deploy(version)
        assert self.until_over() == "SUCCESSFUL"
        return deployment

    def messages(self) -> list[str]:
        """The service's events, oldest first, without the service's name."""
        return [each.message.removeprefix("(service app) ") for each in reversed(self.service.events)]
