"""Many services in one run: turns, what is told of those that never had one, and what a killed run leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import deploy as job
from ecs_deployment.errors import CloudError
from ecs_deployment.journal import Held, Taking, take
from ecs_deployment.journal_owner import Owner
from ecs_deployment.known import Action, Request
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.pace import Bucket, Pace, Paced
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import Environment
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World
from tests.deployment.memory_parameters import VirtualClock
from tests.deployment.memory_runs import Killed

LAST = 170  # calls: fewer than a run makes
NAMES = tuple(f"app{number}" for number in range(6))


def place() -> World:
    """Six services on revision 1 with the floor at 0, and `demo` to be deployed."""
    made = World(*NAMES, floor=0)
    made.cloud.images[b.DIGEST] = b.image(tag="")
    return made


def act(
    world: World,
    action: Action = "deploy",
    tag: str = "demo",
    wait: float = 0.0,
    names: tuple[str, ...] = NAMES,
    **more: Any,
) -> Report:
    services = tuple(replace(b.SETTINGS, name=name, service=name) for name in names)
    environment = Environment("staging", "aws", account="000000000000", journal="deploys", services=services)
    setting = Setting(world.cloud, environment, world.clock, world.told.append, world.interrupts, **more)
    wishes = Wishes(limits=Limits(no_progress=60.0), probe=False, wait_for_lock=wait)
    return job.deploy(setting, Request("staging", tag if action == "deploy" else "", action=action), wishes)


def outcomes(report: Report) -> dict[str, Outcome]:
    return {one.service: one.outcome for one in report.services}


def test_every_one_is_deployed_and_owes_nothing() -> None:
    world = place()
    report = act(world)
    assert outcomes(report) == dict.fromkeys(NAMES, Outcome.DEPLOYED)
    for name in NAMES:
        entry = world.entry(name)
        assert (entry.outcome, entry.proven, entry.debts) == ("deployed", True, ())
        assert entry.deployments == (world.live(name).deployments[0].id,)
        assert world.floor(name) == 0


def test_the_first_rolls_before_the_last_has_its_lock() -> None:
    world = place()
    act(world)
    first_update, last_creation = (
        world.cloud.log.index("update_service"),
        max(place for place, call in enumerate(world.cloud.log) if call == "create_parameter"),
    )
    assert first_update < last_creation


def test_no_write_comes_faster_than_ssm_takes_them() -> None:
    world, written = place(), []

    def note(operation: str) -> None:
        if operation in ("create_parameter", "overwrite_parameter"):
            written.append(world.clock.now)

    world.cloud.before = note
    act(world)
    assert all(later - early > 0.999 for early, later in zip(written, written[5:], strict=False))


def test_a_signal_spares_those_whose_turn_has_not_come() -> None:
    world = place()

    def press(operation: str) -> None:
        if operation == "update_service":
            world.interrupts.pressed = 1

    world.cloud.before = press
    report = act(world)
    assert report.exit_code == 130
    assert set(outcomes(report).values()) == {Outcome.INTERRUPTED}
    assert [world.cloud.parameters.list_parameters(world.path(name)) for name in NAMES[2:]] == [[]] * 4


def test_one_that_is_refused_in_its_turn_stops_nobody() -> None:
    world = place()
    world.cloud.before = lambda operation: (
        world.cloud.fail("create_parameter", CloudError("No.", "Mend it."))
        if operation == "identity"
        else None
    )
    found = outcomes(act(world))
    assert found.pop("app0") is Outcome.REFUSED
    assert set(found.values()) == {Outcome.DEPLOYED}


def test_one_that_fails_unexpectedly_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    real = job.prepare

    def prepare(setting: Any, request: Any, wishes: Any, one: Any, *others: Any) -> Any:
        if one.settings.name == "app1":
            raise RuntimeError("a bug")
        return real(setting, request, wishes, one, *others)

    monkeypatch.setattr(job, "prepare", prepare)
    report = act(place())
    found = outcomes(report)
    assert found.pop("app1") is Outcome.UNEXPECTED
    assert set(found.values()) == {Outcome.DEPLOYED}
    assert report.exit_code == 1


@pytest.mark.parametrize(("wait", "outcome"), [(0.0, Outcome.REFUSED), (300.0, Outcome.DEPLOYED)])
def test_a_lock_that_somebody_takes_meanwhile_holds_nobody_else_up(wait: float, outcome: Outcome) -> None:
    world = place()
    strangers = []

    def intrude(operation: str) -> None:
        if operation == "create_parameter" and not strangers:
            world.cloud.before = lambda _: None
            strangers.append(world.hold("app5"))

    world.cloud.before = intrude

    def let_go() -> None:
        if (
            strangers
            and world.clock.now > 1_000_000
            and world.entry("app0").outcome
            and not strangers[0].closed
        ):
            strangers[0].close("refused")

    world.clock.on_sleep = let_go
    found = outcomes(act(world, wait=wait))
    assert found.pop("app5") is outcome
    assert set(found.values()) == {Outcome.DEPLOYED}


def place_of_two() -> tuple[World, Held]:
    """Two services, and the lock of the second, which a run on another machine has."""
    world = World(*NAMES[:2], floor=0)
    world.cloud.images[b.DIGEST] = b.image(tag="")
    owner = Owner("ann", "ci", 1, "another-machine", "1")
    stranger = Taking("deploy", "staging", NAMES[1], owner=owner)
    return world, take(world.cloud, world.path(NAMES[1]), stranger, clock=world.clock)


def test_while_one_lock_is_waited_for_the_others_are_kept_and_nothing_planned_grows_old() -> None:
    world, stranger = place_of_two()
    until, silent = world.clock.now + 400, []

    def pass_time() -> None:
        if stranger.closed:
            return
        stranger.renew_if_due()
        silent.append(world.cloud.parameters.list_parameters(world.path("app0"))[-1].age)
        if world.clock.now > until:
            live = world.live("app0")
            changed = {**live.configuration, "maximumPercent": 300}
            world.cloud.put("app0", replace(live, configuration=changed))
            stranger.close("deployed")

    world.clock.on_sleep = pass_time
    report = act(world, wait=900.0, names=NAMES[:2])
    assert outcomes(report) == dict.fromkeys(NAMES[:2], Outcome.DEPLOYED)
    assert len(silent) > 50
    assert max(silent) < 60
    assert world.live("app0").configuration == {"minimumHealthyPercent": 0, "maximumPercent": 300}


def test_a_signal_while_one_lock_is_waited_for_gives_the_others_back() -> None:
    world, stranger = place_of_two()

    def press() -> None:
        if world.cloud.parameters.list_parameters(world.path("app0")):
            world.clock.on_sleep = lambda: None
            raise KeyboardInterrupt

    world.clock.on_sleep = press
    report = act(world, wait=900.0, names=NAMES[:2])
    assert report.exit_code == 130
    assert world.entry("app0").outcome == "interrupted"
    assert not world.entry("app1").outcome
    assert not stranger.lost


@pytest.mark.parametrize("call", range(12, LAST, 9))
def test_what_a_killed_run_leaves_is_finished_by_the_next(call: int) -> None:
    world = place()

    def die(_: str) -> None:
        if len(world.cloud.log) > call:
            raise Killed

    world.cloud.before = die
    with pytest.raises(Killed):
        act(world)
    world.cloud.before = lambda _: None
    world.clock.now += 200.0
    assert act(world, action="resume").exit_code in (0, 2)
    assert set(outcomes(act(world)).values()) <= {Outcome.DEPLOYED, Outcome.UNCHANGED}
    for name in NAMES:
        assert world.floor(name) == 0
        assert not world.entry(name).debts
        assert world.live(name).task_definition != b.OLD


def test_a_bucket_lets_a_burst_through_and_then_its_rate() -> None:
    bucket = Bucket(2, 4.0)
    bucket.take(0.0)
    bucket.take(0.0)
    assert bucket.room(0.0) == 0.25
    assert bucket.room(0.0, 2) == 0.5
    assert bucket.room(0.25) == 0.0
    assert bucket.room(100.0, 2) == 0.0
    assert bucket.room(100.0, 3) > 0


def test_reads_do_not_wait_behind_writes() -> None:
    clock = VirtualClock()
    world = World()
    parameters = Paced(world.cloud, Pace(clock))
    for number in range(4):
        parameters.create_parameter(f"/deploys/local/app/{number:08d}", "{}")
    began = clock.now
    parameters.read_parameter("/deploys/local/app/00000001")
    assert clock.now == began
