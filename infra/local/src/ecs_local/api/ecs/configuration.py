"""A service's settings: the defaults that ECS adds, and what it refuses."""

from __future__ import annotations

import copy

from ecs_local.api.ecs.names import invalid
from ecs_local.api.errors import AwsError
from ecs_local.world import Content, TaskDefinition, World

DEFAULT: Content = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "alarms": {"alarmNames": [], "rollback": False, "enable": False},
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}
"""What ECS shows for a REPLICA service that was created without a deploymentConfiguration (botocore, ecs)."""


def deployment_configuration(live: Content, given: Content) -> Content:
    """The complete configuration after a call that gave a part of it.

    A member that is given replaces the live one whole, a member that is left out stays: so a circuit breaker
    given without `resetOnHealthyTask` loses it. (Observed practice of UpdateService; AWS documents no rule.)
    """
    full = copy.deepcopy(live) | copy.deepcopy(given)
    if full["strategy"] != "ROLLING" or full.get("lifecycleHooks"):
        raise AwsError(
            "UnsupportedFeatureException",
            f"The embedded ECS rolls services without lifecycle hooks; strategy {full['strategy']} is not there.",
        )
    low, high = full["minimumHealthyPercent"], full["maximumPercent"]
    if low < 0 or high < 1 or low > high:
        raise invalid("minimumHealthyPercent must be at least 0 and not above maximumPercent.")
    if low == high == 100:
        raise invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )
    early = full.get("earlySuccessCriteria", {})
    if early.get("enable") and early.get("healthyPercent", 100) < low:
        raise invalid("earlySuccessCriteria.healthyPercent must not be below minimumHealthyPercent.")
    return full


def check_controller(params: Content) -> None:
    """Refuses what the embedded ECS has no scheduler for."""
    kind = params.get("deploymentController", {}).get("type", "ECS")
    if kind != "ECS":
        raise AwsError(
            "UnsupportedFeatureException",
            f"The embedded ECS has the deployment controller ECS only, not {kind}.",
        )
    if params.get("schedulingStrategy", "REPLICA") != "REPLICA":
        raise AwsError(
            "UnsupportedFeatureException",
            "The embedded ECS has the scheduling strategy REPLICA only. (Fargate does not support DAEMON either.)",
        )


def check_launch(task_definition: TaskDefinition, params: Content) -> None:
    """Launch type and network against the task definition."""
    content = task_definition.content
    if "launchType" in params and params.get("capacityProviderStrategy"):
        raise invalid("Specifying both a launch type and capacity provider strategy is not supported.")
    if params.get("launchType") == "FARGATE" and "FARGATE" not in content.get("requiresCompatibilities", []):
        raise invalid("Task definition does not support launch_type FARGATE.")
    network = params.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if content["networkMode"] == "awsvpc" and not network:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    if network is not None and not network.get("subnets"):
        raise invalid("subnets can not be empty.")


def check_load_balancers(
    world: World, task_definition: TaskDefinition, load_balancers: list[Content]
) -> None:
    """Every target group must be there and in use, and every container port defined."""
    containers = {one["name"]: one for one in task_definition.content["containerDefinitions"]}
    for entry in load_balancers:
        group, name, port = (entry.get(key) for key in ("targetGroupArn", "containerName", "containerPort"))
        if group is None:
            raise AwsError(
                "UnsupportedFeatureException", "Classic load balancers are not there: give a targetGroupArn."
            )
        if group not in world.target_groups:
            raise invalid(f"The target group {group} does not exist.")
        if not any(
            rule.action.get("group") == group
            for listener in world.listeners.values()
            for rule in listener.rules
        ):
            raise invalid(
                f"The target group with targetGroupArn {group} does not have an associated load balancer."
            )
        if name not in containers:
            raise invalid(f"The container {name} does not exist in the task definition.")
        if port not in {mapping["containerPort"] for mapping in containers[name]["portMappings"]}:
            raise invalid(f"The container {name} did not have a container port {port} defined.")
