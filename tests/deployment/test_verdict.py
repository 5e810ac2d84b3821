"""What counts as proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import model
from ecs_deployment.verdict import Expectation, judge, not_asked

from tests.deployment.builders import (
    DIGEST,
    NEW,
    OLD,
    OTHER_DIGEST,
    deployment,
    rollout_of,
    service,
    snapshot,
    target,
    task,
)

EXPECTED = Expectation(OLD, frozenset({DIGEST}), ("app",))
ARM = "sha256:" + "c" * 64


def container(**changes: Any) -> tuple[model.Container, ...]:
    return (replace(task().containers[0], **changes),)


WELL = [
    snapshot(),
    snapshot(targets=(target(), target(9, "unhealthy"))),  # a stranger's
    snapshot(targets=(target(), target(1, "draining", port=8081))),
    snapshot(service(load_balancers=()), targets=()),
    snapshot(deployment=rollout_of(1, "SUCCESSFUL")),
    snapshot(deployment=rollout_of(1, "ROLLBACK_SUCCESSFUL")),
    snapshot(service(deployment(rollout_state=""))),  # an ECS that does not tell
]


@pytest.mark.parametrize("seen", WELL)
def test_well(seen: model.Snapshot) -> None:
    assert judge(seen, EXPECTED) == ()


FINDINGS: list[tuple[str, bool, model.Snapshot]] = [
    ("revision", False, snapshot(service(deployment(2, NEW)), running=(task(2, NEW),))),
    (
        "desired",
        False,
        snapshot(service(deployment(desired=0, running=0), desired=0), running=(), targets=()),
    ),
    ("tasks", True, snapshot(running=())),
    ("tasks", True, snapshot(running=(task(last_status="PENDING"),))),
    ("digest", False, snapshot(running=(task(containers=container(image_digest=OTHER_DIGEST)),))),
    ("digest", True, snapshot(running=(task(containers=container(image_digest="")),))),
    ("health", False, snapshot(running=(task(containers=container(health="UNHEALTHY")),))),
    ("target", True, snapshot(targets=())),
    ("target", True, snapshot(targets=(target(state="initial"),))),
    ("target", False, snapshot(targets=(target(state="unused"),))),
    ("unhealthy", True, snapshot(targets=(target(state="unhealthy"),))),
    ("rollout", True, snapshot(service(deployment(rollout_state="IN_PROGRESS")))),
    ("rollout", False, snapshot(service(deployment(rollout_state="FAILED")))),
    ("rollout", True, snapshot(deployment=rollout_of(1, "IN_PROGRESS"))),
    ("rollout", True, snapshot(deployment=rollout_of(1, "ROLLBACK_IN_PROGRESS"))),
    ("rollout", False, snapshot(deployment=rollout_of(1, "STOPPED"))),
    ("rollout", False, snapshot(deployment=rollout_of(1, "ROLLBACK_FAILED"))),
    ("service", False, snapshot(service(status="DRAINING"))),
]


@pytest.mark.parametrize(("code", "waiting", "seen"), FINDINGS)
def test_findings(code: str, waiting: bool, seen: model.Snapshot) -> None:
    found = [finding for finding in judge(seen, EXPECTED) if finding.code == code]
    assert found, judge(seen, EXPECTED)
    assert found[0].waiting is waiting


def test_each_manifest_of_an_index_is_accepted() -> None:
    seen = snapshot(running=(task(containers=container(image_digest=ARM)),))
    assert judge(seen, replace(EXPECTED, digests=frozenset({DIGEST, ARM}))) == ()


def test_containers_that_are_not_ours_may_run_any_image() -> None:
    proxy = replace(task().containers[0], name="proxy", image_digest=OTHER_DIGEST)
    assert judge(snapshot(running=(task(containers=(*task().containers, proxy)),)), EXPECTED) == ()


def test_a_container_with_a_check_must_be_healthy_and_one_without_need_not() -> None:
    checked = replace(EXPECTED, checked=("app",))
    assert [f.code for f in judge(snapshot(), checked)] == ["health"]
    healthy = snapshot(running=(task(containers=container(health="HEALTHY")),))
    assert judge(healthy, checked) == ()


def test_more_desired_tasks_want_more_healthy_targets() -> None:
    two = snapshot(service(deployment(running=2, desired=2), desired=2), running=(task(1), task(2)))
    assert [f.code for f in judge(two, EXPECTED)] == ["target"]
    assert judge(replace(two, targets=(target(1), target(2))), EXPECTED) == ()


def test_instance_targets_are_asked_as_a_group() -> None:
    seen = snapshot(running=(task(addresses=()),), targets=(target(id="i-0123"),))
    assert judge(seen, EXPECTED) == ()


@pytest.mark.parametrize(
    ("seen", "expected", "told"),
    [
        (service(), replace(EXPECTED, checked=("app",)), ()),
        (service(), EXPECTED, ("containers (no health check)",)),
        (service(), replace(EXPECTED, digests=frozenset(), checked=("app",)), ("image (digest not known)",)),
        (service(load_balancers=()), replace(EXPECTED, checked=("app",)), ("targets (no load balancer)",)),
        (service(load_balancers=()), None, ("targets (no load balancer)",)),
        (service(), None, ()),
    ],
)
def test_what_a_verdict_does_not_rest_on(
    seen: model.Service, expected: Expectation | None, told: tuple[str, ...]
) -> None:
    assert not_asked(seen, expected) == told
