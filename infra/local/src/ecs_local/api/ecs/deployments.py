"""Service deployments and service revisions: the newer view of a rollout, and the way to stop one."""

from __future__ import annotations

from ecs_local import transitions
from ecs_local.api.context import Call, without_none
from ecs_local.api.ecs.names import arn, find_service, invalid, last
from ecs_local.api.ecs.show_service import launched, network
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, Deployment, Service, ServiceDeployment

_MOST = 20  # ARNs of one describe call: botocore, ecs
_OVER = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


def list_service_deployments(call: Call, params: Content) -> Content:
    """Service deployments of one service, newest first; by status and by time of creation."""
    service = find_service(call.world, params.get("cluster"), params["service"])
    between, states = params.get("createdAt", {}), params.get("status")
    chosen = [
        one
        for one in service.service_deployments
        if (not states or one.status in states)
        and between.get("after", 0.0) <= one.created_at <= between.get("before", float("inf"))
    ]
    chosen.sort(key=lambda one: one.created_at, reverse=True)
    deployments, token = page(
        chosen,
        params.get("nextToken"),
        params.get("maxResults", 20),
        lambda one: f"{1e12 - one.created_at:022.6f}",
        invalid("Invalid token."),
    )
    brief = [_brief(call, service, one) for one in deployments]
    return {"serviceDeployments": brief} | ({"nextToken": token} if token else {})


def describe_service_deployments(call: Call, params: Content) -> Content:
    """Up to 20 service deployments; unknown ones are failures with reason MISSING."""
    found, failures = [], []
    for reference in _at_most(params["serviceDeploymentArns"]):
        pair = _find(call, reference)
        if pair is None:
            failures.append({"arn": reference, "reason": "MISSING"})
        else:
            found.append(_full(call, *pair))
    return {"serviceDeployments": found, "failures": failures}


def stop_service_deployment(call: Call, params: Content) -> Content:
    """Rolls a running service deployment back, whether or not its circuit breaker would."""
    reference = params["serviceDeploymentArn"]
    pair = _find(call, reference)
    if pair is None:
        raise AwsError("ServiceDeploymentNotFoundException", "Service deployment not found.")
    if params.get("stopType", "ROLLBACK") != "ROLLBACK":
        raise invalid("The valid values of stopType are ROLLBACK.")
    service, service_deployment = pair
    if service_deployment.status not in ("PENDING", "IN_PROGRESS"):
        raise AwsError(
            "ConflictException",
            f"The service deployment cannot be stopped: its status is {service_deployment.status}.",
        )
    transitions.stop_service_deployment(call.world, service, service_deployment, call.now)
    return {"serviceDeploymentArn": reference}


def describe_service_revisions(call: Call, params: Content) -> Content:
    """Up to 20 service revisions, with the image digests that their first task established."""
    found, failures = [], []
    for reference in _at_most(params["serviceRevisionArns"]):
        revision = _revision(call, reference)
        if revision is None:
            failures.append({"arn": reference, "reason": "MISSING"})
        else:
            found.append(revision)
    return {"serviceRevisions": found, "failures": failures}


def _at_most(arns: list[str]) -> list[str]:
    if not 0 < len(arns) <= _MOST:
        raise invalid(f"The number of ARNs must be between 1 and {_MOST}.")
    return arns


def _find(call: Call, reference: str) -> tuple[Service, ServiceDeployment] | None:
    for service in call.world.services.values():
        for one in service.service_deployments:
            if one.arn == reference:
                return service, one
    return None


def _brief(call: Call, service: Service, one: ServiceDeployment) -> Content:
    return without_none(
        serviceDeploymentArn=one.arn,
        serviceArn=service.arn,
        clusterArn=arn(call.world, f"cluster/{service.cluster}"),
        startedAt=one.started_at,
        createdAt=one.created_at,
        finishedAt=one.finished_at,
        targetServiceRevisionArn=one.target_revision,
        status=one.status,
        statusReason=one.status_reason,
    )


def _full(call: Call, service: Service, one: ServiceDeployment) -> Content:
    brief = _brief(call, service, one)
    del brief["targetServiceRevisionArn"]
    rollback = one.rollback
    return brief | without_none(
        stoppedAt=one.stopped_at,
        updatedAt=one.updated_at,
        sourceServiceRevisions=[_summary(service, source) for source in one.source_revisions],
        targetServiceRevision=_summary(service, one.target_revision),
        deploymentConfiguration=one.configuration,
        rollback=rollback,
        deploymentCircuitBreaker={
            "status": one.breaker_status,
            "failureCount": one.failure_count,
            "threshold": one.threshold,
        },
        alarms={"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []},
    )


def _summary(service: Service, revision: str) -> Content:
    """A revision's counts; 0 for one whose deployment is over."""
    deployment = _by_revision(service.deployments, revision)
    running, pending = (0, 0) if deployment is None else transitions.counts(service, deployment)
    return {
        "arn": revision,
        "requestedTaskCount": deployment.desired_count if deployment else 0,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    }


def _by_revision(deployments: list[Deployment], revision: str) -> Deployment | None:
    return next((one for one in deployments if last(one.id) == last(revision)), None)


def _revision(call: Call, reference: str) -> Content | None:
    prefix, _, _ = reference.rpartition("/")
    for service in call.world.services.values():
        if prefix != arn(call.world, f"service-revision/{service.cluster}/{service.name}"):
            continue
        deployment = _by_revision([*service.deployments, *service.past_deployments], reference)
        if deployment is not None:
            return _shown(call, service, deployment, reference)
    return None


def _shown(call: Call, service: Service, deployment: Deployment, reference: str) -> Content:
    containers = call.world.task_definitions[deployment.task_definition].content["containerDefinitions"]
    images = [
        without_none(
            containerName=one["name"],
            image=one["image"],
            imageDigest=deployment.image_digests.get(one["name"]),
        )
        for one in containers
    ]
    return {
        "serviceRevisionArn": reference,
        "serviceArn": service.arn,
        "clusterArn": arn(call.world, f"cluster/{service.cluster}"),
        "taskDefinition": deployment.task_definition,
        **launched(service),
        "loadBalancers": service.load_balancers,
        **without_none(networkConfiguration=network(service)),
        "containerImages": images,
        "guardDutyEnabled": False,
        "createdAt": deployment.created_at,
    }
