"""Clusters: create, describe, list, delete."""

from __future__ import annotations

from ecs_local.api.context import Call
from ecs_local.api.ecs.names import arn, check_name, find_cluster, invalid, last
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Cluster, Content, Task, World


def create_cluster(call: Call, params: Content) -> Content:
    """Creates a cluster; one that is there already is answered as it is, as ECS does."""
    name = check_name(params.get("clusterName", "default"), "Cluster")
    cluster = call.world.clusters.get(name)
    if cluster is None or cluster.status == "INACTIVE":
        settings = params.get("settings", [{"name": "containerInsights", "value": "disabled"}])
        cluster = Cluster(name, arn(call.world, f"cluster/{name}"), settings, params.get("tags", []))
        call.world.clusters[name] = cluster
    return {"cluster": shown(call.world, cluster, {"SETTINGS", "TAGS"})}


def describe_clusters(call: Call, params: Content) -> Content:
    """The clusters named, or "default"; unknown ones are failures, not errors."""
    found, failures = [], []
    for reference in params.get("clusters") or ["default"]:
        try:
            cluster = find_cluster(call.world, reference, inactive=True)
        except AwsError:
            missing = arn(call.world, f"cluster/{last(reference)}")
            failures.append({"arn": missing, "reason": "MISSING"})
        else:
            found.append(shown(call.world, cluster, set(params.get("include", []))))
    return {"clusters": found, "failures": failures}


def list_clusters(call: Call, params: Content) -> Content:
    """ARNs of the active clusters."""
    arns = sorted(cluster.arn for cluster in call.world.clusters.values() if cluster.status == "ACTIVE")
    shown_arns, token = page(
        arns, params.get("nextToken"), params.get("maxResults", 100), str, invalid("Invalid token.")
    )
    return {"clusterArns": shown_arns} | ({"nextToken": token} if token else {})


def update_cluster_settings(call: Call, params: Content) -> Content:
    """Changes the settings that are given, by name; the others stay."""
    cluster = find_cluster(call.world, params["cluster"])
    settings = {one["name"]: one for one in [*cluster.settings, *params["settings"]]}
    cluster.settings = list(settings.values())
    return {"cluster": shown(call.world, cluster, {"SETTINGS", "TAGS"})}


def delete_cluster(call: Call, params: Content) -> Content:
    """Makes a cluster INACTIVE; refused while services or tasks are in it."""
    cluster = find_cluster(call.world, params["cluster"])
    if any(key[0] == cluster.name and one.status != "INACTIVE" for key, one in call.world.services.items()):
        raise AwsError(
            "ClusterContainsServicesException",
            "The Cluster cannot be deleted while Services are active.",
        )
    if any(one.last_status != "STOPPED" for one in _tasks(call.world, cluster)):
        raise AwsError(
            "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
        )
    cluster.status = "INACTIVE"
    return {"cluster": shown(call.world, cluster, {"SETTINGS", "TAGS"})}


def shown(world: World, cluster: Cluster, include: set[str]) -> Content:
    """A cluster as ECS describes it, with the parts that were asked for."""
    tasks = _tasks(world, cluster)
    services = [one for key, one in world.services.items() if key[0] == cluster.name]
    return {
        "clusterArn": cluster.arn,
        "clusterName": cluster.name,
        "status": cluster.status,
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(one.last_status == "RUNNING" for one in tasks),
        "pendingTasksCount": sum(
            one.last_status in ("PROVISIONING", "PENDING", "ACTIVATING") for one in tasks
        ),
        "activeServicesCount": sum(one.status == "ACTIVE" for one in services),
        "statistics": [],
        "tags": cluster.tags if "TAGS" in include else [],
        "settings": cluster.settings if "SETTINGS" in include else [],
        "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
        "defaultCapacityProviderStrategy": [],
    }


def _tasks(world: World, cluster: Cluster) -> list[Task]:
    return [task for task in world.tasks.values() if task.cluster in (cluster.name, cluster.arn)]
