"""What somebody deletes behind CloudFormation's back: an apply sees it and makes it anew, and the rest stays."""

from __future__ import annotations

from typing import Any

import pytest
from ecs_deployment.clock import RealClock
from ecs_deployment.errors import Denied
from ecs_provisioning import apply as room
from ecs_provisioning import gone, show, stack
from ecs_provisioning.calls import Aws
from ecs_provisioning.plan import planned
from ecs_provisioning.prepare import Wish

from tests.provisioning.quietly import applied, free


def alarms(aws: Aws, name: str) -> list[str]:
    rows = aws.read("cloudwatch").describe_alarms(AlarmNamePrefix=f"{name}-")["MetricAlarms"]
    return sorted(row["AlarmName"].rpartition("-")[2] for row in rows)


def scaling(aws: Aws, resource: str) -> tuple[int, int]:
    client = aws.read("application-autoscaling")
    targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
    policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
    return len(targets["ScalableTargets"]), len(policies["ScalingPolicies"])


def test_what_was_deleted_by_hand_is_seen_and_made_anew(aws: Aws, wish: Wish) -> None:
    asked = Wish("test", wish.service, {"ErrorsPerMinute": "3"})
    found = applied(aws, asked).stack
    assert gone.of(aws, found) == ()
    name = f"{wish.service.cluster}-{wish.service.name}"
    resource = f"service/{wish.service.cluster}/{wish.service.name}"
    service = stack.physical(aws, found, "Service")
    aws.change("cloudwatch").delete_alarms(AlarmNames=[f"{name}-idle", f"{name}-errors"])
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    aws.change("application-autoscaling").deregister_scalable_target(**target)
    missing = {one.logical for one in gone.of(aws, found)}
    assert missing >= {"IdleAlarm", "ErrorAlarm", "ScalableTarget"}
    with planned(aws, asked, RealClock()) as prepared:
        assert show.heading(prepared) == f"{found.name}: {len(missing)} resources would change"
        told = [text for _, text in show.rows(prepared)]
        assert "the stack has made IdleAlarm, and somebody has deleted it by other means" in told
    done = applied(aws, asked)
    assert done.outcome == "updated"
    assert alarms(aws, name) == ["errors", "idle", "wake"]
    assert scaling(aws, resource) == (1, 2)
    assert gone.of(aws, done.stack) == ()
    assert done.stack.parameters["ErrorsPerMinute"] == "3"
    assert stack.physical(aws, done.stack, "Service") == service
    assert applied(aws, asked).outcome == "unchanged"
    # An alarm of a kind that the settings do not decide comes back by itself, as it was.
    aws.change("cloudwatch").delete_alarms(AlarmNames=[f"{name}-errors"])
    assert applied(aws, wish).stack.parameters["ErrorsPerMinute"] == "3"
    assert alarms(aws, name) == ["errors", "idle", "wake"]


def test_what_came_to_half_is_told(aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Wish("test", wish.service, {"ErrorsPerMinute": "3"})
    applied(aws, asked)
    name = f"{wish.service.cluster}-{wish.service.name}"
    aws.change("cloudwatch").delete_alarms(AlarmNames=[f"{name}-errors"])
    told: list[str] = []

    def insists(text: str) -> None:
        told.append(text)
        if len(told) > 1 and "gives up" in told[-2]:
            raise KeyboardInterrupt

    with pytest.raises(room.Interrupted, match="Nothing more was begun"):
        room.apply(aws, wish, RealClock(), insists, free)
    assert told[-1].endswith('To have it again: inv infra.apply --env test --set "ErrorsPerMinute=3"')
    assert alarms(aws, name) == ["idle", "wake"]
    assert applied(aws, asked).outcome == "updated"
    assert alarms(aws, name) == ["errors", "idle", "wake"]


def test_who_may_not_look_is_not_stopped(aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch) -> None:
    found = applied(aws, wish).stack

    def denied(*_: Any, **__: Any) -> Any:
        raise Denied("cloudwatch:DescribeAlarms is not allowed.")

    monkeypatch.setattr(gone, "call", denied)
    assert gone.of(aws, found) == ()
