"""Trouble at the worst moment: what was sent is never called a refusal, and nothing goes back while something rolls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment.errors import CloudError, Denied, Expired, Throttled, Unreachable
from ecs_deployment.outcome import Outcome

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, completes, crashes, stands

BORROWED = b.planned(
    content=b.definition(image="new").content,
    configuration={"minimumHealthyPercent": 100, "maximumPercent": 200},
    debts=(b.FLOOR,),
    fallback=replace(b.planned().fallback, by_ecs=False),
)


def test_a_lost_update_and_then_silence_is_undecided_not_refused() -> None:
    world = World(floor=0)
    world.cloud.fail("update_service", "answer_lost")
    world.cloud.fail("services", Unreachable("AWS could not be reached."))
    (result,) = world.drive(world.job(BORROWED))
    assert result.outcome in (Outcome.UNDECIDED, Outcome.DEPLOYED)
    if result.outcome is Outcome.UNDECIDED:
        assert world.floor() == 100


@pytest.mark.parametrize(
    "error", [Throttled("slow down"), Unreachable("not sent"), Expired("ran out"), Denied("no")]
)
def test_a_journal_that_fails_after_the_update_is_no_refusal(error: CloudError) -> None:
    world = World(floor=0)
    job = world.job(BORROWED)

    def arm(operation: str) -> None:
        if operation == "update_service":
            world.cloud.refuse(error, "overwrite_parameter")

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert result.outcome in (Outcome.UNDECIDED, Outcome.DEPLOYED)


@pytest.mark.parametrize("operation", ["update_service", "read_parameter"])
def test_a_way_back_that_could_not_be_sent_is_sent_at_the_next_look(operation: str) -> None:
    world = World()
    world.cloud.progress = crashes
    job = world.job(BORROWED)

    def arm(called: str) -> None:
        if called == "stopped_tasks" and len(world.cloud.stopped["app"]) >= 3 and not armed:
            armed.append(True)
            world.cloud.fail(operation, *[Throttled("slow down")] * 7)

    armed: list[bool] = []
    world.cloud.before = arm
    (result,) = world.drive(job)
    assert armed
    assert result.outcome is Outcome.ROLLED_BACK
    assert world.live().task_definition == b.OLD


def test_the_floor_stays_owed_while_a_rollback_still_rolls() -> None:
    world = World(floor=0)
    world.cloud.progress = crashes
    job = world.job(BORROWED)

    def arm(called: str) -> None:
        if called == "update_service" and len(world.cloud.updates) == 1:
            world.cloud.progress = stands

    world.cloud.before = arm
    (result,) = world.drive(job, no_progress=30.0)
    primary = world.live().primary
    assert primary
    assert (result.outcome, primary.rollout_state) == (Outcome.FAILED, "IN_PROGRESS")
    assert world.floor() == 100
    assert [debt.what for debt in world.entry().debts] == ["floor"]


def test_the_floor_stays_owed_while_the_deployment_that_superseded_ours_rolls() -> None:
    world = World(floor=0)
    world.cloud.progress = stands
    job = world.job(BORROWED)

    def arm(called: str) -> None:
        if called == "services" and len(world.cloud.updates) == 1:
            world.cloud.before = lambda _: None
            world.cloud.update_service("local", "app", force=True)

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert result.outcome is Outcome.SUPERSEDED
    assert world.floor() == 100
    assert result.owed


def test_after_ctrl_c_an_api_that_is_gone_is_not_hammered() -> None:
    world = World()
    world.cloud.progress = stands
    job = world.job(BORROWED)
    gone = Unreachable("AWS could not be reached.")

    def arm(called: str) -> None:
        if called == "services" and world.cloud.updates and not world.interrupts.pressed:
            world.interrupts.pressed = 1
            world.cloud.refuse(gone, "services", "overwrite_parameter", "read_parameter")

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert result.outcome in (Outcome.UNDECIDED, Outcome.INTERRUPTED)
    assert world.cloud.sent("services") < 100


def test_the_cause_of_a_launch_that_failed_is_in_the_journal_and_in_the_report() -> None:
    world = World()
    world.cloud.refuse(Denied("The credentials may not call ecs:RegisterTaskDefinition."), "register")
    (result,) = world.drive(world.job(BORROWED))
    assert result.outcome is Outcome.REFUSED
    assert "RegisterTaskDefinition" in result.cause
    assert "RegisterTaskDefinition" in world.entry().cause
    assert "RegisterTaskDefinition" in world.finished()[0].cause


@pytest.mark.parametrize("operation", ["update_service", "suspend"])
def test_handing_back_is_patient_with_throttling(operation: str) -> None:
    world = World(floor=0)
    world.cloud.scalable["app"] = b.scaling()
    job = world.job(replace(BORROWED, debts=(*BORROWED.debts, b.SUSPENSION)))

    def arm(_: str) -> None:
        if world.cloud.progress is completes and job.stages and job.stages[-1][0] == "handing back":
            world.cloud.before = lambda _: None
            world.cloud.fail(operation, Throttled("slow down"))

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert result.outcome is Outcome.DEPLOYED
    assert world.entry().debts == ()


def test_what_was_handed_back_is_told_even_where_the_rest_failed() -> None:
    world = World(floor=0)
    world.cloud.scalable["app"] = b.scaling()
    job = world.job(replace(BORROWED, debts=(*BORROWED.debts, b.SUSPENSION)))

    def arm(called: str) -> None:
        if called == "suspend" and world.cloud.updates:
            world.cloud.refuse(Denied("no"), "suspend")

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert world.floor() == 0
    assert any("minimumHealthyPercent" in line for line in result.handed_back)
    assert [debt.what for debt in world.entry().debts] == ["suspension"]


def test_without_permission_to_stop_a_deployment_the_way_back_is_an_update() -> None:
    world = World()
    world.cloud.progress = crashes
    world.cloud.rollouts["2"] = b.rollout_of(2, "IN_PROGRESS")
    denied = Denied("The credentials may not call ecs:StopServiceDeployment.")
    world.cloud.refuse(denied, "stop_deployment")
    plan = replace(BORROWED, fallback=replace(BORROWED.fallback, by_ecs=True))
    (result,) = world.drive(world.job(plan))
    assert result.outcome is Outcome.ROLLED_BACK
    assert world.live().task_definition == b.OLD


def test_a_bug_in_the_look_at_many_is_each_ones_result() -> None:
    world = World("app", "other")

    def arm(called: str) -> None:
        if called == "services" and world.cloud.updates:
            raise KeyError(called)

    world.cloud.before = arm
    found = world.drive(world.job(BORROWED), world.job(replace(BORROWED, name="other", service="other")))
    assert [result.outcome for result in found] == [Outcome.UNEXPECTED] * 2
    assert all("KeyError" in result.cause for result in found)
    assert world.entry().outcome == world.entry("other").outcome == "unexpected"


HANGS = 33.0  # seconds: what one read takes at most


def silence(world: World, name: str = "app") -> float:
    """Seconds since a lock was renewed."""
    return world.cloud.parameters.list_parameters(world.path(name))[-1].age


def test_a_read_that_hangs_outlives_no_lease_and_is_blindness_from_its_begin() -> None:
    world = World(floor=0)
    world.cloud.progress = stands
    job, blind, ages = world.job(BORROWED), [], []

    def arm(called: str) -> None:
        if called == "services" and world.cloud.updates and (blind or job.next_look - job.began > 30):
            blind.append(world.clock.now)
            world.clock.now += HANGS
            ages.append(silence(world))
            raise Unreachable("The answer was lost.")

    world.cloud.before = arm
    (result,) = world.drive(job)
    assert result.outcome is Outcome.UNDECIDED
    assert max(ages) < 45 + 2 * HANGS
    assert 120 < world.clock.now - blind[0] < 120 + 2 * HANGS


def test_a_lock_that_is_lost_while_nothing_is_seen_ends_the_run_as_superseded() -> None:
    world = World(floor=0)
    world.cloud.progress = stands

    def arm(called: str) -> None:
        if called == "services" and world.cloud.updates:
            world.cloud.before = lambda _: None
            world.clock.now += 200.0
            world.hold()
            world.cloud.refuse(Unreachable("The answer was lost."), "services")

    world.cloud.before = arm
    (result,) = world.drive(world.job(BORROWED))
    assert result.outcome is Outcome.SUPERSEDED


def test_reads_that_hang_for_some_cost_no_other_its_lock() -> None:
    names = [f"app{number}" for number in range(8)]
    world, ages = World(*names), []

    def arm(called: str) -> None:
        if called == "tasks" and len(world.cloud.updates) >= len(names):
            world.clock.now += HANGS
            ages.append(max(silence(world, one.plan.name) for one in jobs if not one.held.closed))

    jobs = [world.job(replace(BORROWED, name=name, service=name)) for name in names]
    world.cloud.before = arm
    results = world.drive(*jobs)
    assert {result.outcome for result in results} == {Outcome.DEPLOYED}
    assert len(ages) >= len(names)
    assert max(ages) < 45 + 2 * HANGS


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        ("update_service", Throttled("slow down")),
        ("read_parameter", Unreachable("SSM is gone")),
        ("stop_deployment", Unreachable("AWS failed", effect_unknown=True)),
    ],
)
def test_a_way_back_that_can_never_be_sent_ends(operation: str, error: CloudError) -> None:
    """Every look succeeds meanwhile, so it is not for want of news."""
    world = World()
    world.cloud.progress = crashes
    by_ecs = operation == "stop_deployment"
    world.cloud.rollouts["2"] = b.rollout_of(2, "IN_PROGRESS")
    job = world.job(replace(BORROWED, fallback=replace(BORROWED.fallback, by_ecs=by_ecs)))

    def arm(called: str) -> None:
        if called == "stopped_tasks" and len(world.cloud.stopped["app"]) >= 3:
            world.cloud.refuse(error, operation)

    world.cloud.before = arm
    began = world.clock.now
    (result,) = world.drive(job, patience=120.0)
    assert result.outcome is Outcome.UNDECIDED
    assert world.clock.now - began < 240
