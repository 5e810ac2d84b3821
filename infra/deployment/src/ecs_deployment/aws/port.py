"""`cloud.Cloud` over boto3: one method a call, errors translated, nothing decided."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ecs_deployment import masking, model
from ecs_deployment.aws import registry, translate
from ecs_deployment.aws.failures import translated
from ecs_deployment.aws.parameters import ParameterStore
from ecs_deployment.aws.session import Session
from ecs_deployment.errors import Denied, NotFound, Refused
from ecs_deployment.reference import ecr, parse

_DIMENSION = "ecs:service:DesiredCount"
_CLOCK_SKEW = timedelta(seconds=60)


class AwsCloud(ParameterStore):
    """The port to one account and region. Reads retry, changes are sent once (see `session`)."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._deployment_arns: dict[str, str] = {}  # deployment number -> service deployment ARN
        self._last = threading.local()  # `unknown`: fields of this thread's last DescribeTaskDefinition
        self._ecs = session.read("ecs")
        self._ecs.meta.events.register("before-parse.ecs.DescribeTaskDefinition", self._note_unknown)

    @property
    def calls(self) -> int:
        """API requests sent so far, retries included."""
        return self._session.calls

    @property
    def operations(self) -> Mapping[tuple[str, str], int]:
        """How often each (service, operation) was sent, as boto3 names them."""
        return self._session.operations

    def identity(self) -> model.Identity:
        """sts:GetCallerIdentity, which needs no permission."""
        with translated("sts", "GetCallerIdentity"):
            answer = self._session.read("sts").get_caller_identity()
            return model.Identity(answer["Account"], answer["Arn"])

    # --- what is there -------------------------------------------------------------------------------------

    def services(self, cluster: str, names: Sequence[str]) -> dict[str, model.Service]:
        """ecs:DescribeServices, ten names a request."""
        found: dict[str, model.Service] = {}
        for some in _chunks(list(names), 10):
            with translated("ecs", "DescribeServices"):
                answer = self._ecs.describe_services(cluster=cluster, services=some)
                found |= {s["serviceName"]: translate.service(s) for s in answer["services"]}
        return found

    def service_deployment(
        self, cluster: str, service: str, number: str, since: float
    ) -> model.ServiceDeployment | None:
        """ecs:DescribeServiceDeployments, after one ecs:ListServiceDeployments that finds the ARN."""
        arn = self._deployment_arns.get(number) or self._find_deployment(cluster, service, number, since)
        if arn is None:
            return None
        with translated("ecs", "DescribeServiceDeployments"):
            answer = self._ecs.describe_service_deployments(serviceDeploymentArns=[arn])
            return next(map(translate.service_deployment, answer["serviceDeployments"]), None)

    def _find_deployment(self, cluster: str, service: str, number: str, since: float) -> str | None:
        after = datetime.fromtimestamp(since, UTC) - _CLOCK_SKEW
        with translated("ecs", "ListServiceDeployments"):
            answer = self._ecs.list_service_deployments(
                cluster=cluster, service=service, createdAt={"after": after}
            )
            for row in answer["serviceDeployments"]:
                its = row["targetServiceRevisionArn"].rsplit("/", 1)[-1]
                self._deployment_arns[its] = row["serviceDeploymentArn"]
        return self._deployment_arns.get(number)

    def tasks(self, cluster: str, service: str, *, stopped: bool) -> list[model.Task]:
        """ecs:ListTasks and ecs:DescribeTasks; the newest hundred of the stopped ones are enough."""
        wanted = {
            "cluster": cluster,
            "serviceName": service,
            "desiredStatus": "STOPPED" if stopped else "RUNNING",
        }
        with translated("ecs", "ListTasks"):
            pages = self._ecs.get_paginator("list_tasks").paginate(**wanted)
            arns = [arn for page in pages for arn in page["taskArns"]]
        found = []
        for some in _chunks(arns[:100] if stopped else arns, 100):
            with translated("ecs", "DescribeTasks"):
                answer = self._ecs.describe_tasks(cluster=cluster, tasks=some)
                found += [translate.task(t) for t in answer["tasks"]]
        return found

    def targets(self, group: str) -> tuple[model.Target, ...]:
        """elasticloadbalancing:DescribeTargetHealth."""
        with translated("elbv2", "DescribeTargetHealth"):
            answer = self._session.read("elbv2").describe_target_health(TargetGroupArn=group)
            return translate.targets(group, answer)

    def health_checks(self, groups: Sequence[str]) -> list[model.HealthCheck]:
        """elasticloadbalancing:DescribeTargetGroups."""
        with translated("elbv2", "DescribeTargetGroups"):
            answer = self._session.read("elbv2").describe_target_groups(TargetGroupArns=list(groups))
            return [translate.health_check(row) for row in answer["TargetGroups"]]

    def task_definition(self, arn: str) -> model.TaskDefinition:
        """ecs:DescribeTaskDefinition, reduced to what RegisterTaskDefinition takes.

        Raises `Refused` where AWS answers with a field that the installed botocore does not know: registering
        the rest would silently drop it.
        """
        self._last.unknown = []
        with translated("ecs", "DescribeTaskDefinition"):
            answer = self._ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])
            found = answer["taskDefinition"]
        if self._last.unknown:
            raise Refused(
                f"Task definition {arn.rsplit('/', 1)[-1]} uses {', '.join(self._last.unknown)}, which the installed "
                "botocore does not know: a new revision would lose it.",
                "Update boto3 in uv.lock (`uv lock --upgrade-package boto3`) and repeat.",
            )
        masking.learn(found)
        takes = self._ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
        return model.TaskDefinition(
            arn=found["taskDefinitionArn"],
            status=found["status"],
            content={name: value for name, value in found.items() if name in takes},
            tags=tuple(t for t in answer.get("tags", ()) if not t["key"].startswith("aws:")),
        )

    def _note_unknown(self, operation_model: Any, response_dict: Mapping[str, Any], **_: Any) -> None:
        if response_dict["status_code"] < 300:
            self._last.unknown = translate.unknown_fields(
                json.loads(response_dict["body"]), operation_model.output_shape
            )

    def image(self, repository: str, reference: str) -> model.Image | None:
        """ecr:BatchGetImage; a full URI leads to the registry of another account or region."""
        name, registry_id = self._repository(repository)
        return registry.image(self._session, name, reference, registry_id)

    def tags(self, repository: str) -> tuple[str, ...]:
        """ecr:DescribeImages."""
        return registry.tags(self._session, *self._repository(repository))

    def _repository(self, repository: str) -> tuple[str, str | None]:
        """Its name, and the account of its registry where that may be another one."""
        name = parse(repository)
        if not name.registry:
            return repository, None
        foreign = ecr(repository)
        if foreign is None or foreign.region != self._session.region:
            raise Denied(f"{name.registry} is no ECR registry of this region, so it was not asked.")
        return foreign.repository, foreign.account

    def repository_uri(self, repository: str) -> str:
        """ecr:DescribeRepositories."""
        return registry.uri(self._session, repository)

    def scaling(self, cluster: str, service: str) -> model.Scaling | None:
        """application-autoscaling:DescribeScalableTargets for the service's desired count."""
        with translated("application-autoscaling", "DescribeScalableTargets"):
            answer = self._session.read("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="ecs",
                ResourceIds=[f"service/{cluster}/{service}"],
                ScalableDimension=_DIMENSION,
            )
            return next(map(translate.scaling, answer["ScalableTargets"]), None)

    def idle_alarm(self, cluster: str, service: str) -> model.IdleAlarm | None:
        """application-autoscaling:DescribeScalingPolicies and cloudwatch:DescribeAlarms."""
        with translated("application-autoscaling", "DescribeScalingPolicies"):
            answer = self._session.read("application-autoscaling").describe_scaling_policies(
                ServiceNamespace="ecs",
                ResourceId=f"service/{cluster}/{service}",
                ScalableDimension=_DIMENSION,
            )
            down, up = translate.alarms_to_zero(answer), translate.alarms_that_wake(answer)
        alarms = {one["AlarmName"]: one for one in self._alarms([*down, *up])} if down else {}
        waking = next((alarms[name] for name in up if name in alarms), None)
        return next((translate.idle_alarm(alarms[name], waking) for name in down if name in alarms), None)

    def alarm_state(self, name: str) -> str:
        """cloudwatch:DescribeAlarms."""
        return next((str(alarm["StateValue"]) for alarm in self._alarms([name])), "")

    def _alarms(self, names: list[str]) -> list[dict[str, Any]]:
        with translated("cloudwatch", "DescribeAlarms"):
            answer = self._session.read("cloudwatch").describe_alarms(
                AlarmNames=names, AlarmTypes=["MetricAlarm"]
            )
            found: list[dict[str, Any]] = answer["MetricAlarms"]
        return found

    def log_tail(self, task_definition: model.TaskDefinition, task_id: str, container: str) -> list[str]:
        """logs:GetLogEvents of the container's own stream, the last twenty lines."""
        definition: Mapping[str, Any] = next(
            (d for d in task_definition.content["containerDefinitions"] if d["name"] == container), {}
        )
        logging = definition.get("logConfiguration", {})
        options = logging.get("options", {})
        if logging.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
            return []
        stream = f"{options['awslogs-stream-prefix']}/{container}/{task_id}"
        try:
            with translated("logs", "GetLogEvents"):
                answer = self._session.read("logs").get_log_events(
                    logGroupName=options["awslogs-group"], logStreamName=stream, limit=20, startFromHead=False
                )
                return [event["message"].rstrip() for event in answer["events"]]
        except NotFound:
            return []

    # --- what changes it -----------------------------------------------------------------------------------

    def register(self, content: Mapping[str, Any], tags: Sequence[Mapping[str, Any]]) -> str:
        """ecs:RegisterTaskDefinition; the ARN of the new revision."""
        with translated("ecs", "RegisterTaskDefinition", changes=True):
            extra = {"tags": list(tags)} if tags else {}
            answer = self._session.change("ecs").register_task_definition(**content, **extra)
            arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def update_service(
        self,
        cluster: str,
        service: str,
        *,
        task_definition: str | None = None,
        desired: int | None = None,
        configuration: Mapping[str, Any] | None = None,
        force: bool = False,
    ) -> model.Service:
        """ecs:UpdateService with what is given and nothing else."""
        wanted: dict[str, Any] = {"cluster": cluster, "service": service}
        if task_definition is not None:
            wanted["taskDefinition"] = task_definition
        if desired is not None:
            wanted["desiredCount"] = desired
        if configuration is not None:
            wanted["deploymentConfiguration"] = configuration
        if force:
            wanted["forceNewDeployment"] = True
        with translated("ecs", "UpdateService", changes=True):
            answer = self._session.change("ecs").update_service(**wanted)
            return translate.service(answer["service"])

    def stop_deployment(self, arn: str) -> None:
        """ecs:StopServiceDeployment with ROLLBACK."""
        with translated("ecs", "StopServiceDeployment", changes=True):
            self._session.change("ecs").stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")

    def report_activity(self, cluster: str, service: str) -> None:
        """cloudwatch:PutMetricData."""
        dimensions = [{"Name": "ClusterName", "Value": cluster}, {"Name": "ServiceName", "Value": service}]
        point = {"MetricName": translate.ACTIVITY, "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}
        with translated("cloudwatch", "PutMetricData", changes=True):
            self._session.change("cloudwatch").put_metric_data(
                Namespace=translate.NAMESPACE, MetricData=[point]
            )

    def suspend(self, cluster: str, service: str, flags: model.Suspended) -> None:
        """application-autoscaling:RegisterScalableTarget with the three flags and nothing else."""
        with translated("application-autoscaling", "RegisterScalableTarget", changes=True):
            self._session.change("application-autoscaling").register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=f"service/{cluster}/{service}",
                ScalableDimension=_DIMENSION,
                SuspendedState={
                    "DynamicScalingInSuspended": flags.scale_in,
                    "DynamicScalingOutSuspended": flags.scale_out,
                    "ScheduledScalingSuspended": flags.scheduled,
                },
            )


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))
