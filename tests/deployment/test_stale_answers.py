"""Answers that lag behind, or never come: what is ours stays ours, and nothing is begun twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ecs_deployment import model, observe, rollout
from ecs_deployment.journal import Entry
from ecs_deployment.journal_history import last_words
from ecs_deployment.launch import launch, perform
from ecs_deployment.outcome import Outcome
from ecs_deployment.rollout_state import GoBackTo, Limits, Observation, Phase, RaiseAgain, State

from tests.deployment import builders as b
from tests.deployment.memory_cloud import MemoryCloud, World, crashes, stands
from tests.deployment.test_drive import plan, world
from tests.deployment.test_rollout import ANSWER, DONE, RUNNING, look, walk, well
from tests.deployment.test_rollout import begun as fresh

_ROLLING = {"running": 0, "rollout_state": "IN_PROGRESS"}
FIRST = b.deployment(2, b.NEW, **_ROLLING)
SECOND = b.deployment(3, b.NEW, **_ROLLING)
OLD_ONE = b.deployment(1, status="ACTIVE")


def _begun(*deployments: model.Deployment) -> State:
    return rollout.begin(b.planned(), b.NEW, b.service(*deployments), Limits(), now=0.0)


def test_our_own_earlier_deployment_in_a_stale_answer_supersedes_nobody() -> None:
    """Raised from 0 again, and one look still shows the deployment from before that as PRIMARY."""
    before = replace(FIRST, status="ACTIVE")
    state = rollout.raised(_begun(FIRST, OLD_ONE), b.service(SECOND, before, desired=1))
    assert state.ours == (FIRST.id, SECOND.id)
    state, _ = rollout.step(state, look(b.service(SECOND, before)))
    state, effects = rollout.step(state, look(b.service(FIRST, OLD_ONE)))
    assert (state.outcome, effects) == (None, ())
    assert state.waiting_for == "AWS's answers to agree"


def test_a_deployment_whose_answer_was_lost_is_ours_too() -> None:
    """The call was repeated, and both had an effect: nobody else knows the revision that we registered."""
    lost = replace(FIRST, status="ACTIVE")
    assert _begun(SECOND, lost, OLD_ONE).ours == (FIRST.id, SECOND.id)


def test_ecs_may_roll_back_to_what_was_taken_to_0_and_is_led_on() -> None:
    """To ECS a rollout at 0 is completed: its breaker leads there, to the very revision that fails."""
    state = rollout.raised(_begun(FIRST, OLD_ONE), b.service(SECOND, FIRST, desired=1))
    gone = replace(SECOND, status="ACTIVE", rollout_state="FAILED")
    state, effects = rollout.step(state, look(b.service(FIRST, gone)))
    assert (state.phase, effects) == (Phase.RETREATING, (GoBackTo(b.OLD, None),))


def test_somebody_elses_newer_deployment_still_supersedes() -> None:
    state, _ = rollout.step(
        _begun(FIRST, OLD_ONE), look(b.service(b.deployment(4, b.OLD, **_ROLLING), FIRST))
    )
    assert state.outcome is Outcome.SUPERSEDED


def test_an_answer_older_than_what_was_seen_before_is_asked_for_again() -> None:
    place = World()
    place.cloud.progress = stands
    newest = b.service(b.deployment(7, b.OLD))
    place.cloud.put("app", newest)
    answers = iter([b.service(), newest])

    def lag(operation: str) -> None:
        if operation == "services":
            place.cloud.put("app", next(answers))

    place.cloud.before = lag
    assert observe.service(place.cloud, "local", "app", than=newest) == newest
    assert place.cloud.sent("services") == 2


def test_an_update_without_an_answer_is_looked_for_twice_before_it_is_repeated() -> None:
    """A read that lags behind would start a second rollout of the same revision."""
    place = world()
    place.cloud.fail("update_service", "answer_lost")
    behind: list[model.Service] = []

    def lag(cloud: MemoryCloud, name: str) -> None:
        if len(cloud.updates) == 1 and not behind:
            behind.append(cloud.known[name])
            cloud.put(name, b.service(name=name))  # one look shows what was before
        elif behind:
            cloud.put(name, behind[0])
            behind.clear()
            cloud.progress = stands

    place.cloud.progress = lag
    place.drive(place.job(plan()), no_progress=5.0, roll_back=False)
    assert sum(one["task_definition"] is not None for one in place.cloud.updates) == 1


def test_the_floor_stays_owed_while_old_tasks_hold_out_beside_a_failed_deployment() -> None:
    """Left where it is, as the user wishes: with the low floor back ECS would stop the tasks that still serve."""
    place = world()
    place.cloud.progress = _fails
    (result,) = place.drive(place.job(plan()), roll_back=False)
    assert result.outcome is Outcome.FAILED
    assert place.floor() == 100
    assert "minimumHealthyPercent" in result.owed[0]
    assert {debt.what for debt in place.entry().debts} == {"floor"}


def test_a_rollout_that_is_left_keeps_its_floor_although_the_last_answer_is_from_before_it() -> None:
    place = world()
    place.cloud.progress = stands
    before = place.live()

    def press(operation: str) -> None:
        if operation == "services" and len(place.cloud.updates) == 1:
            place.interrupts.pressed = 1
            place.cloud.put("app", before)

    place.cloud.before = press
    (result,) = place.drive(place.job(plan()), roll_back=False)
    assert result.outcome is Outcome.INTERRUPTED
    assert len(place.cloud.updates) == 1
    assert "minimumHealthyPercent" in result.owed[0]


def test_a_floor_that_was_handed_back_since_it_was_read_is_borrowed_after_all() -> None:
    """Planning read the 100 that the run before had only borrowed: ECS would stop the only task first."""
    place = world()
    floors: list[int] = []
    place.cloud.before = lambda operation: floors.append(place.floor()) if operation == "tasks" else None
    (result,) = place.drive(place.job(plan(configuration=None, debts=())))
    assert result.outcome is Outcome.DEPLOYED
    assert set(floors) == {100}
    assert [one["task_definition"] is None for one in place.cloud.updates] == [False, True, True]
    assert (place.floor(), place.entry().debts) == (0, ())


def test_the_floor_is_owed_before_it_is_borrowed_after_all() -> None:
    place = world()
    owed: list[set[str]] = []

    def look_on(operation: str) -> None:
        if operation == "update_service" and place.cloud.updates:
            owed.append({debt.what for debt in place.entry().debts})

    place.cloud.before = look_on
    place.drive(place.job(plan(configuration=None, debts=())))
    assert owed[0] == {"floor"}


def test_a_service_that_somebody_wakes_between_two_tries_keeps_their_count() -> None:
    """Neither is it brought down to the 1 that wakes it, nor does the way back lead to 0."""
    place = world(desired=0)
    place.cloud.fail("update_service", "never_arrived")

    def wake(operation: str) -> None:
        if operation == "services":
            place.cloud.before = lambda _: None
            place.cloud.put("app", replace(place.live(), desired=3))

    place.cloud.before = wake
    place.cloud.progress = crashes
    asleep = replace(plan().fallback, desired=0, proven=False)
    place.drive(place.job(plan(desired=1, was_asleep=True, fallback=asleep)), no_progress=5.0)
    assert [one["desired"] for one in place.cloud.updates if one["task_definition"]] == [None, None]
    assert place.live().desired == 3


def _fails(cloud: MemoryCloud, name: str) -> None:
    seen = cloud.known[name]
    failed: Sequence[Any] = [
        replace(d, rollout_state="FAILED") if d.task_definition != b.OLD else d for d in seen.deployments
    ]
    cloud.put(name, replace(seen, deployments=tuple(failed)))


def test_an_entry_that_was_seen_closed_is_never_open_again() -> None:
    """A listing lags behind an earlier one: whoever goes on from it would undo what has ended well."""
    open_one, closed = Entry(2, "a"), Entry(2, "a", outcome="deployed", proven=True)
    first, newer = Entry(1, outcome="deployed"), Entry(3)
    assert last_words([closed, first], [open_one, first]) == (closed, first)
    assert last_words([open_one], [closed]) == (closed,)
    assert last_words([open_one], [newer, replace(open_one, revision="r")]) == (
        newer,
        replace(open_one, revision="r"),
    )
    assert last_words([closed], [replace(closed, cause="why")]) == (replace(closed, cause="why"),)


def test_a_stale_answer_without_our_deployment_is_no_news() -> None:
    state, effects = walk(fresh(), [look(b.service(b.deployment(1))), well()])
    assert (state.outcome, effects) == (Outcome.DEPLOYED, [])


def test_a_stale_answer_in_mid_rollout_is_no_rollback() -> None:
    stale = look(b.service(b.deployment(1)), 2.0, deployment=b.rollout_of(2, "IN_PROGRESS"))
    state, effects = walk(fresh(), [look(ANSWER), stale, well()])
    assert (state.outcome, effects) == (Outcome.DEPLOYED, [])


def test_without_the_newer_api_an_older_primary_must_stand_longer_than_an_answer_is_stale() -> None:
    def older(now: float, *more: model.Deployment) -> Observation:
        return look(b.service(b.deployment(1), *more), now)

    state, _ = walk(fresh(), [look(ANSWER), older(2.0), older(7.9)])
    assert state.phase is Phase.ROLLING
    assert walk(state, [older(8.0)])[0].phase is Phase.RETREATING
    assert walk(state, [look(b.service(RUNNING, OLD_ONE)), older(8.0)])[0].phase is Phase.ROLLING
    gave_way = replace(RUNNING, status="ACTIVE", rollout_state="FAILED")
    assert walk(state, [older(7.95, gave_way)])[0].phase is Phase.RETREATING


def test_the_first_rollout_of_a_deployment_that_ecs_goes_back_to_tells_nothing_of_the_way_back() -> None:
    """A rollback uses the old id again, and the service deployment of that number succeeded long ago."""
    back = replace(DONE, rollout_state="IN_PROGRESS")
    state = replace(fresh(), followed=True)
    state, effects = walk(state, [look(b.service(back), deployment=b.rollout_of(2, "SUCCESSFUL"))])
    assert (state.outcome, state.phase, effects) == (None, Phase.ROLLING, [])
    assert walk(state, [well()])[0].outcome is Outcome.DEPLOYED


def test_a_raise_whose_answer_was_lost_is_not_seen_in_an_earlier_deployment_of_the_same_revision() -> None:
    """Raised from 0 for the second time; the look after the lost answer shows the service as it was first raised."""
    place = world()
    job = place.job(plan())
    revision, answer, *_ = launch(job.hands, plan())
    assert answer
    state = rollout.begin(plan(), revision, answer, Limits(), now=0.0)
    place.cloud.put("app", replace(place.live(), desired=0))
    state = rollout.raised(
        state, perform(job.hands, replace(state, last=place.live()), RaiseAgain(1)) or answer
    )
    place.cloud.put("app", replace(place.live(), desired=0))
    state = replace(state, last=place.live())
    place.cloud.fail("update_service", "answer_lost")
    now: list[model.Service] = []

    def lag(operation: str) -> None:
        if operation == "services" and not now:
            now.append(place.live())
            place.cloud.put("app", answer)
        elif operation == "services":
            place.cloud.put("app", now[0])

    place.cloud.before = lag
    found = perform(job.hands, state, RaiseAgain(1))
    assert found
    assert found.primary
    assert found.primary.id not in state.ours


def test_a_list_of_stopped_tasks_that_lags_behind_their_count_hides_no_crash_loop() -> None:
    """After the third failure ECS puts its next try off, up to 15 minutes: nothing would have the list read again."""
    place, lagged = world(), list[float]()
    listed = place.cloud.tasks

    def three_times(cloud: MemoryCloud, name: str) -> None:
        primary = cloud.known[name].primary
        if (primary and primary.task_definition == b.OLD) or len(cloud.stopped[name]) < 3:
            crashes(cloud, name)

    def lags_once(cluster: str, service: str, *, stopped: bool) -> Sequence[model.Task]:
        found = listed(cluster, service, stopped=stopped)
        if not stopped or len(found) < 3 or lagged:
            return found
        lagged.append(place.clock.now)
        return found[:2]

    place.cloud.progress, place.cloud.tasks = three_times, lags_once  # type: ignore[method-assign] # one answer only
    (result,) = place.drive(place.job(plan()))
    assert lagged
    assert result.outcome is Outcome.ROLLED_BACK
    assert result.seconds < 60
