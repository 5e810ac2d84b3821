"""An API that throttles, fails, hangs up, lags or no longer knows us, in the middle of a whole deploy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ecs_deployment.outcome import Outcome
from ecs_local import client

from tests.scenarios.place import Place
from tests.scenarios.processes import deploying

CHANGES = ("RegisterTaskDefinition", "PutParameter", "RegisterScalableTarget", "UpdateService")
ALL = (*CHANGES, "DescribeServices", "GetParameter")


@pytest.fixture
def well(shared: Place) -> Iterator[Place]:
    """Awake and well, with a floor that is borrowed; planted faults are gone afterwards."""
    shared.make_well()
    shared.configure(minimumHealthyPercent=0)
    yield shared
    client.clear_faults(shared.engine)


def all_is_back(where: Place, tag: str) -> None:
    client.clear_faults(where.engine)
    seen = where.snapshot()
    assert seen.service.configuration["minimumHealthyPercent"] == 0
    assert seen.scaling
    assert not seen.scaling.suspended.scale_in
    assert (where.entries()[0].debts, bool(where.entries()[0].outcome)) == ((), True)
    assert where.verify(tag).findings == ()


@pytest.mark.parametrize(
    ("kind", "operations", "count"),
    [
        ("throttling", ALL, 1),
        ("too-many-revisions", ("RegisterTaskDefinition",), 2),
        ("server-error", ALL, 1),
        ("drop-before", ALL, 1),
        ("drop-after", ALL, 1),
    ],
)
def test_a_deploy_gets_through(well: Place, kind: str, operations: tuple[str, ...], count: int) -> None:
    tag = well.other()
    for operation in operations:
        client.fault(well.engine, kind, operation=operation, count=count)
    report = well.deploy(tag)
    (result,) = report.services
    assert result.outcome is Outcome.DEPLOYED, result
    assert all(fault["left"] == 0 for fault in client.status(well.engine)["faults"])
    all_is_back(well, tag)
    # A lost answer is looked into before the call is repeated: there is one deployment of ours and no second.
    assert well.entries()[0].deployments == (result.deployment_id,)
    assert [d.id for d in well.snapshot().service.deployments] == [result.deployment_id]


@pytest.mark.parametrize(("kind", "seconds"), [("stale-reads", 1.0), ("slow-answers", 0.1)])
def test_reads_that_lag_and_answers_that_are_late_only_take_longer(
    well: Place, kind: str, seconds: float
) -> None:
    tag = well.other()
    client.fault(well.engine, kind, seconds=seconds)
    (result,) = well.deploy(tag).services
    assert result.outcome is Outcome.DEPLOYED, result
    all_is_back(well, tag)


def test_credentials_that_run_out_in_the_middle(well: Place) -> None:
    tag = well.other()
    with deploying(well, tag) as process:
        client.fault(well.engine, "expired-credentials")
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 7, output
    shown = " ".join(output.split())
    assert "AWS no longer accepts the credentials" in shown
    assert "Sign in again" in shown
    assert "Traceback" not in shown
    client.clear_faults(well.engine)
    left = well.entries()[0]
    assert {debt.what for debt in left.debts} == {"floor", "suspension"}, "what is owed stands in the journal"
    (again,) = well.deploy(tag).services
    assert again.outcome in (Outcome.DEPLOYED, Outcome.UNCHANGED)
    all_is_back(well, tag)
