"""The account of a scenario: a service with its past, as quickly as possible, and the registry beside it."""

from __future__ import annotations

import json
import pickle
from functools import cache
from hashlib import sha256
from typing import Any

from ecs_deployment.journal import Entry, journal_path, name_of
from ecs_deployment.journal_entry import encode
from ecs_deployment.settings import DEFAULT_JOURNAL
from ecs_local import transitions
from ecs_local.alarms_model import Alarm, ScalingPolicy
from ecs_local.alarms_watch import next_evaluation
from ecs_local.balancer_metrics import NAMESPACE, dimensions
from ecs_local.profile import Profile
from ecs_local.simulate import Simulation
from ecs_local.simulate_client import Client
from ecs_local.world import Parameter, ScalableTarget, Service, World
from ecs_local.world_balancer import Listener, ListenerRule, TargetGroup

from tests.simulation.scenario import Scenario

CLUSTER, NAME = "main", "app"
ACCOUNT, REGION = "000000000000", "eu-west-3"
URI = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app"
GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/app/0123456789abcdef"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/app/0123456789abcdef"
RESOURCE = f"service/{CLUSTER}/{NAME}"
PATH = journal_path(DEFAULT_JOURNAL, CLUSTER, NAME)
BORN = 1_700_000_000.0
OTHER = "somebody-elses"
_HEALTH_CHECK = {"command": ["CMD", "true"], "interval": 10, "timeout": 5, "retries": 3}


def digest_of(tag: str) -> str:
    """The digest that the registry has under a tag."""
    return f"sha256:{sha256(tag.encode()).hexdigest()}"


def manifest_of() -> str:
    """An image index for one platform."""
    child = {"digest": digest_of("child"), "platform": {"os": "linux", "architecture": "amd64"}}
    return json.dumps({"schemaVersion": 2, "manifests": [child]})


def raise_up(scenario: Scenario) -> Simulation:
    """The simulated account at the moment at which the scenario begins."""
    key = (scenario.profile, scenario.desired, scenario.was_up, scenario.balanced, scenario.checked)
    simulation: Simulation = pickle.loads(_steady(*key))
    world = simulation.world
    world.seed = scenario.seed
    for tag, behaviour in scenario.behaviours.items():
        simulation.become(f"{URI}@{digest_of(tag)}", behaviour)
    service = world.services[CLUSTER, NAME]
    service.configuration |= {
        "minimumHealthyPercent": scenario.floor,
        "maximumPercent": scenario.ceiling,
        "deploymentCircuitBreaker": dict(scenario.breaker),
        **({"earlySuccessCriteria": dict(scenario.early)} if scenario.early else {}),
    }
    if scenario.scaling:
        _scaling(world, scenario, simulation.now)
    if scenario.proven and scenario.was_up:
        _proof(world, service, simulation.now)
    simulation.touch()
    return simulation


def _proof(world: World, service: Service, now: float) -> None:
    """The journal of the deploy that brought the first revision."""
    revision = service.deployments[0].task_definition
    entry = Entry(
        1, "0", environment="staging", service="app", action="deploy", tag="old", digest=digest_of("old"),
        revision=revision, started=now - 7000, finished=now - 6000, outcome="deployed", proven=True,
    )  # fmt: skip
    name = name_of(PATH, 1)
    world.parameters[name] = Parameter(name, encode(entry), "String", 2, now - 6000)


@cache
def _steady(profile: Profile, desired: int, was_up: bool, balanced: bool, checked: bool) -> bytes:
    """A service that is steady on its first revision; pickled, since every seed needs one of its own."""
    world = World(profile=profile, seed=1)
    simulation = Simulation(world, {}, now=BORN)
    client = Client(simulation)
    client.call("ecs", "CreateCluster", {"clusterName": CLUSTER})
    if balanced:
        world.target_groups[GROUP] = TargetGroup(
            GROUP, "app", health_interval=10.0, deregistration_delay=20.0
        )
    listener = Listener("listener", BALANCER, 80)
    listener.rules = [ListenerRule(1, [], [], {"type": "forward", "group": GROUP})]
    world.listeners["listener"] = listener
    for tag in ("old", OTHER):
        definition = client.call("ecs", "RegisterTaskDefinition", _definition(tag, checked=checked))
        if tag == "old":
            arn = definition["taskDefinition"]["taskDefinitionArn"]
    balancer = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}
    client.call(
        "ecs",
        "CreateService",
        {
            "cluster": CLUSTER,
            "serviceName": NAME,
            "taskDefinition": arn,
            "desiredCount": (desired or 1) if was_up else desired,
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
            "loadBalancers": [balancer] if balanced else [],
        },
    )
    service = world.services[CLUSTER, NAME]
    assert simulation.run(until=lambda: _is_steady(service))
    if service.desired_count != desired:
        transitions.set_desired_count(world, service, desired, simulation.now)
        assert simulation.run(until=lambda: not service.live_tasks)
    simulation.now += 3600.0
    simulation.history.clear()
    return pickle.dumps(simulation)


def _is_steady(service: Service) -> bool:
    return service.deployments[0].rollout_state == "COMPLETED"


def _definition(tag: str, *, checked: bool) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "app",
        "image": f"{URI}@{digest_of(tag)}",
        "portMappings": [{"containerPort": 8080}],
        "essential": True,
    }
    if checked:
        container["healthCheck"] = _HEALTH_CHECK
    return {
        "family": "app",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [container],
    }


def other_revision(world: World) -> str:
    """The revision that somebody else may deploy by hand; it is well."""
    return next(arn for arn in world.task_definitions if arn.endswith(":2"))


def _scaling(world: World, scenario: Scenario, now: float) -> None:
    assert scenario.scaling is not None
    low, high = scenario.scaling
    low = min(low, scenario.desired)
    target = ScalableTarget(RESOURCE, low, high, now, "target", "role")
    target.suspended["DynamicScalingInSuspended"] = scenario.suspended
    world.scalable_targets[RESOURCE] = target
    if not scenario.idle or low:
        return
    steps = {
        "AdjustmentType": "ExactCapacity",
        "Cooldown": 0,
        "StepAdjustments": [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": 0}],
    }
    world.scaling_policies[RESOURCE, "idle"] = ScalingPolicy("idle", "arn:idle", RESOURCE, now, steps)
    content = _idle_alarm(leased=scenario.idle == "leased")
    alarm = Alarm("idle", "arn:alarm:idle", content, now, now, now, next_evaluation(world, "idle", now))
    if not scenario.desired:
        alarm.state = "ALARM"
        alarm.reason_data, alarm.value = "{}", 0.0
    world.alarms["idle"] = alarm


def _idle_alarm(*, leased: bool) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in dimensions(BALANCER, GROUP).items()]
    service = [{"Name": "ClusterName", "Value": CLUSTER}, {"Name": "ServiceName", "Value": NAME}]
    served = _stat("served", NAMESPACE, "RequestCount", named)
    deploying = _stat("deploying", "EcsDeployments", "DeployActivity", service)
    terms = ["FILL(served, 0)", *(["FILL(deploying, 0)"] if leased else [])]
    return {
        "Metrics": [
            served,
            *([deploying] if leased else []),
            {"Id": "idle", "Expression": " + ".join(terms)},
        ],
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "Threshold": 0.0,
        "EvaluationPeriods": 7,
        "DatapointsToAlarm": 7,
        "TreatMissingData": "breaching",
        "AlarmActions": ["arn:idle"],
        "OKActions": [],
        "InsufficientDataActions": [],
        "ActionsEnabled": True,
    }


def _stat(name: str, namespace: str, metric: str, named: list[dict[str, str]]) -> dict[str, Any]:
    what = {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
    return {"Id": name, "MetricStat": {"Metric": what, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
