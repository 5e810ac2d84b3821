"""How a deploy ends: by a signal, or after the proof while an idle alarm is still waited for."""

from __future__ import annotations

import threading
from dataclasses import replace

from ecs_deployment import model
from ecs_deployment.outcome import Outcome
from ecs_deployment.probe import Probe

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, completes, stands
from tests.deployment.test_drive import nothing_is_borrowed, once_rolling, only_configured, plan, world
from tests.deployment.test_probe import OK, SILENCE, serving
from tests.waiting import wait_for


def test_the_first_signal_rolls_back() -> None:
    place = world()
    place.cloud.progress = _only_back

    def press() -> None:
        place.interrupts.pressed = 1

    once_rolling(place, press)
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.outcome.exit_code) == (Outcome.INTERRUPTED, 130)
    assert place.live().task_definition == b.OLD
    nothing_is_borrowed(place)


def test_the_first_signal_leaves_it_where_that_is_wanted() -> None:
    place = world()
    place.cloud.progress = stands

    def press() -> None:
        place.interrupts.pressed = 1

    once_rolling(place, press)
    (result,) = place.drive(place.job(plan()), roll_back=False)
    assert result.outcome is Outcome.INTERRUPTED
    assert len(place.cloud.updates) == 1
    assert place.floor() == 100
    assert "in the journal" in result.owed[0]


def test_the_second_signal_leaves_at_once_with_everything_in_the_journal() -> None:
    place = world()
    place.cloud.progress = stands

    def press() -> None:
        place.interrupts.pressed = 2

    once_rolling(place, press)
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.INTERRUPTED
    assert result.summary == "The service was on its way back to app:1, and may not be there yet."
    assert result.unsettled
    assert "minimumHealthyPercent, scale-in" in result.owed[0]
    assert place.entry().outcome == "interrupted"
    assert len(place.cloud.updates) <= 2  # ours, and the way back that the first signal asked for
    assert {debt.what for debt in place.entry().debts} == {"floor", "suspension"}


def test_a_signal_before_the_update_gives_everything_back() -> None:
    place = world()

    def press(operation: str) -> None:
        if operation == "register":
            place.interrupts.pressed = 1

    place.cloud.before = press
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.deployment_id) == (Outcome.INTERRUPTED, "")
    assert result.summary == "Nothing was rolled out; the service is as it was."
    only_configured(place)
    nothing_is_borrowed(place)


def _only_back(cloud: MemoryCloud, name: str) -> None:
    if cloud.known[name].task_definition == b.OLD:
        completes(cloud, name)


LEASED = model.IdleAlarm("idle", "ALARM", leased=True)


def test_scale_in_is_resumed_once_the_idle_alarm_has_seen_the_deploy() -> None:
    place = world(desired=0)
    place.cloud.alarm = LEASED
    seen: list[bool] = []

    def calm(operation: str) -> None:
        if operation == "alarm_state":
            seen.append(place.cloud.scalable["app"].suspended.scale_in)
            if len(seen) == 4:
                place.cloud.alarm = replace(LEASED, state="OK")

    place.cloud.before = calm
    (result,) = place.drive(place.job(plan(idle=LEASED, was_asleep=True, desired=1)))
    assert (result.outcome, seen) == (Outcome.DEPLOYED, [True] * 4)
    assert "Proven. Scale-in is resumed once" in place.said()
    assert place.cloud.sent("report_activity") >= 2
    nothing_is_borrowed(place)


def test_an_alarm_that_never_calms_is_waited_for_four_minutes_at_most() -> None:
    place = world()
    place.cloud.alarm = LEASED
    (result,) = place.drive(place.job(plan(idle=LEASED)))
    assert result.outcome is Outcome.DEPLOYED
    assert 240 <= place.clock.now - 1000 < 300
    nothing_is_borrowed(place)


def test_an_alarm_that_honours_no_lease_is_not_waited_for() -> None:
    place = world()
    place.cloud.alarm = replace(LEASED, leased=False)
    (result,) = place.drive(place.job(plan(idle=place.cloud.alarm)))
    assert result.outcome is Outcome.DEPLOYED
    assert (place.cloud.sent("alarm_state"), place.cloud.sent("report_activity")) == (0, 0)


def test_ctrl_c_while_waiting_for_the_alarm_ends_the_wait() -> None:
    place = world()
    place.cloud.alarm = LEASED

    def press(operation: str) -> None:
        if operation == "alarm_state":
            place.interrupts.pressed = 1

    place.cloud.before = press
    (result,) = place.drive(place.job(plan(idle=LEASED)))
    assert result.outcome in (Outcome.DEPLOYED, Outcome.INTERRUPTED)
    assert place.clock.now - 1000 < 60
    nothing_is_borrowed(place)
    assert any("may go to sleep at once" in note for note in result.notes)


def test_whoever_hands_back_for_a_proven_run_waits_for_the_alarm_as_that_would_have() -> None:
    """Its owner died right after the proof: the alarm still stands, and would put the service to sleep at once."""
    place = world()
    place.cloud.alarm = LEASED
    place.cloud.scalable["app"] = b.scaling(scale_in=True)
    states: list[str] = []

    def calm(operation: str) -> None:
        if operation == "alarm_state" and place.cloud.sent("alarm_state") == 3:
            place.cloud.alarm = replace(LEASED, state="OK")
        if operation == "suspend" and place.cloud.alarm:
            states.append(place.cloud.alarm.state)

    place.cloud.before = calm
    job = place.job(plan(rolls=False, idle=LEASED))
    job.held.owe(b.SUSPENSION)
    job.seen = model.Snapshot(place.live())
    (result,) = place.drive(job)
    assert (result.outcome, states) == (Outcome.UNCHANGED, ["OK"])
    nothing_is_borrowed(place)


def test_requests_that_hang_when_the_proof_comes_are_lost() -> None:
    place, hangs = world(), threading.Event()
    one = place.job(plan())
    with serving(lambda _: SILENCE if hangs.is_set() else OK) as server:
        one.probe = Probe(
            server.url, per_second=50, timeout=0.8
        )  # twice that is more than a stop that hurries gives
        one.probe.start(count_from_first_success=False)
        wait_for(lambda: one.traffic().requests >= 5)
        hangs.set()
        wait_for(lambda: len(server.silent) >= 1)
        (result,) = place.drive(one, max_errors=0)
    assert (result.outcome, result.outcome.exit_code) == (Outcome.DEPLOYED_WITH_LOSS, 3)
    assert place.entry().proven
