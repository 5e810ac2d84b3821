"""What the record of a finished job says of the service: what is true, and no more. A cloud in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.report_final import screen
from ecs_deployment.report_json import document

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, crashes
from tests.deployment.memory_runs import act, place


def _only_the_new_one_crashes(cloud: MemoryCloud, name: str) -> None:
    primary = cloud.known[name].primary
    (crashes if primary and primary.task_definition == b.NEW else completes)(cloud, name)


def test_the_revision_it_went_back_to_is_the_one_that_runs() -> None:
    world = World()
    world.cloud.definitions[b.OLD] = replace(world.cloud.definitions[b.OLD], status="INACTIVE")
    world.cloud.progress = _only_the_new_one_crashes
    by_us = replace(b.planned().fallback, by_ecs=False)
    (result,) = world.drive(world.job(b.planned(content=b.definition(image="new").content, fallback=by_us)))
    assert (result.outcome, world.live().task_definition) == (Outcome.ROLLED_BACK, b.OLD.replace(":1", ":3"))
    assert result.summary == "The service is well, on app:3 again."
    assert result.unchecked == ()  # of the way back only the targets are told, and it has some


def test_what_was_proven_when_the_signal_came_is_known_as_proven() -> None:
    world = World()
    world.cloud.progress = completes

    def press(operation: str) -> None:
        primary = world.live().primary
        over = primary and primary.task_definition == b.NEW and primary.rollout_state == "COMPLETED"
        if operation == "targets" and over and not world.interrupts.pressed:
            world.interrupts.pressed = 1  # at the first look for the proof, which finds no target yet
            world.cloud.health[world.live().load_balancers[0].target_group] = []
        elif operation == "services":
            world.cloud.health.clear()

    world.cloud.before = press
    (result,) = world.drive(world.job(b.planned(content=b.definition(image="new").content)))
    assert (result.outcome, result.proven, result.unsettled) == (Outcome.INTERRUPTED, True, False)
    assert result.summary == "app:2 was proven before the interrupt, and serves."


@pytest.mark.parametrize(
    ("works", "told"),
    [
        (True, "targets (no load balancer), containers (no health check)"),
        (False, "targets (no load balancer)"),
    ],
)
def test_what_a_good_verdict_does_not_rest_on_is_told(works: bool, told: str) -> None:
    world = World()
    world.cloud.put("app", replace(world.live(), load_balancers=()))
    world.cloud.progress = completes if works else _only_the_new_one_crashes
    (result,) = world.drive(world.job(b.planned(content=b.definition(image="new").content)))
    assert result.outcome is (Outcome.DEPLOYED if works else Outcome.ROLLED_BACK)
    shown = [line.text for line in screen(Report("staging", "demo", 1.0, 1, (result,)), 80)]
    assert f"  Unchecked   {told}" in shown
    assert document(Report("staging", "demo", 1.0, 1, (result,)))["services"][0]["unchecked"] == told.split(
        ", "
    )


@pytest.mark.parametrize("owes", [False, True])
def test_what_is_left_as_it_is_tells_what_was_not_checked_either(owes: bool) -> None:
    """Whether it is seen at once, or under the lock, for what an earlier run has left."""
    world = place()
    world.cloud.progress = completes
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    world.cloud.put("app", replace(world.live(), load_balancers=()))
    if owes:
        held = world.hold()
        held.owe(b.FLOOR)
        held.close("undecided")
    result = act(world, tag="demo")
    assert (result.outcome, bool(result.handed_back)) == (Outcome.UNCHANGED, owes)
    assert result.unchecked == ("targets (no load balancer)", "containers (no health check)")
    assert act(world, "resume").unchecked == ()
