"""A signal, or another surprise, just when something else happens: nobody else's work is undone, nothing new begun."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment import deploy as job
from ecs_deployment.errors import CloudError, Denied, NotFound
from ecs_deployment.known import Request
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import Limits
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes
from tests.deployment.memory_runs import ENVIRONMENT, act, honestly, place

THEIRS = b.OLD.rpartition(":")[0] + ":77"


@pytest.mark.parametrize("shown", [False, True])
def test_a_colleagues_newer_deployment_is_not_undone(shown: bool) -> None:
    """It took over between our look and the Ctrl-C: the look that hears the signal shows it."""
    world = place()

    def progress(cloud: MemoryCloud, name: str) -> None:
        seen = cloud.known[name]
        if seen.task_definition in (b.OLD, THEIRS):
            return
        theirs = b.deployment(77, THEIRS, running=0, rollout_state="IN_PROGRESS", created_at=cloud.clock.now)
        others = (replace(d, status="ACTIVE") for d in seen.deployments)
        cloud.put(name, replace(seen, task_definition=THEIRS, deployments=(theirs, *others)))
        world.interrupts.pressed = 1
        if shown:
            cloud.rollouts["2"] = b.rollout_of(2, "IN_PROGRESS")

    world.cloud.progress = progress
    result = act(world, tag="demo")
    assert (result.outcome, world.live().task_definition) == (Outcome.SUPERSEDED, THEIRS)
    assert (world.cloud.sent("update_service"), world.cloud.sent("stop_deployment")) == (1, 0)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_sleeper_that_nothing_scales_is_put_back_to_0_after_a_signal_too(scaled: bool) -> None:
    world = place(asleep=True)
    if not scaled:
        world.cloud.scalable.clear()
    steps = 0

    def progress(cloud: MemoryCloud, name: str) -> None:
        nonlocal steps
        if cloud.known[name].desired:
            steps += 1
            if steps == 2:
                world.interrupts.pressed = 1
            elif steps > 2:
                honestly(completes)(cloud, name)

    world.cloud.progress = progress
    result = act(world, tag="demo")
    assert result.outcome is Outcome.INTERRUPTED
    assert world.live().desired == (1 if scaled else 0)
    assert any("put back to 0" in note for note in result.notes) is not scaled


def test_a_service_taken_to_0_after_the_signal_is_not_raised_again() -> None:
    """ECS is done and the target is not there yet: the signal lets the proof finish, and then it falls."""
    world, step = place(), 0

    def progress(cloud: MemoryCloud, name: str) -> None:
        nonlocal step
        honestly(completes)(cloud, name)
        seen = cloud.known[name]
        done = bool(seen.primary and seen.primary.rollout_state == "COMPLETED")
        if step == 0 and done and seen.task_definition != b.OLD:
            step = 1
            cloud.health[seen.load_balancers[0].target_group] = []
        elif step == 1:
            step, world.interrupts.pressed = 2, 1
        elif step == 2:
            step = 3
            cloud.put(name, replace(cloud.known[name], desired=0))

    world.cloud.progress = progress
    result = act(world, tag="demo")
    still = "The service is on app:2, at 0; 1 of its tasks may still be stopping."
    assert (result.outcome, result.summary) == (Outcome.INTERRUPTED, still)
    assert [update["desired"] for update in world.cloud.updates] == [None, None], "the rollout, and the floor"


def test_no_service_is_begun_after_the_signal() -> None:
    names = ("app", "b", "c")
    world = World(*names, floor=0)
    for name in names:
        world.cloud.scalable[name] = b.scaling()
    world.cloud.definitions[b.OLD] = b.definition(image=f"{b.URI}@{b.OTHER_DIGEST}")

    def before(operation: str) -> None:
        if operation == "update_service":
            world.interrupts.pressed = 1

    world.cloud.before = before
    services = tuple(replace(b.SETTINGS, name=name, service=name) for name in names)
    setting = Setting(
        world.cloud, replace(ENVIRONMENT, services=services), world.clock, world.told.append, world.interrupts
    )
    wishes = Wishes(limits=Limits(no_progress=60.0), probe=False)
    report = job.deploy(setting, Request("staging", "demo"), wishes)
    assert [result.outcome for result in report.services] == [Outcome.INTERRUPTED] * 3
    assert (world.cloud.sent("register"), world.cloud.sent("suspend")) == (1, 2)
    assert {update["service"] for update in world.cloud.updates} == {"app"}


@pytest.mark.parametrize("error", [NotFound("gone"), Denied("not you"), CloudError("no such operation here")])
def test_where_ecs_cannot_be_asked_to_go_back_we_lead_it(error: CloudError) -> None:
    world = place(broken=True)
    world.cloud.rollouts["2"] = b.rollout_of(2, "IN_PROGRESS")
    world.cloud.refuse(error, "stop_deployment")
    result = act(world, tag="demo")
    assert (result.outcome, "exited with code 1" in result.cause) == (Outcome.ROLLED_BACK, True)
    assert world.cloud.updates[-2]["task_definition"] == b.OLD


def test_what_is_left_owed_is_named_beside_what_somebody_else_changed() -> None:
    world, done = place(), False

    def before(operation: str) -> None:
        nonlocal done
        live = world.live()
        rolled = world.cloud.updates and live.primary and live.primary.rollout_state == "COMPLETED"
        if operation == "services" and rolled and not done:
            done = True
            changed = {**live.configuration, "minimumHealthyPercent": 50}
            world.cloud.put("app", replace(live, configuration=changed))
            world.cloud.refuse(Denied("The credentials may not call RegisterScalableTarget."), "suspend")

    world.cloud.before = before
    result = act(world, tag="demo")
    assert [debt.what for debt in world.entry().debts] == ["suspension"]
    assert "minimumHealthyPercent was changed by somebody else" in result.owed[0]
    assert "scale-in: in the journal; `inv app.resume" in result.owed[1]


def test_of_an_unexpected_end_nothing_is_claimed() -> None:
    world = place()

    def before(operation: str) -> None:
        if operation == "targets" and world.cloud.updates:
            raise KeyError("TargetHealthDescriptions")

    world.cloud.before = before
    result = act(world, tag="demo")
    assert result.outcome is Outcome.UNEXPECTED
    assert "may still be rolling out" in result.summary
