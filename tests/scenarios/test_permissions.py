"""Each permission taken away: a deploy that cannot do without is refused, naming the IAM action, and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ecs_deployment.aws.permissions import PERMISSIONS, Permission
from ecs_deployment.errors import Refused
from ecs_deployment.outcome import Outcome, Report
from ecs_local import client

from tests.scenarios.place import SERVICE, Place
from tests.scenarios.screen import screen

NEEDED = [one for one in PERMISSIONS if not one.without]
# What is denied together: without the first there is no second to be asked for.
SPARED = [
    {"ListServiceDeployments", "DescribeScalingPolicies", "GetDownloadUrlForLayer"},
    {"DescribeServiceDeployments", "DescribeAlarms"},
    {"PutMetricData"},
]
ON_FAILURE = {"StopServiceDeployment", "DescribeTargetGroups", "GetLogEvents"}
ON_A_MISTYPED_TAG = {"DescribeImages"}
ONLY_PRUNING = {"DeleteParameter"}  # called where the journal is older than twenty runs


@pytest.fixture
def well(shared: Place) -> Iterator[Place]:
    """Awake and well, with a floor that is borrowed; planted faults are gone afterwards."""
    shared.make_well()
    shared.configure(minimumHealthyPercent=0)
    yield shared
    client.clear_faults(shared.engine)


def deploy(where: Place, tag: str) -> tuple[Report | None, str]:
    """The report and what is printed, also where the run is refused before there is a report."""
    try:
        report = where.deploy(tag)
    except Refused as error:
        return None, str(error)
    return report, screen(report)


def struck(where: Place) -> set[str]:
    return {
        fault.get("operation", "") for fault in client.status(where.engine)["faults"] if fault.get("struck")
    }


def nothing_is_borrowed(where: Place) -> None:
    seen = where.snapshot()
    assert seen.service.configuration["minimumHealthyPercent"] == 0
    assert seen.scaling
    assert not seen.scaling.suspended.scale_in
    assert all(entry.outcome and not entry.debts for entry in where.entries()[:1])


@pytest.mark.parametrize("permission", NEEDED, ids=lambda one: one.actions[0])
def test_what_it_needs_is_named_and_nothing_is_left(well: Place, permission: Permission) -> None:
    before, tag = well.snapshot().service, well.other()
    client.fault(well.engine, "access-denied", operation=permission.operation)
    report, shown = deploy(well, tag)
    assert struck(well) == {permission.operation}
    assert report is None or report.exit_code == 2
    assert permission.actions[0] in shown
    assert "Allow" in shown
    client.clear_faults(well.engine)
    after = well.snapshot().service
    assert (after.task_definition, after.deployments) == (before.task_definition, before.deployments)
    nothing_is_borrowed(well)


def test_the_walk_is_over_all_of_them() -> None:
    walked = {one.operation for one in NEEDED}.union(*SPARED, ON_FAILURE, ONLY_PRUNING, ON_A_MISTYPED_TAG)
    assert walked == {one.operation for one in PERMISSIONS}


@pytest.mark.parametrize("spared", SPARED, ids=lambda one: "-".join(sorted(one)))
def test_what_it_can_do_without_is_done_without(well: Place, spared: set[str]) -> None:
    tag = well.other()
    for operation in spared:
        client.fault(well.engine, "access-denied", operation=operation)
    report, _ = deploy(well, tag)
    assert struck(well) == spared
    assert report
    assert report.services[0].outcome is Outcome.DEPLOYED
    client.clear_faults(well.engine)
    nothing_is_borrowed(well)
    assert well.verify(tag).findings == ()


def test_a_failure_is_dealt_with_without_what_only_explains_it(well: Place) -> None:
    well.configure(deploymentCircuitBreaker={"enable": False, "rollback": False})
    tag = well.other()
    for operation in ON_FAILURE:
        client.fault(well.engine, "access-denied", operation=operation)
    client.fault(well.engine, "failing-health", service=SERVICE, count=3)
    with well.impatient():
        report, shown = deploy(well, tag)
    assert struck(well) - {""} == ON_FAILURE
    assert report
    assert report.services[0].outcome is Outcome.ROLLED_BACK
    assert "The load balancer's health check fails on port 8080" in shown
    client.clear_faults(well.engine)
    nothing_is_borrowed(well)


def test_a_mistyped_tag_is_refused_without_what_only_helps(well: Place) -> None:
    refused, shown = deploy(well, "demo-22")
    assert refused
    assert refused.exit_code == 2
    assert "Did you mean demo-2 or demo" in shown
    for operation in ON_A_MISTYPED_TAG:
        client.fault(well.engine, "access-denied", operation=operation)
    refused, shown = deploy(well, "demo-22")
    assert refused
    assert refused.exit_code == 2
    assert struck(well) == ON_A_MISTYPED_TAG
    assert "Check --tag." in shown
