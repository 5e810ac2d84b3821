"""Amazon's answers -> the model: pure, so that a recorded answer is enough to test it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ecs_deployment import model

Answer = Mapping[str, Any]

NAMESPACE = "EcsDeployments"
ACTIVITY = "DeployActivity"
"""The metric that a template's idle alarm counts as traffic, by ClusterName and ServiceName."""


def service(answer: Answer) -> model.Service:
    """A member of DescribeServices' `services`, or UpdateService's `service`."""
    return model.Service(
        arn=answer["serviceArn"],
        name=answer["serviceName"],
        cluster=answer["clusterArn"].rsplit("/", 1)[-1],
        status=answer["status"],
        desired=answer["desiredCount"],
        running=answer["runningCount"],
        pending=answer["pendingCount"],
        task_definition=answer.get("taskDefinition", ""),
        deployments=tuple(_deployment(d) for d in answer.get("deployments", ())),
        configuration=answer.get("deploymentConfiguration", {}),
        load_balancers=tuple(
            model.LoadBalancer(lb["targetGroupArn"], lb.get("containerName", ""), lb.get("containerPort", 0))
            for lb in answer.get("loadBalancers", ())
            if lb.get("targetGroupArn")
        ),
        events=tuple(
            model.Event(e["id"], _epoch(e["createdAt"]), e["message"]) for e in answer.get("events", ())
        ),
        controller=answer.get("deploymentController", {}).get("type", "ECS"),
        scheduling=answer.get("schedulingStrategy", "REPLICA"),
    )


def _deployment(answer: Answer) -> model.Deployment:
    return model.Deployment(
        id=answer["id"],
        status=answer["status"],
        task_definition=answer["taskDefinition"],
        desired=answer["desiredCount"],
        running=answer["runningCount"],
        pending=answer["pendingCount"],
        failed_tasks=answer.get("failedTasks", 0),
        rollout_state=answer.get("rolloutState", ""),
        rollout_state_reason=answer.get("rolloutStateReason", ""),
        created_at=_epoch(answer["createdAt"]),
    )


def service_deployment(answer: Answer) -> model.ServiceDeployment:
    """A member of DescribeServiceDeployments' `serviceDeployments`."""
    breaker = answer.get("deploymentCircuitBreaker", {})
    waiting = [h for h in answer.get("lifecycleHookDetails", ()) if h.get("status") == "AWAITING_ACTION"]
    return model.ServiceDeployment(
        arn=answer["serviceDeploymentArn"],
        number=answer["targetServiceRevision"]["arn"].rsplit("/", 1)[-1],
        status=answer["status"],
        status_reason=answer.get("statusReason", ""),
        failure_count=breaker.get("failureCount", 0),
        threshold=breaker.get("threshold", 0),
        waiting_hook=waiting[0].get("hookId", "a hook") if waiting else "",
        rollback_to=answer.get("rollback", {}).get("serviceRevisionArn", ""),
    )


def task(answer: Answer) -> model.Task:
    """A member of DescribeTasks' `tasks`."""
    return model.Task(
        arn=answer["taskArn"],
        started_by=answer.get("startedBy", ""),
        task_definition=answer["taskDefinitionArn"],
        last_status=answer["lastStatus"],
        desired_status=answer["desiredStatus"],
        health=answer.get("healthStatus", "UNKNOWN"),
        containers=tuple(_container(c) for c in answer.get("containers", ())),
        addresses=tuple(_addresses(answer)),
        created_at=_epoch(answer["createdAt"]),
        started_at=_epoch_or_none(answer.get("startedAt")),
        stopped_at=_epoch_or_none(answer.get("stoppedAt")),
        stop_code=answer.get("stopCode", ""),
        stopped_reason=answer.get("stoppedReason", ""),
        zone=answer.get("availabilityZone", ""),
    )


def _container(answer: Answer) -> model.Container:
    return model.Container(
        name=answer["name"],
        image=answer.get("image", ""),
        image_digest=answer.get("imageDigest", ""),
        last_status=answer.get("lastStatus", ""),
        health=answer.get("healthStatus", "UNKNOWN"),
        exit_code=answer.get("exitCode"),
        reason=answer.get("reason", ""),
    )


def _addresses(answer: Answer) -> Iterable[str]:
    for container in answer.get("containers", ()):
        for interface in container.get("networkInterfaces", ()):
            if address := interface.get("privateIpv4Address"):
                yield address


def targets(group: str, answer: Answer) -> tuple[model.Target, ...]:
    """DescribeTargetHealth's answer for one group."""
    return tuple(
        model.Target(
            group=group,
            id=row["Target"]["Id"],
            port=row["Target"].get("Port", 0),
            state=row["TargetHealth"]["State"],
            reason=row["TargetHealth"].get("Reason", ""),
            description=row["TargetHealth"].get("Description", ""),
        )
        for row in answer["TargetHealthDescriptions"]
    )


def health_check(answer: Answer) -> model.HealthCheck:
    """A member of DescribeTargetGroups' `TargetGroups`."""
    codes = answer.get("Matcher", {})
    return model.HealthCheck(
        group=answer["TargetGroupArn"],
        path=answer.get("HealthCheckPath", ""),
        codes=codes.get("HttpCode") or codes.get("GrpcCode") or "",
    )


def scaling(answer: Answer) -> model.Scaling:
    """A member of DescribeScalableTargets' `ScalableTargets`."""
    flags = answer.get("SuspendedState", {})
    return model.Scaling(
        min_capacity=answer["MinCapacity"],
        max_capacity=answer["MaxCapacity"],
        suspended=model.Suspended(
            scale_in=flags.get("DynamicScalingInSuspended", False),
            scale_out=flags.get("DynamicScalingOutSuspended", False),
            scheduled=flags.get("ScheduledScalingSuspended", False),
        ),
    )


def alarms_to_zero(answer: Answer) -> list[str]:
    """The alarms of DescribeScalingPolicies' step policies that set the capacity to exactly 0."""
    names = []
    for policy in answer["ScalingPolicies"]:
        steps = policy.get("StepScalingPolicyConfiguration", {})
        exact = steps.get("AdjustmentType") == "ExactCapacity"
        if exact and any(s["ScalingAdjustment"] == 0 for s in steps.get("StepAdjustments", ())):
            names += [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    return names


def alarms_that_wake(answer: Answer) -> list[str]:
    """The alarms of the step policies that raise the capacity by a number: a percentage of 0 is 0."""
    names = []
    for policy in answer["ScalingPolicies"]:
        steps = policy.get("StepScalingPolicyConfiguration", {})
        counts = steps.get("AdjustmentType") in ("ExactCapacity", "ChangeInCapacity")
        if counts and any(s["ScalingAdjustment"] > 0 for s in steps.get("StepAdjustments", ())):
            names += [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    return names


def idle_alarm(answer: Answer, waking: Answer | None = None) -> model.IdleAlarm:
    """A member of DescribeAlarms' `MetricAlarms`, with the one that wakes the service."""
    metrics = [m.get("MetricStat", {}).get("Metric", {}) for m in answer.get("Metrics", ())]
    leased = any((m.get("Namespace"), m.get("MetricName")) == (NAMESPACE, ACTIVITY) for m in metrics)
    return model.IdleAlarm(
        name=answer["AlarmName"],
        state=answer["StateValue"],
        leased=leased,
        enabled=bool(answer.get("ActionsEnabled", True)),
        wakes_by=waking["AlarmName"] if waking else "",
        wake_enabled=bool(waking.get("ActionsEnabled", True)) if waking else True,
    )


def unknown_fields(answer: Any, shape: Any, path: str = "") -> list[str]:
    """The fields of a raw JSON answer that the client's own model of it (a botocore shape) does not have."""
    if shape.type_name == "structure" and isinstance(answer, dict):
        known = shape.members
        here = [f"{path}{name}" for name in answer if name not in known]
        below = [unknown_fields(v, known[n], f"{path}{n}.") for n, v in answer.items() if n in known]
        return here + [field for fields in below for field in fields]
    if shape.type_name == "list" and isinstance(answer, list):
        rows = [unknown_fields(item, shape.member, path) for item in answer]
        return list(dict.fromkeys(field for fields in rows for field in fields))
    return []


def _epoch(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)


def _epoch_or_none(moment: datetime | float | None) -> float | None:
    return None if moment is None else _epoch(moment)
