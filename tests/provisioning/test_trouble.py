"""Accounts and stacks in no good state: one sentence each, and the way out."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.clock import RealClock
from ecs_deployment.errors import Denied, Refused
from ecs_provisioning import apply as room
from ecs_provisioning import condition, ending, stack, surroundings, template
from ecs_provisioning.calls import Aws
from ecs_provisioning.condition import check
from ecs_provisioning.errors import StackFailed
from ecs_provisioning.prepare import Wish
from ecs_provisioning.stack import Stack

from tests.deployment.memory_parameters import VirtualClock
from tests.provisioning.quietly import applied, free, with_bad_end


def test_a_failed_creation_says_why_and_how_to_begin_anew(
    aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(template, "body", with_bad_end)
        with pytest.raises(StackFailed) as failed:
            applied(aws, wish)
    assert failed.value.exit_code == 5
    assert failed.value.what.startswith("Bad: ")
    with pytest.raises(Refused) as refused:
        applied(aws, wish)
    assert "is ROLLBACK_COMPLETE: its creation failed" in refused.value.what
    assert "The cause: Bad: " in refused.value.what
    assert "inv infra.destroy --env test --confirm test" in refused.value.cure
    found = room.existing(aws, "test", wish.service.name)
    assert found
    room.destroy(aws, "test", {wish.service.name: found}, RealClock(), lambda _: None, free)
    assert applied(aws, wish).outcome == "created"


@pytest.mark.parametrize(
    ("status", "message", "cure"),
    [
        ("UPDATE_IN_PROGRESS", "is being changed just now", "Wait"),
        ("UPDATE_ROLLBACK_FAILED", "could not be undone", "continue-update-rollback --stack-name ecs-test-x"),
        ("DELETE_FAILED", "could not be taken away", "inv infra.destroy"),
        ("SOMETHING_NEW", "cannot be changed as it stands", "inv infra.destroy"),
    ],
)
def test_states_that_cannot_be_changed(
    aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch, status: str, message: str, cure: str
) -> None:
    monkeypatch.setattr("ecs_provisioning.condition.causes", lambda *_: [])
    with pytest.raises(Refused) as refused:
        check(aws, Stack("arn", "ecs-test-x", status), "test")
    assert message in refused.value.what
    assert cure in refused.value.cure


@pytest.mark.parametrize(("patience", "waits"), [(0.0, 0), (5.0, 3)])
def test_a_deploy_waits_for_cloudformation_no_longer_than_it_was_told(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, patience: float, waits: int
) -> None:
    """It would put back the revision that it knew: an apply that was killed holds no lock."""
    clock = VirtualClock()
    began = clock.boottime()
    told: list[str] = []
    seen = iter([Stack("arn", "ecs-test-x", "UPDATE_IN_PROGRESS")] * (waits + 1))
    monkeypatch.setattr(condition, "read", lambda *_: next(seen))
    with pytest.raises(
        Refused, match=r"at work on stack ecs-test-x \(UPDATE_IN_PROGRESS\), and may still change"
    ):
        condition.at_rest(aws, "test", ["x"], clock, told.append, patience)
    assert (clock.boottime() - began, len(told)) == (patience, min(waits, 1))


@pytest.mark.parametrize("status", ["UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "", "denied"])
def test_a_stack_at_rest_or_out_of_sight_holds_no_deploy_up(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    def seen(*_: Any) -> Stack | None:
        if status == "denied":
            raise Denied("cloudformation:DescribeStacks is not allowed.")
        return Stack("arn", "ecs-test-x", status) if status else None

    monkeypatch.setattr(condition, "read", seen)
    condition.at_rest(aws, "test", ["x", "y"], VirtualClock(), _no_lock)


@pytest.mark.parametrize(
    ("vpcs", "zones", "found"),
    [
        ([], [], "The account has no default VPC"),
        (
            ["vpc-1"],
            ["a", "a"],
            "The default VPC vpc-1 has subnets in 1 Availability Zones; a load balancer needs 2",
        ),
    ],
)
def test_an_account_without_a_network_to_stand_in(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, vpcs: list[str], zones: list[str], found: str
) -> None:
    answers = {
        "describe_vpcs": {"Vpcs": [{"VpcId": one} for one in vpcs]},
        "describe_subnets": {"Subnets": [{"AvailabilityZone": one, "SubnetId": "subnet"} for one in zones]},
    }
    monkeypatch.setattr(surroundings, "call", lambda _client, operation, **_params: answers[operation])
    with pytest.raises(Refused, match=found) as refused:
        surroundings.network(aws, {})
    assert '--set "NetworkOrigin=create"' in refused.value.cure


def test_a_service_that_other_tools_made_needs_no_stack(aws: Aws, wish: Wish) -> None:
    stack_of = applied(aws, wish).stack
    other = replace(wish, environment="other")
    with pytest.raises(Refused, match=r"and no stack ecs-other-.* made it") as refused:
        applied(aws, other)
    assert "names in environments.toml are enough" in refused.value.cure
    room.destroy(aws, "test", {wish.service.name: stack_of}, RealClock(), lambda _: None, free)


@pytest.mark.parametrize("named", [{"VpcId": "vpc-1"}, {"SubnetIds": "subnet-1"}])
def test_half_a_network_is_refused(aws: Aws, named: dict[str, str]) -> None:
    with pytest.raises(Refused, match="belong together"):
        surroundings.network(aws, named)


def test_a_network_that_a_load_balancer_cannot_stand_in_is_refused(aws: Aws) -> None:
    ec2 = aws.read("ec2")
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    first, second = ec2.describe_subnets(Filters=default)["Subnets"][:2]
    one = {"VpcId": first["VpcId"], "SubnetIds": first["SubnetId"]}
    with pytest.raises(
        Refused, match="BalancerSubnetIds: a load balancer needs subnets in 2 Availability Zones"
    ):
        surroundings.network(aws, one)
    both = f"{first['SubnetId']}, {second['SubnetId']}"
    assert surroundings.network(aws, one | {"BalancerSubnetIds": both})["BalancerSubnetIds"] == both
    with pytest.raises(Refused, match="is no subnet of vpc-0"):
        surroundings.network(aws, {"VpcId": "vpc-0", "SubnetIds": both})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"VpcId": "vpc-0", "SubnetIds": "subnet-0"}, "SubnetIds: there is no subnet 'subnet-0'"),
        ({"NetworkOrigin": "create", "VpcId": "vpc-0"}, "makes a network, and VpcId names another"),
        ({"Cpu": "300"}, "Cpu cannot be 300. Choose from 256, 512,"),
        ({"Memory": "lots"}, "Parameter Memory failed to satisfy constraint"),
        ({"Mem": "512"}, "no parameter Mem"),
    ],
)
def test_parameters_that_will_not_do_are_refused_before_anything_is_made(
    aws: Aws, wish: Wish, parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(Refused) as refused:
        applied(aws, replace(wish, parameters=parameters))
    assert message in str(refused.value)
    assert stack.read(aws, f"ecs-test-{wish.service.name}") is None


def test_what_an_end_leaves_behind_is_told_before(aws: Aws, wish: Wish) -> None:
    found = applied(aws, replace(wish, parameters={"NetworkOrigin": "create"})).stack
    kept, gone = ending.of(aws, found)
    assert [line.split(",")[0] for line in kept] == [
        f"Repository {wish.service.name}",
        f"TaskDefinition {wish.service.cluster}-{wish.service.name}:1",
        "journal of deploys in SSM",
    ]
    told: list[str] = []
    room.destroy(aws, "test", {wish.service.name: found}, RealClock(), told.append, free)
    skipped = [line.split(":")[0] for line in told if "DELETE_SKIPPED" in line]
    assert sorted(skipped) == ["Repository", "TaskDefinition"]
    done = {line.split(":")[0] for line in told if "DELETE_COMPLETE" in line}
    assert done == {*gone, found.name}


def test_every_event_is_told_once_and_what_takes_long_is_named(
    aws: Aws, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack, "_LONG_SILENCE", 0.0)
    told: list[Any] = []
    room.apply(aws, wish, RealClock(), told.append, _no_lock)
    done = [line for line in told if line.endswith("CREATE_COMPLETE")]
    assert len(done) == len(set(done))
    assert done[-1] == f"ecs-test-{wish.service.name}: CREATE_COMPLETE"
    assert {line.split(":")[0] for line in done} >= {"Cluster", "Service", "IdleAlarm", "WakePolicy"}
    assert [line for line in told if re.match(r"AWS is still at work on \w+ \(\d+ s\)", line)]


def _no_lock(*_: Any) -> Any:
    raise AssertionError("a new stack needs no lock")
