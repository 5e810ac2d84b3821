"""Every way a rollout can end: exit code, outcome, what is left of service, scaling and floor, and what is printed.

The service's own floor is 0, so that something is borrowed each time; a scalable target takes it down when idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ecs_deployment import events
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.rollout_state import Limits
from ecs_local import client

from tests.engine import wait_for
from tests.scenarios.place import CLUSTER, SERVICE, Place
from tests.scenarios.screen import screen

ONE_FAILURE = {"type": "COUNT", "value": 1}
BREAKER = {"enable": True, "rollback": True}
ECS_IS_FIRST = {**BREAKER, "thresholdConfiguration": ONE_FAILURE}


@pytest.fixture
def idle(shared: Place) -> Iterator[Place]:
    """Awake and well, with a floor of 0; planted faults are gone afterwards."""
    shared.make_well()
    shared.configure(minimumHealthyPercent=0)
    yield shared
    client.clear_faults(shared.engine)


def on(where: Place) -> str:
    """The revision the service is on, as the report writes it."""
    return where.snapshot().service.task_definition.rsplit("/", 1)[-1]


def ends(
    where: Place, report: Report, outcome: Outcome, code: int, *, revision: str, desired: int = 1
) -> str:
    """Checks the end of a run that gave everything back; the screen it printed."""
    (result,) = report.services
    assert (result.outcome, report.exit_code) == (outcome, code), result
    seen = where.snapshot()
    assert (on(where), seen.service.desired) == (revision, desired)
    assert seen.service.configuration["minimumHealthyPercent"] == 0
    assert seen.scaling
    assert not seen.scaling.suspended.scale_in
    newest = where.entries()[0]
    assert (newest.outcome, newest.debts) == (outcome.value, ())
    shown = screen(report)
    assert f"exit code {code}" in shown
    return shown


def beside(where: Place, act: Any, *, again: bool = False) -> Any:
    """A sink that does something to the service once it rolls; with `again` whenever it is not at 0."""
    done: list[object] = []

    def sink(event: events.Event) -> None:
        if isinstance(event, events.Progress) and (again or not done):
            done.append(act(where))

    return sink


def test_fine(idle: Place) -> None:
    before = on(idle)
    report = idle.deploy(idle.other())
    shown = ends(idle, report, Outcome.DEPLOYED, 0, revision=report.services[0].revision)
    assert on(idle) != before
    assert "deployed and proven" in shown
    assert f"{before} -> {on(idle)}" in shown
    assert "0 lost" in shown


def test_the_breaker_rolled_back(idle: Place) -> None:
    idle.configure(deploymentCircuitBreaker=ECS_IS_FIRST)
    before = on(idle)
    shown = ends(idle, idle.deploy("demo-broken"), Outcome.ROLLED_BACK, 4, revision=before)
    assert "rolled back, the service is well on the earlier revision" in shown
    assert "Container app exited with code 1" in shown
    assert f"The service is well, on {before} again." in shown
    events_said = " ".join(event.message for event in idle.snapshot().service.events)
    assert "deployment failed: tasks failed to start." in events_said


def test_the_breaker_without_a_rollback(idle: Place) -> None:
    idle.configure(deploymentCircuitBreaker={**ECS_IS_FIRST, "rollback": False})
    before = on(idle)
    shown = ends(idle, idle.deploy("demo-broken"), Outcome.ROLLED_BACK, 4, revision=before)
    assert "Container app exited with code 1" in shown
    breaker = idle.snapshot().service.configuration["deploymentCircuitBreaker"]
    assert (breaker["enable"], breaker["rollback"]) == (True, False)


def test_a_crash_loop_that_nothing_would_end(idle: Place) -> None:
    idle.configure(deploymentCircuitBreaker={"enable": False, "rollback": False})
    before = on(idle)
    report = idle.deploy("demo-broken")
    shown = ends(idle, report, Outcome.ROLLED_BACK, 4, revision=before)
    assert "DATABASE_URL" in shown, "the container's own last lines"
    assert "0 lost" in shown
    failed = [task for task in idle.snapshot().stopped if task.stop_code == "EssentialContainerExited"]
    assert failed
    assert idle.verify().findings == ()


def test_at_zero(idle: Place) -> None:
    idle.fall_asleep()
    report = idle.deploy(idle.other())
    shown = ends(idle, report, Outcome.DEPLOYED, 0, revision=report.services[0].revision)
    assert report.services[0].was_asleep
    assert "it sleeps again once it is idle" in shown


def rollout(where: Place) -> list[str]:
    return [deployment.rollout_state for deployment in where.snapshot().service.deployments]


def test_superseded(idle: Place) -> None:
    taken: list[str] = []

    def another(where: Place) -> None:
        answer = where.connection.cloud.update_service(CLUSTER, SERVICE, force=True)
        assert answer.primary
        taken.append(answer.primary.id)

    tag = idle.other()
    report = idle.deploy(tag, sink=beside(idle, another))
    (result,) = report.services
    assert (result.outcome, report.exit_code) == (Outcome.SUPERSEDED, 6)
    assert taken[0] in screen(report)
    # Theirs may still need the floor, so it stays in the journal; scale-in is held back by ECS itself.
    scaling = idle.snapshot().scaling
    assert scaling
    assert scaling.suspended.scale_in is False
    if result.owed:
        assert {debt.what for debt in idle.entries()[0].debts} == {"floor"}
        assert "minimumHealthyPercent" in screen(report)
    wait_for(lambda: rollout(idle) == ["COMPLETED"], "theirs to be over")
    again = idle.deploy(tag)
    ends(idle, again, Outcome.UNCHANGED, 0, revision=result.revision)


def fall(where: Place) -> None:
    where.connection.cloud.update_service(CLUSTER, SERVICE, desired=0)


def test_scaled_to_zero_once(idle: Place) -> None:
    report = idle.deploy(idle.other(), sink=beside(idle, fall), probe=False)
    ends(idle, report, Outcome.DEPLOYED, 0, revision=report.services[0].revision)
    assert len(idle.entries()[0].deployments) == 2


def test_scaled_to_zero_again_and_again(idle: Place) -> None:
    client.fault(idle.engine, "scaler-to-zero", service=SERVICE, seconds=0.05)
    report = idle.deploy(idle.other(), probe=False)
    shown = ends(idle, report, Outcome.FAILED, 5, revision=report.services[0].revision, desired=0)
    assert "set the desired count to 0 in mid-rollout, 4 times" in shown
    assert "hold it during deploys" in shown
    assert f"The service is on {report.services[0].revision}, at 0." in shown
    assert len(idle.entries()[0].deployments) == 4, "ours and three raises"


def test_still_rolling_when_the_time_is_up(idle: Place) -> None:
    client.fault(idle.engine, "slow-health", service=SERVICE, seconds=600.0)
    idle.configure(deploymentCircuitBreaker={"enable": False, "rollback": False})
    tag = idle.other()
    report = idle.deploy(tag, limits=Limits(max_errors=0, no_progress=0.8))
    (result,) = report.services
    assert (result.outcome, report.exit_code) == (Outcome.UNDECIDED, 7)
    shown = screen(report)
    assert "undecided, it was still rolling out" in shown
    assert result.cause
    # It still rolls, so nothing goes back yet: the journal keeps it, and `inv app.resume` hands it back.
    assert {debt.what for debt in idle.entries()[0].debts} == {"floor", "suspension"}
    assert "inv app.resume --env local --service app" in " ".join(shown.split())
    assert idle.snapshot().service.configuration["minimumHealthyPercent"] == 100
    client.clear_faults(idle.engine)
    again = idle.deploy(tag)
    ends(idle, again, Outcome.DEPLOYED, 0, revision=on(idle))
