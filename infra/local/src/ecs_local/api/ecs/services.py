"""Services: create, update, delete. Each call writes the caller's wish; the scheduler does the rest."""

from __future__ import annotations

from ecs_local import transitions
from ecs_local.api.context import Call
from ecs_local.api.ecs.configuration import (
    DEFAULT,
    check_controller,
    check_launch,
    check_load_balancers,
    deployment_configuration,
)
from ecs_local.api.ecs.names import (
    arn,
    check_name,
    find_cluster,
    find_service,
    invalid,
    usable_task_definition,
)
from ecs_local.api.ecs.show_service import current, shown
from ecs_local.api.ecs.tags import merged
from ecs_local.api.errors import AwsError
from ecs_local.world import Content, Service

_STORED = (
    "capacityProviderStrategy",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "launchType",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "availabilityZoneRebalancing",
    "clientToken",
)
"""Members that are kept and shown but change nothing here."""

_ROLLS = (
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
"""Stored members whose change makes a new deployment ("triggers a new service deployment": botocore, ecs
UpdateServiceRequest). taskDefinition, loadBalancers and forceNewDeployment are looked at one by one."""


def create_service(call: Call, params: Content) -> Content:
    """Creates a service and begins its first deployment; the scheduler starts the tasks."""
    world = call.world
    cluster = find_cluster(world, params.get("cluster"))
    name = check_name(params["serviceName"], "Service")
    there = world.services.get((cluster.name, name))
    if there is not None and there.status == "ACTIVE":
        if params.get("clientToken") and there.content.get("clientToken") == params["clientToken"]:
            return {"service": shown(call, there, tags=True)}
        raise invalid("Creation of service was not idempotent.")
    if there is not None and there.status == "DRAINING":
        raise invalid("Unable to Start a service that is still Draining.")
    check_controller(params)
    if "taskDefinition" not in params:
        raise invalid("TaskDefinition can not be blank.")
    if params.get("desiredCount", -1) < 0:
        raise invalid("Desired count must be given, and not be negative.")
    task_definition = usable_task_definition(world, params["taskDefinition"])
    check_launch(task_definition, params)
    check_load_balancers(world, task_definition, params.get("loadBalancers", []))
    service = Service(
        name=name,
        arn=arn(world, f"service/{cluster.name}/{name}"),
        cluster=cluster.name,
        created_at=call.now,
        desired_count=params["desiredCount"],
        configuration=deployment_configuration(DEFAULT, params.get("deploymentConfiguration", {})),
        load_balancers=params.get("loadBalancers", []),
        grace_seconds=params.get("healthCheckGracePeriodSeconds", 0),
        content={member: params[member] for member in _STORED if member in params},
        tags=merged([], params.get("tags", [])),
    )
    world.services[cluster.name, name] = service
    transitions.begin_deployment(world, service, task_definition.arn, call.now)
    return {"service": shown(call, service, tags=True)}


def update_service(call: Call, params: Content) -> Content:
    """Changes what is given. The answer shows a new deployment as ECS does: PRIMARY, at 0 of 0."""
    world = call.world
    service = find_service(world, params.get("cluster"), params["service"])
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    check_controller(params)
    if params.get("desiredCount", 0) < 0:
        raise invalid("Desired count cannot be negative.")
    before = current(service).task_definition
    if "taskDefinition" in params:
        task_definition = usable_task_definition(world, params["taskDefinition"])
    else:
        task_definition = world.task_definitions[before]
    check_launch(task_definition, _kept(service) | params)
    load_balancers = params.get("loadBalancers", service.load_balancers)
    check_load_balancers(world, task_definition, load_balancers)
    service.configuration = deployment_configuration(
        service.configuration, params.get("deploymentConfiguration", {})
    )
    rolls = (
        params.get("forceNewDeployment", False)
        or task_definition.arn != before
        or load_balancers != service.load_balancers
        or any(member in params and params[member] != service.content.get(member) for member in _ROLLS)
    )
    service.load_balancers = load_balancers
    service.grace_seconds = params.get("healthCheckGracePeriodSeconds", service.grace_seconds)
    service.content |= {member: params[member] for member in _STORED if member in params}
    if "desiredCount" in params and params["desiredCount"] != service.desired_count:
        transitions.set_desired_count(world, service, params["desiredCount"], call.now)
    if rolls:
        transitions.begin_deployment(world, service, task_definition.arn, call.now)
    return {"service": shown(call, service, tags=True)}


def delete_service(call: Call, params: Content) -> Content:
    """Drains a service: its tasks go, then it is INACTIVE. Above 0 tasks only with `force`."""
    service = find_service(call.world, params.get("cluster"), params["service"])
    if service.status == "INACTIVE":  # DeleteService has no ServiceNotActiveException (botocore, ecs)
        raise AwsError("ServiceNotFoundException", "Service not found.")
    if service.desired_count > 0 and not params.get("force", False):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    transitions.delete_service(call.world, service, call.now)
    return {"service": shown(call, service, tags=True)}


def _kept(service: Service) -> Content:
    """The launch settings that an update inherits; a capacity provider strategy takes the launch type's place."""
    kept = {member: value for member, value in service.content.items() if member == "networkConfiguration"}
    return kept if "capacityProviderStrategy" in service.content else kept | _launch_type(service)


def _launch_type(service: Service) -> Content:
    return {"launchType": service.content["launchType"]} if "launchType" in service.content else {}
