"""`source.Source` over boto3 clients that are handed in: one method a call, errors translated, nothing decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ecs_deployment.aws.failures import translated
from ecs_deployment.errors import NotFound

from ecs_stats.source import IdleRule, Logged, Query
from ecs_stats.stats import Insights

_DIMENSION = "ecs:service:DesiredCount"
_MODES: Mapping[str, Insights] = {"enabled": "standard", "enhanced": "enhanced", "disabled": "off"}


class AwsSource:
    """The port to one account and region. `clients` makes boto3 clients by name, `count` tells the requests sent."""

    def __init__(self, clients: Callable[[str], Any], count: Callable[[], int]) -> None:
        self._clients, self._count = clients, count

    @property
    def calls(self) -> int:
        """API requests sent so far."""
        return self._count()

    def insights(self, cluster: str) -> Insights:
        """ecs:DescribeClusters."""
        with translated("ecs", "DescribeClusters"):
            answer = self._clients("ecs").describe_clusters(clusters=[cluster], include=["SETTINGS"])
        for found in answer["clusters"]:
            settings = {one["name"]: one["value"] for one in found.get("settings", ())}
            return _MODES.get(settings.get("containerInsights", "disabled"), "unknown")
        return "unknown"

    def balancer_of(self, target_group: str) -> str:
        """elasticloadbalancing:DescribeTargetGroups."""
        with translated("elbv2", "DescribeTargetGroups"):
            answer = self._clients("elbv2").describe_target_groups(TargetGroupArns=[target_group])
        return next((arn for one in answer["TargetGroups"] for arn in one.get("LoadBalancerArns", ())), "")

    def idle_rule(self, cluster: str, service: str) -> IdleRule | None:
        """application-autoscaling:DescribeScalingPolicies and cloudwatch:DescribeAlarms."""
        policies = self._policies(cluster, service)
        names = [
            alarm["AlarmName"]
            for policy in policies
            if _to_zero(policy)
            for alarm in policy.get("Alarms", ())
        ]
        if not names:
            return None
        with translated("cloudwatch", "DescribeAlarms"):
            answer = self._clients("cloudwatch").describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm"])
        return next(map(rule_of, answer["MetricAlarms"]), None)

    def scaling_alarms(self, cluster: str, service: str) -> list[str]:
        """application-autoscaling:DescribeScalingPolicies."""
        alarms = [alarm for policy in self._policies(cluster, service) for alarm in policy.get("Alarms", ())]
        return list(dict.fromkeys(alarm["AlarmARN"] for alarm in alarms))

    def _policies(self, cluster: str, service: str) -> list[Mapping[str, Any]]:
        with translated("application-autoscaling", "DescribeScalingPolicies"):
            answer = self._clients("application-autoscaling").describe_scaling_policies(
                ServiceNamespace="ecs",
                ResourceId=f"service/{cluster}/{service}",
                ScalableDimension=_DIMENSION,
            )
        found: list[Mapping[str, Any]] = answer["ScalingPolicies"]
        return found

    def logged(
        self, group: str, since: float, *, pattern: str = "", prefix: str = "", most: int | None = None
    ) -> list[Logged]:
        """logs:FilterLogEvents, page by page."""
        # By time and not by stream: AWS always does so by now, and ignores the member.
        wanted: dict[str, Any] = {
            "logGroupName": group, "startTime": max(0, int(since * 1000)), "interleaved": True,
        }  # fmt: skip
        wanted |= {"filterPattern": pattern} if pattern else {}
        wanted |= {"logStreamNamePrefix": prefix} if prefix else {}
        found: dict[str, Logged] = {}
        with translated("logs", "FilterLogEvents"):
            for page in self._clients("logs").get_paginator("filter_log_events").paginate(**wanted):
                found |= {one["eventId"]: _logged(one) for one in page["events"]}
                if most is not None and len(found) >= most:
                    break
        return sorted(
            (one for one in found.values() if one.stream.startswith(prefix)), key=lambda one: (one.at, one.id)
        )

    def tail(self, group: str, stream: str, most: int) -> list[Logged]:
        """logs:GetLogEvents from the end."""
        try:
            with translated("logs", "GetLogEvents"):
                answer = self._clients("logs").get_log_events(
                    logGroupName=group, logStreamName=stream, limit=most, startFromHead=False
                )
        except NotFound:
            return []
        return [
            Logged(f"{stream} {place}", one["timestamp"] / 1000, stream, one["message"])
            for place, one in enumerate(answer["events"])
        ]

    def metrics(
        self, queries: Sequence[Query], start: float, end: float
    ) -> dict[str, Sequence[tuple[float, float]]]:
        """cloudwatch:GetMetricData; what has no points is there with none."""
        found: dict[str, list[tuple[float, float]]] = {}
        with translated("cloudwatch", "GetMetricData"):
            pages = (
                self._clients("cloudwatch")
                .get_paginator("get_metric_data")
                .paginate(
                    MetricDataQueries=list(queries),
                    StartTime=datetime.fromtimestamp(start, UTC),
                    EndTime=datetime.fromtimestamp(end, UTC),
                    ScanBy="TimestampAscending",
                )
            )
            for page in pages:
                for one in page["MetricDataResults"]:
                    points = found.setdefault(one["Id"], [])
                    points += [
                        (at.timestamp(), value)
                        for at, value in zip(one["Timestamps"], one["Values"], strict=True)
                    ]
        return dict(found)


def _logged(answer: Mapping[str, Any]) -> Logged:
    return Logged(answer["eventId"], answer["timestamp"] / 1000, answer["logStreamName"], answer["message"])


def _to_zero(policy: Mapping[str, Any]) -> bool:
    steps = policy.get("StepScalingPolicyConfiguration", {})
    return steps.get("AdjustmentType") == "ExactCapacity" and any(
        step["ScalingAdjustment"] == 0 for step in steps.get("StepAdjustments", ())
    )


def rule_of(alarm: Mapping[str, Any]) -> IdleRule:
    """A member of DescribeAlarms' `MetricAlarms`: of one metric, or of an expression over several."""
    queries = tuple(alarm.get("Metrics", ())) or (_single(alarm),)
    periods = [one["MetricStat"]["Period"] for one in queries if "MetricStat" in one]
    return IdleRule(
        name=alarm["AlarmName"],
        state=alarm["StateValue"],
        periods=alarm["EvaluationPeriods"],
        period=max(periods, default=60),
        threshold=float(alarm.get("Threshold", 0.0)),
        queries=queries,
        enabled=alarm.get("ActionsEnabled", True),
    )


def _single(alarm: Mapping[str, Any]) -> Query:
    metric = {
        "Namespace": alarm["Namespace"],
        "MetricName": alarm["MetricName"],
        "Dimensions": alarm.get("Dimensions", []),
    }
    stat = {"Metric": metric, "Period": alarm["Period"], "Stat": alarm.get("Statistic", "Sum")}
    return {"Id": "idle", "MetricStat": stat, "ReturnData": True}
