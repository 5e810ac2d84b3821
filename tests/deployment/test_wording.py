"""Events as people read them."""

from __future__ import annotations

import pytest
from ecs_deployment.wording import short

GROUP = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:targetgroup/local-app/31cc8a0774fbe257"
ID = "27922e6ff5f40c9d3e52ec17e3f4c50e"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"(service app) has started 1 tasks: (task {ID}).", "has started 1 tasks: (task 27922e6f)."),
        (
            f"(service app) registered 1 targets in (target-group {GROUP})",
            "registered 1 targets in (target group local-app)",
        ),
        (
            f"(service app) (task {ID}) (port 8080) is unhealthy in (target-group {GROUP}) due to (reason x).",
            "(task 27922e6f) (port 8080) is unhealthy in (target group local-app) due to (reason x).",
        ),
        ("(service app) has reached a steady state.", "has reached a steady state."),
    ],
)
def test_short(message: str, expected: str) -> None:
    assert short(message) == expected
