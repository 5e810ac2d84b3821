"""A deploy killed at each of its API calls, and then another machine: resume, abort, rollback. A cloud in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from ecs_deployment import deploy as job
from ecs_deployment import verify, wake
from ecs_deployment.journal import Entry, last_proven, read
from ecs_deployment.known import Action, Request
from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import Environment
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, completes, crashes, stands

ENVIRONMENT = Environment("staging", "aws", account="000000000000", journal="deploys", services=(b.SETTINGS,))
LIVE_OWNER = 170.0  # seconds after which nobody has heard of an owner, but its lease still runs


class Killed(BaseException):
    """The process ends here."""


def place(*, asleep: bool = False, proven: bool = True, broken: bool = False) -> World:
    """A service on revision 1 at 0/200, scaled between 0 and 4, and `demo` to be deployed."""
    made = World(desired=0 if asleep else 1, floor=0)
    made.cloud.scalable["app"] = b.scaling()
    # Whatever is made of the image must be what the definition pins, as in the world outside.
    made.cloud.images[b.DIGEST] = b.image(tag="")
    made.cloud.images[b.OTHER_DIGEST] = b.image(
        tag="", digest=b.OTHER_DIGEST, accepted=frozenset({b.OTHER_DIGEST})
    )
    made.cloud.definitions[b.OLD] = b.definition(image=f"{b.URI}@{b.OTHER_DIGEST}")
    made.cloud.progress = honestly(crashes if broken else completes)
    if proven:
        held = made.hold()
        held.record(revision=b.OLD, tag="old", digest=b.OTHER_DIGEST, before=b.OLD)
        held.close("deployed", proven=True)
    return made


def honestly(progress: Callable[[MemoryCloud, str], None]) -> Callable[[MemoryCloud, str], None]:
    """The same, with tasks of revision 1 that run revision 1's image, and none at desired 0."""
    old = replace(b.task().containers[0], image_digest=b.OTHER_DIGEST)

    def act(cloud: MemoryCloud, name: str) -> None:
        seen = cloud.known[name]
        if not seen.desired and seen.running:
            cloud.running[name] = []
            done = tuple(replace(d, rollout_state="COMPLETED", running=0) for d in seen.deployments[:1])
            cloud.put(name, replace(seen, running=0, deployments=done))
            return
        progress(cloud, name)
        cloud.running[name] = [
            replace(task, containers=(old,)) if task.task_definition == b.OLD else task
            for task in cloud.running[name]
        ]

    return act


def act(world: World, action: Action = "deploy", tag: str = "", **request: Any) -> Result:
    """One run from a machine of its own, to its result."""
    setting = Setting(world.cloud, ENVIRONMENT, world.clock, world.told.append, world.interrupts)
    wishes = Wishes(limits=Limits(no_progress=60.0), probe=False, wait_for_lock=0.0)
    report = job.deploy(setting, Request("staging", tag, action=action, **request), wishes)
    (result,) = report.services
    assert report.exit_code == result.outcome.exit_code
    return result


def killed_at(call: int, **kind: bool) -> World | None:
    """The world after a deploy that died right before its call of that number; None where it ended before."""
    world = place(**kind)
    begun = len(world.cloud.log)

    def die(_: str) -> None:
        if len(world.cloud.log) - begun > call:
            raise Killed

    world.cloud.before = die
    try:
        act(world, tag="demo")
    except Killed:
        world.cloud.before = lambda _: None
        world.clock.now += 200.0  # its lease runs out
        return world
    return None


def deaths(**kind: bool) -> Iterator[World]:
    call = 0
    while world := killed_at(call, **kind):
        yield world
        call += 1
    assert call > 20, call


def nothing_is_left(world: World) -> None:
    entries = read(world.cloud, world.path("app"))
    assert all(entry.outcome and not entry.debts for entry in entries[:1])
    assert not world.cloud.scalable["app"].suspended.scale_in
    assert world.floor() == 0


def runs(world: World) -> tuple[str, ...]:
    """What runs, and what the service is set to."""
    return (world.live().task_definition, *{task.task_definition for task in world.cloud.running["app"]})


def newest_proof(world: World) -> Entry | None:
    return last_proven(read(world.cloud, world.path("app")))


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
        assert newest_proof(world) is None or newest_proof(world).tag == "old"  # type: ignore[union-attr]
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


def rolling() -> Any:
    """Makes worlds in which a deploy died right after its UpdateService was noted."""

    @cache
    def point() -> int:
        call = 0
        while world := killed_at(call):
            if world.entry().deployments:
                return call
            call += 1
        raise AssertionError

    def make() -> World:
        world = killed_at(point())
        assert world
        return world

    return make


def test_a_living_deploy_is_neither_resumed_nor_aborted_unless_forced() -> None:
    world = rolling()()
    world.clock.now -= LIVE_OWNER
    for action in ("resume", "abort"):
        result = act(world, action)  # type: ignore[arg-type]
        assert result.outcome is Outcome.REFUSED
        assert "holds the lock of app in staging: deploy of demo since" in result.cause
    before = world.clock.now
    forced = act(world, "abort", force=True)
    assert forced.outcome is Outcome.DEPLOYED
    assert world.live().task_definition == b.OLD
    assert world.clock.now - before > 60.0  # the holder has been given the time to see it
    nothing_is_left(world)


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


@pytest.mark.parametrize("works", [True, False])
def test_a_wake_proves_or_puts_back_to_zero(works: bool) -> None:
    world = place(asleep=True)
    world.cloud.progress = honestly(completes if works else fails)
    result = act(world, "wake")
    assert result.outcome is (Outcome.DEPLOYED if works else Outcome.FAILED)
    assert world.live().desired == (1 if works else 0)
    assert world.live().task_definition == b.OLD
    assert world.cloud.sent("register") == 0
    nothing_is_left(world)


def fails(cloud: Any, name: str) -> None:
    """Every task of the service fails to start; what is set to 0 is complete at once."""
    seen = cloud.known[name]
    primary = seen.primary
    if not seen.desired:
        cloud.put(name, replace(seen, running=0, deployments=(replace(primary, rollout_state="COMPLETED"),)))
        return
    if primary.rollout_state == "IN_PROGRESS":
        number = int(primary.id.rsplit("/", 1)[-1])
        cloud.stopped[name].append(b.failed(number, task_definition=primary.task_definition))
        failing = replace(primary, failed_tasks=len(cloud.stopped[name]))
        cloud.put(name, replace(seen, deployments=(failing, *seen.deployments[1:])))


def drains(cloud: Any, name: str) -> None:
    """A service that was set to 0 is empty at the second look."""
    seen = cloud.known[name]
    if not seen.desired and len(cloud.log) % 2:
        cloud.running[name] = []
        cloud.put(name, replace(seen, running=0))


def test_sleep_waits_until_nothing_runs() -> None:
    world = place()
    world.cloud.progress = drains
    result = act(world, "sleep")
    assert (result.outcome, world.live().running, world.live().desired) == (Outcome.ASLEEP, 0, 0)
    assert "Nothing wakes it by itself" in result.summary
    assert [u["desired"] for u in world.cloud.updates] == [0]
    assert world.entry().outcome == "asleep"


def test_sleep_that_something_undoes_is_superseded() -> None:
    world = place()

    def raises(cloud: Any, name: str) -> None:
        cloud.put(name, replace(cloud.known[name], desired=1))

    world.cloud.progress = raises
    result = act(world, "sleep")
    assert (result.outcome, "set the desired count to 1 again" in result.cause) == (Outcome.SUPERSEDED, True)


def test_verify_wakes_only_what_sleeps_and_tells_how_it_went() -> None:
    world = place(asleep=True)
    setting = Setting(world.cloud, ENVIRONMENT, world.clock, world.told.append, world.interrupts)
    woken = wake.sleepers(setting, Wishes(probe=False))
    assert [(r.service, r.outcome) for r in woken.services] == [("app", Outcome.DEPLOYED)]
    looked = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False)
    assert looked.findings == ()
    assert "it was asleep: woken and proven in" in wake.told(looked, woken.services).story[-1]
    again = wake.sleepers(setting, Wishes(probe=False))
    assert (again.services, again.exit_code) == ((), 0)
    assert wake.told(looked, again.services) == looked
    (refused,) = (replace(r, outcome=Outcome.REFUSED, cause="Ann has the lock.") for r in woken.services)
    (finding,) = wake.told(looked, [refused]).findings
    assert (finding.code, finding.text) == ("wake", "waking it ended refused: Ann has the lock.")
