"""The loop: several services, silence, lost credentials, other deployers, signals. Virtual time, a cloud in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import diagnose, events
from ecs_deployment.errors import CloudError, Denied, Expired, Throttled, Unreachable
from ecs_deployment.outcome import Outcome
from ecs_deployment.plan import Plan

from tests.deployment import builders as b
from tests.deployment.memory_cloud import Fault, MemoryCloud, World, completes, crashes, stands

GONE = Unreachable("AWS could not be reached for ecs:DescribeServices.", "Check the network.")
EXPIRED = Expired("AWS no longer accepts the credentials (ExpiredTokenException).", "Sign in again.")
SLOW_DOWN = Throttled("AWS throttles ecs:DescribeServices: Rate exceeded")


def plan(name: str = "app", **changes: Any) -> Plan:
    made = b.planned(
        name=name,
        service=name,
        content=b.definition(image=f"new-{name}").content,
        configuration={"minimumHealthyPercent": 100, "maximumPercent": 200},
        debts=(b.FLOOR, b.SUSPENSION),
        fallback=replace(b.planned().fallback, by_ecs=False),
    )
    return replace(made, **changes)


def world(*names: str, desired: int = 1) -> World:
    made = World(*names, desired=desired, floor=0)
    for name in names or ("app",):
        made.cloud.scalable[name] = b.scaling()
    return made


def once_rolling(place: World, act: Any) -> None:
    """Do something right before the first look after UpdateService."""

    def watch(operation: str) -> None:
        if operation == "services" and place.cloud.updates:
            place.cloud.before = lambda _: None
            act()

    place.cloud.before = watch


def nothing_is_borrowed(place: World, name: str = "app") -> None:
    assert place.floor(name) == 0
    assert not place.cloud.scalable[name].suspended.scale_in
    assert place.entry(name).debts == ()


def only_configured(place: World) -> None:
    """No call changed more than the configuration: no revision, no count, no deployment."""
    for update in place.cloud.updates:
        assert (update["task_definition"], update["desired"], update["force"]) == (None, None, False)
    assert [d.id for d in place.live().deployments] == ["ecs-svc/1"]


def test_a_deploy_that_works() -> None:
    place = world()
    (result,) = place.drive(place.job(plan(story=("The floor is raised.",))))
    assert (result.outcome, result.deployment_id, result.revision) == (
        Outcome.DEPLOYED,
        "ecs-svc/2",
        "app:2",
    )
    assert result.handed_back == ("minimumHealthyPercent is 0 again", "scale-in resumed")
    assert [stage.name for stage in result.stages][:2] == ["preparing", "starting"]
    assert "The floor is raised." in place.said()
    assert "Rolling out app:2 as ecs-svc/2." in place.said()
    assert place.finished() == [result]
    entry = place.entry()
    assert (entry.outcome, entry.proven, entry.revision) == ("deployed", True, b.NEW)
    nothing_is_borrowed(place)


def test_nothing_to_roll_only_hands_back() -> None:
    place = world()
    held = place.hold()
    held.owe(b.SUSPENSION)
    place.cloud.scalable["app"] = b.scaling(scale_in=True)
    (result,) = place.drive(place.job(plan(rolls=False, debts=(), story=("It runs already.",)), held))
    assert (result.outcome, result.handed_back) == (Outcome.UNCHANGED, ("scale-in resumed",))
    assert place.cloud.updates == []
    nothing_is_borrowed(place)


@pytest.mark.parametrize("error", [GONE, SLOW_DOWN])
def test_blind_for_long_is_undecided_and_the_floor_stays(error: CloudError) -> None:
    place = world()
    place.cloud.progress = stands
    once_rolling(place, lambda: place.cloud.refuse(error, "services"))
    (result,) = place.drive(place.job(plan()), patience=60.0)
    assert (result.outcome, result.outcome.exit_code) == (Outcome.UNDECIDED, 7)
    assert (result.cause, result.advice) == (error.what, error.cure)
    assert "`inv app.resume --env staging --service app` hands it back" in result.owed[0]
    assert place.floor() == 100
    assert place.cloud.sent("services") < 30  # the looks become rarer
    assert {debt.what for debt in place.entry().debts} == {"floor", "suspension"}


@pytest.mark.parametrize("error", [GONE, SLOW_DOWN])
def test_blind_for_a_moment_is_no_news(error: CloudError) -> None:
    place = world()
    once_rolling(place, lambda: place.cloud.fail("services", *[error] * 5))
    (result,) = place.drive(place.job(plan()), patience=60.0)
    assert result.outcome is Outcome.DEPLOYED
    nothing_is_borrowed(place)


def test_patience_begins_anew_with_each_answer() -> None:
    place = world()
    calls = {"n": 0}

    def slowly(cloud: MemoryCloud, name: str) -> None:
        calls["n"] += 1
        if calls["n"] < 6:
            cloud.fail("services", *[GONE] * 4)
        else:
            completes(cloud, name)

    place.cloud.progress = slowly
    (result,) = place.drive(place.job(plan()), patience=10.0)
    assert result.outcome is Outcome.DEPLOYED
    assert place.clock.now - 1000 > 20


def test_tasks_that_cannot_be_read_are_no_news_either() -> None:
    place = world()
    once_rolling(place, lambda: place.cloud.fail("targets", GONE, SLOW_DOWN))
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.DEPLOYED


def test_credentials_that_run_out_in_mid_rollout_are_undecided_with_the_cure() -> None:
    place = world()
    place.cloud.progress = stands
    everything = [name for name in vars(MemoryCloud) if not name.startswith("_")]
    once_rolling(place, lambda: place.cloud.refuse(EXPIRED, *everything))
    (result,) = place.drive(place.job(plan()))
    place.cloud.refuse(None, *everything)
    assert (result.outcome, result.cause, result.advice) == (
        Outcome.UNDECIDED,
        EXPIRED.what,
        "Sign in again.",
    )
    assert any("could not be closed" in note for note in result.notes)
    assert place.floor() == 100
    assert not place.entry().outcome  # so the next run takes it over, debts and all


def test_a_permission_that_is_missing_before_anything_changed_is_a_refusal() -> None:
    place = world()
    denied = Denied("The credentials may not call ecs:RegisterTaskDefinition.", "Allow it.")
    place.cloud.refuse(denied, "register")
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.cause, result.advice) == (Outcome.REFUSED, denied.what, "Allow it.")
    assert (place.entry().cause, place.finished()) == (denied.what, [result])
    only_configured(place)
    nothing_is_borrowed(place)


def test_an_update_whose_answer_stays_lost_is_undecided() -> None:
    place = world()
    lost: list[Fault] = ["never_arrived"] * 6
    place.cloud.fail("update_service", *lost)
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.UNDECIDED


def test_somebody_elses_deployment_supersedes_ours() -> None:
    place = world()
    once_rolling(place, lambda: place.cloud.update_service("local", "app", force=True))
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.outcome.exit_code) == (Outcome.SUPERSEDED, 6)
    assert "ecs-svc/3" in result.cause
    assert place.cloud.sent("update_service") <= 3  # ours, theirs, and at most one that hands back


def test_overtaken_in_the_journal_stops_changing_things() -> None:
    place = world()
    place.cloud.progress = crashes

    def overtake() -> None:
        first = f"{place.path('app')}/00000001"
        place.cloud.parameters.plant(
            f"{place.path('app')}/00000002", place.cloud.parameters.value(first).replace("demo", "hotfix")
        )

    once_rolling(place, overtake)
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.SUPERSEDED
    assert "took over" in result.cause
    assert len(place.cloud.updates) == 1
    assert place.cloud.scalable["app"].suspended.scale_in  # the other run owes it now
    assert place.floor() == 100


def test_a_rollout_that_fails_is_rolled_back_and_proven() -> None:
    place = world()
    place.cloud.progress = crashes
    place.cloud.lines = ["KeyError: 'DATABASE_URL'"]
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.outcome.exit_code) == (Outcome.ROLLED_BACK, 4)
    assert "exited with code 1" in result.cause
    assert f"{diagnose.LOG}KeyError: 'DATABASE_URL'" in result.evidence
    assert place.live().task_definition == b.OLD
    assert not place.entry().proven
    nothing_is_borrowed(place)


def test_a_log_that_cannot_be_read_does_not_hide_the_cause() -> None:
    place = world()
    place.cloud.progress = crashes
    place.cloud.refuse(Denied("The credentials may not call logs:GetLogEvents."), "log_tail")
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.ROLLED_BACK
    assert "exited with code 1" in result.cause


def test_two_services_of_which_one_fails() -> None:
    place = world("one", "two")

    def mixed(cloud: MemoryCloud, name: str) -> None:
        (crashes if name == "two" else completes)(cloud, name)

    place.cloud.progress = mixed
    one, two = place.drive(place.job(plan("one")), place.job(plan("two")))
    assert (one.service, one.outcome) == ("one", Outcome.DEPLOYED)
    assert (two.service, two.outcome) == ("two", Outcome.ROLLED_BACK)
    for name in ("one", "two"):
        nothing_is_borrowed(place, name)


def test_what_stops_one_service_does_not_stop_the_other() -> None:
    place = world("one", "two")
    place.cloud.fail("register", Denied("The credentials may not call ecs:RegisterTaskDefinition."))
    one, two = place.drive(place.job(plan("one")), place.job(plan("two")))
    assert (one.outcome, two.outcome) == (Outcome.REFUSED, Outcome.DEPLOYED)
    nothing_is_borrowed(place, "two")


def test_a_look_at_several_services_is_one_call() -> None:
    names = [f"s{i}" for i in range(5)]
    place = world(*names)
    alone = world()
    alone.drive(alone.job(plan()))
    place.drive(*[place.job(plan(name)) for name in names])
    looks = place.cloud.sent("services") - 5  # each hands its own floor back
    assert looks <= 2 * alone.cloud.sent("services")


def test_raised_again_when_something_takes_it_to_zero() -> None:
    place = world()

    def scale_in() -> None:
        place.cloud.put("app", replace(place.live(), desired=0))

    once_rolling(place, scale_in)
    (result,) = place.drive(place.job(plan()))
    assert result.outcome is Outcome.DEPLOYED
    assert place.cloud.updates[1]["desired"] == 1
    assert "raised to 1 again" in place.said()


def test_raised_at_most_three_times() -> None:
    place = world()

    def hostile(cloud: MemoryCloud, name: str) -> None:
        if cloud.updates:
            cloud.put(name, replace(cloud.known[name], desired=0))

    place.cloud.progress = hostile
    (result,) = place.drive(place.job(plan()))
    assert (result.outcome, result.outcome.exit_code) == (Outcome.FAILED, 5)
    assert [u["desired"] for u in place.cloud.updates][:4] == [None, 1, 1, 1]
    assert "4 times" in result.cause


def test_time_that_is_up_is_undecided() -> None:
    place = world()
    place.cloud.progress = stands
    (result,) = place.drive(place.job(plan()), no_progress=30.0)
    assert result.outcome is Outcome.UNDECIDED
    assert place.floor() == 100
    assert result.owed


def test_a_service_that_vanishes_is_undecided() -> None:
    place = world()
    once_rolling(place, place.cloud.known.clear)
    (result,) = place.drive(place.job(plan()), patience=30.0)
    assert (result.outcome, result.cause) == (Outcome.UNDECIDED, "AWS does not show the service.")


def test_the_lease_of_the_lock_is_renewed_in_a_long_rollout() -> None:
    place = world()
    place.cloud.progress = stands
    place.drive(place.job(plan()), no_progress=300.0)
    assert place.cloud.sent("overwrite_parameter") >= 300 / 50


def test_progress_is_told_at_each_look() -> None:
    place = world()
    place.drive(place.job(plan()))
    seen = [event for event in place.told if isinstance(event, events.Progress)]
    assert seen
    assert (seen[0].old_revision, seen[0].new_revision) == ("app:1", "app:2")
    assert seen[-1].new_running == 1
    assert [event.elapsed for event in seen] == sorted(event.elapsed for event in seen)
