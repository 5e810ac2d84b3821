"""The API of a simulated world by name, and its clock step by step."""

from __future__ import annotations

import pytest
from ecs_local.api.errors import AwsError
from ecs_local.simulate_client import Client

from tests.local.worlds import Stage

HERE = {"cluster": "main", "services": ["app"]}


def test_a_call_is_answered_as_by_the_server_and_seen_by_the_scheduler() -> None:
    stage = Stage()
    stage.up()
    client = Client(stage.simulation)
    target = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    target |= {"ResourceId": "service/main/app", "MinCapacity": 2, "MaxCapacity": 4}
    client.call("application-autoscaling", "RegisterScalableTarget", target)
    while stage.simulation.advance(stage.now + 30.0):
        pass
    (shown,) = client.call("ecs", "DescribeServices", HERE)["services"]
    assert (shown["runningCount"], shown["pendingCount"]) == (2, 0)


def test_an_error_is_that_of_aws() -> None:
    client = Client(Stage().simulation)
    with pytest.raises(AwsError) as caught:
        client.call("ecs", "DescribeServices", {"cluster": "nowhere", "services": ["app"]})
    assert caught.value.code == "ClusterNotFoundException"


def test_what_no_world_holds_is_refused() -> None:
    with pytest.raises(AwsError):
        Client(Stage().simulation).call("sts", "GetCallerIdentity", {})


def test_time_passes_to_the_next_moment_and_no_further_than_asked() -> None:
    stage = Stage()
    stage.deploy("1")
    stage.simulation.touch()
    moments = []
    while stage.simulation.advance(0.09):
        moments.append(stage.now)
    assert moments == sorted(moments)
    assert (stage.now, stage.tasks) == (0.09, [])
    while not stage.tasks:
        assert stage.simulation.advance(100.0)
    assert stage.now == pytest.approx(0.1)  # when `fast` begins a deployment
