"""Amazon ECS: the operations that are answered, each in the room of its subject."""

from __future__ import annotations

from ecs_local.api.context import Handler
from ecs_local.api.ecs import clusters, deployments, services, show_service, tags, task_definitions, tasks

OPERATIONS: dict[str, Handler] = {
    "CreateCluster": clusters.create_cluster,
    "CreateService": services.create_service,
    "DeleteCluster": clusters.delete_cluster,
    "DeleteService": services.delete_service,
    "DeregisterTaskDefinition": task_definitions.deregister_task_definition,
    "DescribeClusters": clusters.describe_clusters,
    "DescribeServiceDeployments": deployments.describe_service_deployments,
    "DescribeServiceRevisions": deployments.describe_service_revisions,
    "DescribeServices": show_service.describe_services,
    "DescribeTaskDefinition": task_definitions.describe_task_definition,
    "DescribeTasks": tasks.describe_tasks,
    "GetTaskProtection": tasks.refuse_protection,
    "ListClusters": clusters.list_clusters,
    "ListServiceDeployments": deployments.list_service_deployments,
    "ListServices": show_service.list_services,
    "ListTagsForResource": tags.list_tags_for_resource,
    "ListTaskDefinitionFamilies": task_definitions.list_task_definition_families,
    "ListTaskDefinitions": task_definitions.list_task_definitions,
    "ListTasks": tasks.list_tasks,
    "RegisterTaskDefinition": task_definitions.register_task_definition,
    "RunTask": tasks.run_task,
    "StopServiceDeployment": deployments.stop_service_deployment,
    "StopTask": tasks.stop_task,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "UpdateClusterSettings": clusters.update_cluster_settings,
    "UpdateService": services.update_service,
    "UpdateTaskProtection": tasks.refuse_protection,
}
