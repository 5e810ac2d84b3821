"""Services of one run that roll side by side: the trouble of one costs no other its truth, or its lock."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from ecs_deployment import drive, model
from ecs_deployment.errors import Throttled, Unreachable
from ecs_deployment.job import Loop
from ecs_deployment.journal_lease import LEASE
from ecs_deployment.outcome import Outcome
from ecs_deployment.pace import Pace
from ecs_deployment.rollout_state import Limits

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, crashes, stands

PLAN = b.planned(
    content=b.definition(image="new").content, fallback=replace(b.planned().fallback, by_ecs=False)
)
OTHER = replace(PLAN, name="other", service="other")


def test_no_verdict_rests_on_an_answer_from_before_a_neighbours_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the way back of one is throttled, somebody takes the place of the other's rollout."""
    world = World("app", "other")
    cloud, sent, taken = world.cloud, [0], []
    real = cloud.update_service

    def progress(_: MemoryCloud, name: str) -> None:
        if name == "app":
            crashes(cloud, name)
            return
        primary = cloud.known[name].primary
        began = primary is not None and primary.task_definition != b.OLD and not taken
        if began and primary and (len(cloud.stopped["app"]) >= 3 or not primary.running):
            completes(cloud, name)  # at last in the very answer that shows app's third failure

    def update(cluster: str, service: str, **asked: Any) -> model.Service:
        sent[0] += service == "app"
        if service == "app" and sent[0] in (2, 3, 4, 5):  # its way back
            if sent[0] == 3:
                taken.append(world.clock.now)
                cloud.put("other", taken_over(cloud.known["other"], world.clock.now))
            raise Throttled("slow down")
        return real(cluster, service, **asked)

    cloud.progress = progress
    cloud.update_service = update  # type: ignore[method-assign] # of this one world
    monkeypatch.setattr(drive.random, "uniform", lambda *_: 1.0)
    # So that both are due at once, the one in trouble first.
    monkeypatch.setattr(
        drive.attention, "pause", lambda state, _: 0.6 if state.newest == "ecs-svc/3" else 0.5
    )
    jobs = [world.job(PLAN), world.job(OTHER)]
    drive.drive(
        Loop(cloud, world.clock, world.told.append, world.interrupts, Limits(), pace=Pace(world.clock)),
        jobs,
    )
    assert taken
    assert [one.result.outcome for one in jobs if one.result] == [Outcome.ROLLED_BACK, Outcome.SUPERSEDED]


def taken_over(seen: model.Service, now: float) -> model.Service:
    """The service as it stands once somebody else has begun a deployment of it."""
    theirs = b.OLD.replace(":1", ":77")
    first = b.deployment(99, theirs, running=0, rollout_state="IN_PROGRESS", created_at=now)
    rest = (replace(d, status="ACTIVE") for d in seen.deployments)
    return replace(seen, task_definition=theirs, deployments=(first, *rest))


def test_the_locks_of_all_are_kept_while_the_changes_of_one_hang() -> None:
    world = World("app", "other")
    world.cloud.progress = stands
    jobs = [world.job(PLAN), world.job(OTHER)]
    signs, overwrite, hung = [world.clock.now], world.cloud.parameters.overwrite_parameter, []

    def note(name: str, value: str) -> int:
        if "/other/" in name:
            signs.append(world.clock.now)
        return overwrite(name, value)

    def hang(operation: str) -> None:
        if operation in ("register", "update_service") and len(hung) < 9:
            hung.append(operation)
            world.clock.now += 20.0
            raise Unreachable(f"The answer to {operation} was lost.")

    world.cloud.parameters.overwrite_parameter = note  # type: ignore[method-assign] # of this one world
    world.cloud.before = hang
    world.drive(*jobs)
    assert len(hung) == 9
    assert max(later - one for one, later in pairwise(signs)) < LEASE / 2
