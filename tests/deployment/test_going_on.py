"""A deploy killed at each of its API calls, and then another machine: resume, abort, rollback. A cloud in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import deploy as job
from ecs_deployment.journal import Taking, read, take
from ecs_deployment.known import Action, Request
from ecs_deployment.outcome import Outcome
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, stands
from tests.deployment.memory_runs import (
    ENVIRONMENT,
    LIVE_OWNER,
    Killed,
    act,
    deaths,
    honestly,
    newest_proof,
    nothing_is_left,
    place,
    rolling,
    runs,
)


@pytest.mark.parametrize("asleep", [False, True])
def test_resume_finishes_a_deploy_killed_anywhere(asleep: bool) -> None:
    outcomes = set()
    for world in deaths(asleep=asleep):
        begun = world.entry().tag == "demo"
        result = act(world, "resume")
        outcomes.add(result.outcome)
        assert result.outcome.exit_code == 0
        nothing_is_left(world)
        if begun:
            revision = world.live().task_definition
            assert revision != b.OLD
            assert set(runs(world)) == {revision}
            proof = newest_proof(world)
            assert proof
            assert (proof.revision, proof.tag) == (revision, "demo")
            assert world.live().desired == 1
        again = act(world, "resume")
        assert (again.outcome, "Nothing to resume" in again.summary) == (Outcome.UNCHANGED, True)
    assert outcomes == {Outcome.DEPLOYED, Outcome.UNCHANGED}


def test_no_revision_is_registered_twice_by_going_on() -> None:
    for world in deaths():
        act(world, "resume")
        assert (
            world.cloud.sent("register") <= 2
        )  # the second where the first one's answer never came to anybody
        assert len(world.cloud.definitions) <= 3


@pytest.mark.parametrize("asleep", [False, True])
def test_abort_undoes_a_deploy_killed_anywhere(asleep: bool) -> None:
    for world in deaths(asleep=asleep):
        proof = newest_proof(world)
        proven = proof is not None and proof.tag == "demo"
        result = act(world, "abort")
        assert result.outcome in (Outcome.DEPLOYED, Outcome.UNCHANGED)
        nothing_is_left(world)
        if not proven:
            assert world.live().task_definition == b.OLD
            assert set(runs(world)) <= {b.OLD}
        again = act(world, "abort")
        assert (again.outcome, "Nothing to abort" in again.summary) == (Outcome.UNCHANGED, True)


def test_a_failing_deploy_killed_anywhere_is_seen_back_by_resume() -> None:
    outcomes = set()
    for world in deaths(broken=True):
        begun = world.entry().tag == "demo"
        result = act(world, "resume")
        outcomes.add(result.outcome)
        assert result.outcome is Outcome.ROLLED_BACK or not begun or world.entry().outcome == "unchanged", (
            result
        )
        nothing_is_left(world)
        assert world.live().task_definition == b.OLD
        proof = newest_proof(world)
        assert proof is None or proof.tag == "old"
    assert Outcome.ROLLED_BACK in outcomes


def test_a_sleepers_first_deploy_killed_anywhere_is_undone_to_zero() -> None:
    for world in deaths(asleep=True, proven=False):
        proven = newest_proof(world)
        result = act(world, "abort")
        assert result.outcome.exit_code == 0, result
        nothing_is_left(world)
        if not proven:
            assert (world.live().task_definition, world.live().desired) == (b.OLD, 0)


def test_a_new_deploy_takes_over_anywhere_too() -> None:
    for world in deaths():
        result = act(world, tag="demo")
        assert result.outcome in (Outcome.DEPLOYED, Outcome.UNCHANGED)
        assert world.cloud.scalable["app"].suspended.scale_in is False
        assert world.floor() == 0


@pytest.mark.parametrize("second", ["resume", "abort"])
def test_a_second_run_killed_anywhere_is_gone_on_with_by_a_third(second: Action) -> None:
    middle = rolling()
    calls = 0
    while True:
        world, begun = middle(), 0
        begun = len(world.cloud.log)
        limit = calls

        def die(_: str, world: World = world, begun: int = begun, limit: int = limit) -> None:
            if len(world.cloud.log) - begun > limit:
                raise Killed

        world.cloud.before = die
        try:
            act(world, second)
        except Killed:
            pass
        else:
            break
        world.cloud.before = lambda _: None
        world.clock.now += 200.0
        result = act(world, "resume")
        assert result.outcome.exit_code == 0, (calls, result)
        nothing_is_left(world)
        aborted = world.live().task_definition == b.OLD
        assert set(runs(world)) == {world.live().task_definition}
        if second == "resume":
            assert not aborted
        calls += 1
    assert calls > 10


@pytest.mark.parametrize(
    ("action", "outcomes"),
    [
        ("rollback", {Outcome.DEPLOYED, Outcome.UNCHANGED, Outcome.REFUSED}),
        ("wake", {Outcome.DEPLOYED, Outcome.UNCHANGED}),
        ("sleep", {Outcome.ASLEEP}),
    ],
)
def test_whatever_takes_the_lock_of_a_dead_run_settles_its_debts(
    action: Action, outcomes: set[Outcome]
) -> None:
    for world in deaths():
        on_old = world.live().task_definition == b.OLD
        result = act(world, action)
        assert result.outcome in outcomes, result
        if result.outcome is Outcome.REFUSED:  # nothing is known to go back to: only revision 1 was proven
            assert on_old
            continue
        assert world.cloud.scalable["app"].suspended.scale_in is False
        assert world.floor() == 0
        assert read(world.cloud, world.path("app"))[0].debts == ()
        assert world.live().desired == (0 if action == "sleep" else 1)


@pytest.mark.parametrize("action", ["resume", "abort"])
def test_without_a_journal_there_is_nothing_to_go_on_with(action: Action) -> None:
    world = place()
    off = replace(ENVIRONMENT, journal="off")
    setting = Setting(world.cloud, off, world.clock, world.told.append, world.interrupts)
    (result,) = job.deploy(setting, Request("staging", action=action), Wishes(probe=False)).services
    assert (result.outcome, 'journal = "off"' in result.cause) == (Outcome.REFUSED, True)


def test_a_living_deploy_is_neither_resumed_nor_aborted_unless_forced() -> None:
    world = rolling()()
    world.clock.now -= LIVE_OWNER
    actions: tuple[Action, ...] = ("resume", "abort")
    for action in actions:
        result = act(world, action)
        assert result.outcome is Outcome.REFUSED
        assert "holds the lock of app in staging: deploy of demo since" in result.cause
    before = world.clock.now
    forced = act(world, "abort", force=True)
    assert forced.outcome is Outcome.DEPLOYED
    assert world.live().task_definition == b.OLD
    assert world.clock.now - before > 60.0  # the holder has been given the time to see it
    nothing_is_left(world)


def test_whoever_waits_for_the_lock_gets_it_when_the_lease_has_run_out() -> None:
    world = rolling()()
    world.clock.now -= LIVE_OWNER
    before = world.clock.now
    result = act(world, "resume", wait=240.0)
    assert result.outcome is Outcome.DEPLOYED
    assert 100.0 < world.clock.now - before < 200.0
    nothing_is_left(world)
    assert "waiting for the lock of" in world.said()


def test_somebody_elses_deployment_is_left_alone_and_the_debts_are_settled() -> None:
    world = rolling()()
    other = world.cloud.register(b.definition(image="other").content, ())
    world.cloud.update_service("local", "app", task_definition=other)
    world.cloud.progress = stands
    result = act(world, "resume")
    assert (result.outcome, "took over" in result.cause) == (Outcome.SUPERSEDED, True)
    assert not world.cloud.scalable["app"].suspended.scale_in
    assert [debt.what for debt in world.entry().debts] == [
        "floor"
    ]  # still owed while that rollout leans on it
    world.cloud.progress = honestly(completes)
    world.cloud.services("local", ["app"])
    world.cloud.services("local", ["app"])
    assert act(world, "resume").outcome is Outcome.UNCHANGED
    nothing_is_left(world)


def test_what_cannot_be_finished_is_refused() -> None:
    # Debts and revision are written together, so a run that got no further owes nothing.
    world = next(w for w in deaths() if w.entry().digest and not w.entry().revision)
    assert world.entry().debts == ()
    del world.cloud.images[b.DIGEST]
    result = act(world, "resume")
    assert (result.outcome, "has no image" in result.cause) == (Outcome.REFUSED, True)
    nothing_is_left(world)


def test_a_rollback_that_fails_goes_back_to_where_it_came_from() -> None:
    world = place()
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    new = world.live().task_definition

    def old_crashes(cloud: Any, name: str) -> None:
        primary = cloud.known[name].primary
        if primary and primary.task_definition == b.OLD and primary.rollout_state == "IN_PROGRESS":
            number = int(primary.id.rsplit("/", 1)[-1])
            cloud.stopped[name].append(b.failed(number, task_definition=b.OLD))
            failing = replace(primary, failed_tasks=len(cloud.stopped[name]))
            seen = cloud.known[name]
            cloud.put(name, replace(seen, deployments=(failing, *seen.deployments[1:])))
        else:
            completes(cloud, name)

    world.cloud.progress = honestly(old_crashes)
    result = act(world, "rollback")
    assert (result.outcome, world.live().task_definition) == (Outcome.ROLLED_BACK, new)
    nothing_is_left(world)


def test_whoever_is_superseded_says_so_once_and_the_other_how_long_it_waits() -> None:
    world, waits = place(), list[str]()

    def supersede(cloud: Any, name: str) -> None:
        if not waits and cloud.known[name].primary.rollout_state == "IN_PROGRESS":
            other = Taking("deploy", "staging", "app", tag="other")
            take(
                cloud,
                world.path("app"),
                other,
                clock=world.clock,
                supersede=True,
                on_wait=lambda waiting: waits.append(str(waiting)),
            )

    world.cloud.progress = supersede
    result = act(world, tag="demo")
    assert result.outcome is Outcome.SUPERSEDED
    said = " ".join([result.cause, result.advice, result.summary, *result.owed, *result.notes, world.said()])
    assert said.count("took over app") == 1
    assert "Handing back failed" not in said
    assert "the run that took over hands it back" in result.owed[0]
    assert waits[0].endswith("last call that it sent must have ended: at most 60 s more")
    assert int(waits[-1].split()[-3]) <= 5


@pytest.mark.parametrize(
    ("action", "outcome"), [("resume", Outcome.ROLLED_BACK), ("abort", Outcome.DEPLOYED)]
)
def test_what_failed_and_was_left_is_our_own_still(action: Action, outcome: Outcome) -> None:
    world = place(broken=True)
    assert act(world, tag="demo", leave=True).outcome is Outcome.FAILED
    assert world.live().task_definition != b.OLD
    world.clock.now += 300
    assert act(world, action).outcome is outcome
    assert world.live().task_definition == b.OLD
    nothing_is_left(world)


def test_a_way_back_that_was_too_slow_is_followed_and_no_strangers() -> None:
    world = place(broken=True)
    honest = world.cloud.progress

    def slow(cloud: MemoryCloud, name: str) -> None:
        primary = cloud.known[name].primary
        if primary is None or primary.task_definition != b.OLD or primary.id == "ecs-svc/1":
            honest(cloud, name)

    world.cloud.progress = slow
    assert act(world, tag="demo").outcome is Outcome.FAILED
    world.clock.now += 300
    assert act(world, "resume").outcome is Outcome.FAILED, "it is no nearer, and nobody else's"
    world.cloud.progress = honestly(completes)
    assert act(world, "resume").outcome is Outcome.UNCHANGED, "it has arrived: only the debts are left"
    nothing_is_left(world)
