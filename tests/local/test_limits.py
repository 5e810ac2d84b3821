"""AWS's published request limits as token buckets."""

from __future__ import annotations

import pytest
from ecs_local.api.models import model
from ecs_local.limits import BUCKETS, Limits
from ecs_local.profile import FARGATE, FAST
from hypothesis import given
from hypothesis import strategies as st

PUBLISHED = {  # Amazon ECS API Reference, "Request throttling": burst, sustained a second
    "UpdateService": (50, 5),
    "DescribeServices": (100, 20),
    "DescribeServiceDeployments": (50, 20),
    "DescribeServiceRevisions": (50, 20),
    "DescribeTasks": (100, 20),
    "RunTask": (100, 40),
    "RegisterTaskDefinition": (20, 1),
    "DescribeTaskDefinition": (50, 20),
    "TagResource": (20, 10),
    "CreateCluster": (20, 1),
    "DescribeClusters": (50, 20),
}


def _admitted(limits: Limits, operation: str, now: float, calls: int, second: float = 1.0) -> int:
    return sum(limits.admit(operation, now, second) for _ in range(calls))


@pytest.mark.parametrize("operation", PUBLISHED)
def test_the_burst_then_the_sustained_rate(operation: str) -> None:
    burst, sustained = PUBLISHED[operation]
    limits = Limits()
    assert _admitted(limits, operation, 0.0, 500) == burst
    for second in range(1, 6):
        assert _admitted(limits, operation, float(second), 500) == sustained
    assert _admitted(limits, operation, 1000.0, 500) == burst


def test_operations_of_a_kind_share_a_bucket_and_others_do_not() -> None:
    limits = Limits()
    assert _admitted(limits, "RegisterTaskDefinition", 0.0, 15) == 15
    assert _admitted(limits, "DeregisterTaskDefinition", 0.0, 15) == 5
    assert _admitted(limits, "DescribeTaskDefinition", 0.0, 15) == 15


def test_a_call_without_a_published_limit_always_passes() -> None:
    assert _admitted(Limits(), "StopServiceDeployment", 0.0, 1000) == 1000


def test_every_limited_operation_is_one_of_ecs() -> None:
    known = set(model("ecs").operation_names)
    assert {name for bucket in BUCKETS.values() for name in bucket.operations} <= known


@given(
    st.sampled_from(sorted(PUBLISHED)),
    st.lists(st.floats(0, 3), max_size=60),
    st.sampled_from([1.0, 0.1]),
)
def test_no_span_of_time_admits_more_than_burst_and_rate(
    operation: str, pauses: list[float], second: float
) -> None:
    burst, sustained = PUBLISHED[operation]
    limits, now, admitted = Limits(), 0.0, 0
    for pause in pauses:
        now += pause * second
        admitted += _admitted(limits, operation, now, 20, second)
        assert admitted <= burst + now / second * sustained + 1e-6


def test_the_limits_are_in_force_under_fargate_and_as_quick_as_its_speed() -> None:
    assert FAST.limits_second is None
    assert FAST.at_speed(10).limits_second is None
    assert FARGATE.limits_second == 1.0
    assert FARGATE.at_speed(10).limits_second == 0.1
