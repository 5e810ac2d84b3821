"""Services as ECS describes them."""

from __future__ import annotations

from ecs_local import transitions
from ecs_local.api.context import Call, without_none
from ecs_local.api.ecs.names import arn, find_cluster, invalid, last, lookup_service
from ecs_local.api.paging import page
from ecs_local.world import Content, Deployment, Service

_MOST = 10  # services of one DescribeServices call: botocore, ecs
_LINUX = {"platformVersion": "1.4.0", "platformFamily": "Linux"}


def describe_services(call: Call, params: Content) -> Content:
    """Up to ten services, INACTIVE ones too; unknown ones are failures with reason MISSING."""
    cluster = find_cluster(call.world, params.get("cluster"))
    references = params["services"]
    if not references:
        raise invalid("Services cannot be empty.")
    if len(references) > _MOST:
        raise invalid("Services length should be at most 10.")
    found, failures = [], []
    for reference in references:
        service = lookup_service(call.world, cluster, reference)
        if service is None:
            missing = arn(call.world, f"service/{cluster.name}/{last(reference)}")
            failures.append({"arn": missing, "reason": "MISSING"})
        else:
            found.append(shown(call, service, tags="TAGS" in params.get("include", [])))
    return {"services": found, "failures": failures}


def list_services(call: Call, params: Content) -> Content:
    """ARNs of the services that are not INACTIVE, ten a page by default."""
    cluster = find_cluster(call.world, params.get("cluster"))
    launch_type = params.get("launchType")
    arns = sorted(
        service.arn
        for (name, _), service in call.world.services.items()
        if name == cluster.name
        and service.status != "INACTIVE"
        and launch_type in (None, service.content.get("launchType", "EC2"))
        and params.get("schedulingStrategy", "REPLICA") == "REPLICA"
    )
    shown_arns, token = page(
        arns, params.get("nextToken"), params.get("maxResults", 10), str, invalid("Invalid token.")
    )
    return {"serviceArns": shown_arns} | ({"nextToken": token} if token else {})


def shown(call: Call, service: Service, *, tags: bool) -> Content:
    """A service as ECS describes it; its tags only where asked for."""
    world, content = call.world, service.content
    running, pending = transitions.counts(service)
    launch = launched(service)
    fargate = launch.get("launchType") == "FARGATE"
    answer: Content = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": arn(world, f"cluster/{service.cluster}"),
        "loadBalancers": service.load_balancers,
        "serviceRegistries": content.get("serviceRegistries", []),
        "status": service.status,
        "desiredCount": service.desired_count,
        "runningCount": running,
        "pendingCount": pending,
        **launch,
        **(
            {"platformVersion": content.get("platformVersion", "LATEST"), "platformFamily": "Linux"}
            if fargate
            else {}
        ),
        "taskDefinition": current(service).task_definition,
        "deploymentConfiguration": service.configuration,
        "deployments": [_deployment(service, one) for one in service.deployments],
        "events": [{"id": e.id, "createdAt": e.created_at, "message": e.message} for e in service.events],
        "createdAt": service.created_at,
        "placementConstraints": content.get("placementConstraints", []),
        "placementStrategy": content.get("placementStrategy", []),
        "healthCheckGracePeriodSeconds": service.grace_seconds,
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "createdBy": f"arn:aws:iam::{world.account}:root",
        "enableECSManagedTags": content.get("enableECSManagedTags", False),
        "propagateTags": content.get("propagateTags", "NONE"),
        "enableExecuteCommand": content.get("enableExecuteCommand", False),
        "availabilityZoneRebalancing": content.get("availabilityZoneRebalancing", "ENABLED"),
        **without_none(networkConfiguration=network(service)),
        **_current(call, service),
    }
    if service.load_balancers:
        role = "role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        answer["roleArn"] = f"arn:aws:iam::{world.account}:{role}"
    return answer | {"tags": service.tags} if tags and service.tags else answer


def current(service: Service) -> Deployment:
    """The deployment that the service's own `taskDefinition` is taken from: the PRIMARY, else its last one."""
    primary = next((one for one in service.deployments if one.status == "PRIMARY"), None)
    return primary or (service.deployments or service.past_deployments[-1:])[0]


def launched(service: Service) -> Content:
    """How the service's tasks are launched: its capacity provider strategy, or else its launch type."""
    strategy = service.content.get("capacityProviderStrategy")
    return (
        {"capacityProviderStrategy": strategy}
        if strategy
        else {"launchType": service.content.get("launchType", "EC2")}
    )


def network(service: Service) -> Content | None:
    """The network configuration with the members that ECS fills in."""
    given = service.content.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if given is None:
        return None
    return {"awsvpcConfiguration": {"securityGroups": [], "assignPublicIp": "DISABLED"} | given}


def _deployment(service: Service, deployment: Deployment) -> Content:
    running, pending = transitions.counts(service, deployment)
    launch = launched(service)
    return {
        "id": deployment.id,
        "status": deployment.status,
        "taskDefinition": deployment.task_definition,
        "desiredCount": deployment.desired_count,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at,
        "updatedAt": deployment.updated_at,
        **launch,
        **(_LINUX if launch.get("launchType") == "FARGATE" else {}),
        "rolloutState": deployment.rollout_state,
        "rolloutStateReason": deployment.rollout_state_reason,
        **without_none(networkConfiguration=network(service)),
    }


def _current(call: Call, service: Service) -> Content:
    """The newest service deployment while it is running or the last to succeed, and the revisions in place."""
    revisions = []
    for deployment in service.deployments:
        running, pending = transitions.counts(service, deployment)
        revisions.append(
            {
                "arn": transitions.revision_arn(call.world, service, deployment),
                "requestedTaskCount": deployment.desired_count,
                "runningTaskCount": running,
                "pendingTaskCount": pending,
            }
        )
    newest = service.service_deployments[0].arn if service.service_deployments else None
    return without_none(currentServiceDeployment=newest, currentServiceRevisions=revisions)
