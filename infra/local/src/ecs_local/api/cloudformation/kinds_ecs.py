"""Clusters, task definitions and services."""

from __future__ import annotations

from ecs_local.api.cloudformation.kinds import (
    Desk,
    Kind,
    changed,
    exists,
    remove,
    removed_by,
    shaped,
    there,
    without,
)
from ecs_local.api.errors import AwsError
from ecs_local.cfn_records import Made
from ecs_local.world import Content

_FAILED = "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."


async def _create_cluster(desk: Desk, properties: Content) -> Made:
    name = properties.get("ClusterName") or desk.name()
    found = await desk.ask("ecs", "DescribeClusters", {"clusters": [name]})
    if any(one["status"] == "ACTIVE" for one in found["clusters"]):
        raise exists(
            "AWS::ECS::Cluster", name
        )  # CreateCluster itself would answer with the one that is there
    given = _cluster(properties | {"ClusterName": name})
    made = await desk.ask("ecs", "CreateCluster", shaped("ecs", "CreateCluster", given))
    return Made(name, {"Arn": made["cluster"]["clusterArn"]})


async def _update_cluster(desk: Desk, made: Made, old: Content, new: Content) -> Made:
    if changed(old, new, "ClusterSettings"):
        settings = new.get("ClusterSettings", [{"Name": "containerInsights", "Value": "disabled"}])
        given = {"Cluster": made.physical, "Settings": settings}
        await desk.ask("ecs", "UpdateClusterSettings", shaped("ecs", "UpdateClusterSettings", given))
    return made


def _cluster(properties: Content) -> Content:
    renamed = without(properties, "ClusterSettings")
    return (
        renamed | {"Settings": properties["ClusterSettings"]} if "ClusterSettings" in properties else renamed
    )


async def _create_task_definition(desk: Desk, properties: Content) -> Made:
    given = properties | {"Family": properties.get("Family") or f"{desk.stack}{desk.logical}"}
    answer = await desk.ask("ecs", "RegisterTaskDefinition", shaped("ecs", "RegisterTaskDefinition", given))
    arn = answer["taskDefinition"]["taskDefinitionArn"]
    return Made(arn, {"TaskDefinitionArn": arn})


async def _create_service(desk: Desk, properties: Content) -> Made:
    given = {"DesiredCount": 1} | properties | {"ServiceName": properties.get("ServiceName") or desk.name()}
    found = await there(
        desk,
        "ecs",
        "DescribeServices",
        {"cluster": given.get("Cluster", "default"), "services": [given["ServiceName"]]},
        "ClusterNotFoundException",
    )
    if any(one["status"] == "ACTIVE" for one in (found or {}).get("services", [])):
        raise exists("AWS::ECS::Service", str(given["ServiceName"]))
    answer = await desk.ask("ecs", "CreateService", shaped("ecs", "CreateService", given))
    service = answer["service"]
    arn = service["serviceArn"]
    made = desk.begun(Made(arn, {"ServiceArn": arn, "Name": service["serviceName"]}))
    await _stable(desk, given, made)
    return made


async def _update_service(desk: Desk, made: Made, _old: Content, new: Content) -> Made:
    """Every property goes into the call; a count that is not there is left as it is (AWS, AWS::ECS::Service)."""
    given = without(new, "ServiceName", "Tags", "LaunchType", "SchedulingStrategy", "Role")
    given |= {"Service": made.attributes["Name"]}
    await desk.ask("ecs", "UpdateService", shaped("ecs", "UpdateService", given))
    await _stable(desk, new, made)
    return made


async def _delete_service(desk: Desk, made: Made, properties: Content) -> None:
    asked = {"cluster": properties.get("Cluster", "default"), "service": made.attributes["Name"]}
    gone = ("ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException")
    await remove(desk, "ecs", "DeleteService", asked | {"force": True}, *gone)

    async def inactive() -> bool:
        service = await _service(desk, properties, made)
        return service is None or service["status"] == "INACTIVE"

    await desk.until(inactive)


async def _stable(desk: Desk, properties: Content, made: Made) -> None:
    """Waits, as CloudFormation does, until the deployment that was begun is over; it may have failed."""
    begun = await _primary(desk, properties, made)

    async def over() -> bool:
        primary = await _primary(desk, properties, made)
        if (
            primary is None
            or begun is None
            or primary["id"] != begun["id"]
            or primary["rolloutState"] == "FAILED"
        ):
            raise AwsError("GeneralServiceException", _FAILED)
        return bool(primary["rolloutState"] == "COMPLETED")

    await desk.until(over)


async def _primary(desk: Desk, properties: Content, made: Made) -> Content | None:
    service = await _service(desk, properties, made)
    deployments: list[Content] = service["deployments"] if service else []
    return next((one for one in deployments if one["status"] == "PRIMARY"), None)


async def _service(desk: Desk, properties: Content, made: Made) -> Content | None:
    asked = {"cluster": properties.get("Cluster", "default"), "services": [made.attributes["Name"]]}
    answer = await there(desk, "ecs", "DescribeServices", asked, "ClusterNotFoundException")
    services: list[Content] = (answer or {}).get("services", [])
    return services[0] if services else None


KINDS = {
    "AWS::ECS::Cluster": Kind(
        _create_cluster,
        removed_by("ecs", "DeleteCluster", "cluster", "ClusterNotFoundException"),
        _update_cluster,
        frozenset({"ClusterName"}),
    ),
    "AWS::ECS::TaskDefinition": Kind(
        _create_task_definition,
        removed_by("ecs", "DeregisterTaskDefinition", "taskDefinition", "ClientException"),
    ),
    "AWS::ECS::Service": Kind(
        _create_service,
        _delete_service,
        _update_service,
        frozenset(
            {"Cluster", "ServiceName", "LaunchType", "SchedulingStrategy", "DeploymentController", "Role"}
        ),
    ),
}
