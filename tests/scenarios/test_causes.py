"""Why a deploy failed, on one screen: each way of failing is brought about, stopped early, and told by its cause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import Limits
from ecs_local import client

from tests.engine import wait_for
from tests.scenarios.place import CLUSTER, SERVICE, Place
from tests.scenarios.screen import Progress, screen

CODES = "Health checks failed with these codes: [503]."
NO_BREAKER = {"enable": False, "rollback": False}


@pytest.fixture
def well(shared: Place) -> Iterator[Place]:
    """Awake and well, failing checks counting at once; planted faults are gone afterwards."""
    shared.connection.changes("ecs").update_service(
        cluster=CLUSTER, service=SERVICE, healthCheckGracePeriodSeconds=0
    )
    shared.make_well()
    yield shared
    client.clear_faults(shared.engine)


def on(where: Place) -> str:
    return where.snapshot().service.task_definition


@pytest.mark.parametrize(
    ("kind", "options", "cause", "advice"),
    [
        (
            "unpullable-image",
            {},
            "The image cannot be pulled: pull image manifest has been retried 1 time(s)",
            "Check that the image still exists and that the execution role may pull it.",
        ),
        (
            "missing-secret",
            {},
            "A secret of the task definition cannot be read:",
            "check that the execution role may read it.",
        ),
        (
            "out-of-memory",
            {"seconds": 0.02},
            "Container app was killed (exit code 137): it most likely ran out of memory.",
            "Raise `memory` in the task definition",
        ),
        (
            "failing-health",
            {},
            f"The load balancer's health check of /health fails on port 8080: {CODES}",
            "Request /health from the new image: it has to answer 200",
        ),
        (
            "no-capacity",
            {},
            "No task can be placed: Capacity is unavailable at this time.",
            "Wait for capacity and repeat",
        ),
    ],
)
def test_the_cause_is_named_and_the_loop_not_waited_out(
    well: Place, kind: str, options: dict[str, Any], cause: str, advice: str
) -> None:
    # Without a breaker nothing but ourselves ends it.
    well.configure(deploymentCircuitBreaker=NO_BREAKER)
    before, progress = on(well), Progress()
    client.fault(well.engine, kind, service=SERVICE, **options)
    report = well.deploy(well.other(), sink=progress)
    (result,) = report.services
    assert (result.outcome, on(well)) == (Outcome.ROLLED_BACK, before)
    shown = screen(report)
    assert f"Cause {cause}" in shown
    assert advice in shown
    assert re.search(r"\d x ", shown), "the stop reasons, grouped"
    failed = client.status(well.engine)["faults"][0]["struck"]
    assert failed <= 6, "stopped as soon as it was evident"
    told = progress.text()
    assert re.search(r"\b[1-4] of 3 failures", told) or kind == "failing-health", told


def test_a_containers_own_check(well: Place) -> None:
    """The check is the revision's own, and only the tag that runs now passes it."""
    cloud, tag = well.connection.cloud, well.other()
    now = cloud.task_definition(on(well))
    (container,) = now.content["containerDefinitions"]
    check = {"command": ["CMD-SHELL", f'test "$VERSION" != {tag}'], "interval": 5, "retries": 2}
    content = {**now.content, "containerDefinitions": [{**container, "healthCheck": check}]}
    before = cloud.register(content, ())
    roll(well, before)
    try:
        with well.impatient():
            report = well.deploy(tag)
        (result,) = report.services
        assert (result.outcome, on(well)) == (Outcome.ROLLED_BACK, before)
        assert "fails its own health check." in screen(report)
    finally:
        roll(well, now.arn)


def roll(where: Place, revision: str) -> None:
    """By hand, without a deploy of ours."""
    where.connection.cloud.update_service(CLUSTER, SERVICE, task_definition=revision)
    wait_for(lambda: where.snapshot().service.deployments[0].rollout_state == "COMPLETED", "the revision")


def test_starts_that_aws_throttles(well: Place) -> None:
    client.fault(well.engine, "start-throttling", service=SERVICE)
    progress = Progress()
    report = well.deploy(well.other(), sink=progress, limits=Limits(no_progress=2.0), probe=False)
    (result,) = report.services
    assert (result.outcome, report.exit_code) == (Outcome.UNDECIDED, 7)
    assert "AWS throttles the start of tasks." in screen(report)
    assert "operations are being throttled" in progress.text()


def test_when_the_earlier_revision_does_not_come_up_either(well: Place) -> None:
    before, tag = on(well), well.other()
    well.fall_asleep()
    client.fault(well.engine, "crash-at-start", service=SERVICE)
    report = well.deploy(tag, probe=False)
    (result,) = report.services
    assert (result.outcome, report.exit_code) == (Outcome.FAILED, 5)
    assert on(well) == before
    shown = screen(report)
    short = before.rsplit("/", 1)[-1]
    assert f"The way back to {short} failed too: container app exited with code 1" in shown
    assert f"0 of 1 tasks run; the service is on {short}." in shown
    assert "a fault was planted (crash-at-start)" in shown, "the last lines of the log"
