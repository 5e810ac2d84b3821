"""What a service costs: the figures that were reckoned by hand, and what makes them move."""

from __future__ import annotations

from pathlib import Path

import pytest
from ecs_provisioning import cost

VALUES = {
    "AssignPublicIp": "ENABLED",
    "BalancerScheme": "internet-facing",
    "BalancerSubnetIds": "a,b",
    "ContainerInsights": "enhanced",
    "Cpu": "256",
    "CpuArchitecture": "X86_64",
    "ErrorsPerMinute": "0",
    "IdlePeriods": "7",
    "Memory": "512",
    "NetworkOrigin": "existing",
}


@pytest.mark.parametrize(
    ("mode", "tasks", "containers", "found"),
    [
        ("off", 1, 1, 0),
        ("standard", 1, 1, 37),
        ("enhanced", 1, 1, 127),
        ("enhanced", 1, 2, 171),
        ("enhanced", 4, 2, 381),
    ],
)
def test_metrics_as_counted_from_the_tables_of_dimensions(
    mode: str, tasks: int, containers: int, found: int
) -> None:
    assert cost.metrics(mode, tasks=tasks, containers=containers) == found


def test_the_smallest_service() -> None:
    found = cost.estimate(VALUES)
    parts = {what: round(awake, 2) for what, awake, _ in found.parts}
    assert parts == {
        "one task of 0.25 vCPU and 0.5 GB on Fargate": 9.01,
        "its public address": 3.65,
        "load balancer": 16.43,
        "its 2 public addresses": 7.30,
        "alarms on 5 metrics (10 of an account are free)": 0.50,
    }
    assert round(found.awake("off"), 2) == 36.89
    # Enhanced insights are the cheaper ones for a single task, and the only ones with figures per container.
    assert [round(found.awake(mode) - found.awake("off"), 2) for mode in cost.MODES] == [0.0, 11.10, 8.89]
    # The load balancer and its addresses cost the same while everything sleeps.
    assert round(found.asleep("enhanced"), 2) == 24.23
    assert round(found.saved_an_hour, 4) == 0.0295


@pytest.mark.parametrize(
    ("changed", "cheaper"),
    [
        ({"CpuArchitecture": "ARM64"}, True),
        ({"BalancerScheme": "internal"}, True),
        ({"AssignPublicIp": "DISABLED"}, True),
        ({"IdlePeriods": "0"}, True),
        ({"Cpu": "512", "Memory": "1024"}, False),
        ({"BalancerSubnetIds": "a,b,c"}, False),
        ({"ErrorsPerMinute": "5"}, False),
    ],
)
def test_what_moves_the_price(changed: dict[str, str], cheaper: bool) -> None:
    before, after = cost.estimate(VALUES).awake("off"), cost.estimate(VALUES | changed).awake("off")
    assert (after < before) is cheaper
    assert after != before


def test_a_plan_tells_every_mode_and_the_age_of_the_prices() -> None:
    told = dict(cost.rows(cost.estimate(VALUES)))
    assert told["insights enhanced (this stack)"] == (
        "$45.78 always awake, $24.23 always asleep; $8.89 of it for 127 metrics"
    )
    assert told["insights off"] == "$36.89 always awake, $24.23 always asleep"
    assert cost.PRICES_OF in told["prices"]
    assert told["sleeping"].startswith("saves $0.71 a day asleep, $14.37 a month")
    assert "sleeping" not in dict(cost.rows(cost.estimate(VALUES | {"IdlePeriods": "0"})))
    written = cost.document(cost.estimate(VALUES))
    assert written["by_insights"]["enhanced"] == {"awake": 45.78, "asleep": 24.23, "metrics": 127}


def test_the_table_of_the_first_deploy_is_reckoned_like_this() -> None:
    text = (Path(__file__).parents[2] / "docs" / "first-deploy.md").read_text(encoding="utf-8")
    found = cost.estimate(VALUES)
    for name, reckon in (("always awake", found.awake), ("always asleep", found.asleep)):
        cells = " | ".join(f"{reckon(mode):.2f}" for mode in cost.MODES)
        assert f"| {name} | {cells} |" in text
    assert cost.PRICES_OF.partition(", ")[2] in text
