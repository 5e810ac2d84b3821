"""A request that was given up for lost, repeated, and takes effect after all: its deployment is our own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import GoBackTo, Phase

from tests.deployment import builders as b
from tests.deployment.memory_runs import act, nothing_is_left, place
from tests.deployment.test_rollout import ANSWER, begun, look, walk

LATE = b.deployment(5, b.NEW, running=0, rollout_state="IN_PROGRESS", created_at=12.0)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, None),
        ({"created_at": 40.0}, Outcome.SUPERSEDED),
        ({"task_definition": b.OLD}, Outcome.SUPERSEDED),
    ],
)
def test_only_the_same_revision_within_the_time_of_a_call_is_our_own(
    changes: dict[str, Any], outcome: Outcome | None
) -> None:
    repeated = replace(begun(), repeated=True)
    state, effects = walk(repeated, [look(ANSWER), look(b.service(replace(LATE, **changes)), 15.0)])
    assert (state.outcome, effects) == (outcome, [])
    assert (state.newest == LATE.id) is (outcome is None)


def test_a_wake_whose_first_update_arrives_late_is_proven() -> None:
    world = place(asleep=True)
    world.cloud.fail("update_service", "never_arrived")
    sent, arrived, change = [], [], world.cloud._update

    def arrive(operation: str) -> None:
        if operation == "update_service":
            sent.append(world.clock.now)
        if operation == "services" and len(sent) == 2 and not arrived and world.clock.now - sent[0] > 4.2:
            arrived.append(world.clock.now)
            change(service="app", task_definition=b.OLD, desired=1, configuration=None, force=True)

    world.cloud.before = arrive
    assert act(world, "wake").outcome is Outcome.DEPLOYED
    assert arrived
    assert world.live().primary
    assert world.live().primary.id in world.entry().deployments


def test_an_interrupted_deploy_whose_first_update_arrives_after_the_way_back_goes_back_again() -> None:
    world = place()
    world.cloud.fail("update_service", "never_arrived")
    sent, arrived, change = [], [], world.cloud._update

    def arrive(operation: str) -> None:
        if operation == "update_service":
            sent.append(world.clock.now)
        if operation == "services" and len(sent) == 2:
            world.interrupts.pressed = 1
        if operation == "services" and len(sent) == 3 and not arrived:
            arrived.append(world.clock.now)
            new = next(one for one in world.cloud.definitions if one != b.OLD)
            change(
                service="app",
                task_definition=new,
                desired=None,
                configuration=world.live().configuration,
                force=False,
            )

    world.cloud.before = arrive
    assert act(world, tag="demo").outcome is Outcome.INTERRUPTED
    assert arrived
    assert world.live().task_definition == b.OLD
    nothing_is_left(world)


def test_the_way_back_is_sent_again_only_where_it_is_ours_to_send() -> None:
    state, effects = walk(
        replace(begun(), repeated=True),
        [look(ANSWER), look(b.service(b.deployment(2, b.NEW, rollout_state="FAILED")), 5.0)],
    )
    assert (state.phase, effects) == (Phase.RETREATING, [GoBackTo(b.OLD, None)])
    state, effects = walk(state, [look(b.service(LATE), 15.0)])
    assert effects == [GoBackTo(b.OLD, None)]
