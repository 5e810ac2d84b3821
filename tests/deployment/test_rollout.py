"""A rollout step by step, without any AWS: what each look means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import attention, model, rollout, rollout_back
from ecs_deployment.fallback import Fallback
from ecs_deployment.outcome import Outcome
from ecs_deployment.plan import Plan
from ecs_deployment.rollout_state import (
    Effect,
    GoBackTo,
    Limits,
    Observation,
    Phase,
    RaiseAgain,
    State,
    StopDeployment,
)

from tests.deployment.builders import (
    NEW,
    OLD,
    deployment,
    failed,
    planned,
    rollout_of,
    service,
    target,
    task,
)

OLD_ONE = deployment(1, status="ACTIVE")
STARTED = deployment(2, NEW, running=0, pending=0, desired=0, rollout_state="IN_PROGRESS")
RUNNING = replace(STARTED, running=1, desired=1)
DONE = replace(RUNNING, rollout_state="COMPLETED")
ANSWER = service(STARTED, OLD_ONE)
FIRST = Fallback(OLD, 0, proven=False, by_ecs=False)
PROVEN = Fallback(OLD, None, proven=True, by_ecs=False)


def begun(plan: Plan | None = None, **limits: Any) -> State:
    return rollout.begin(plan or planned(), NEW, ANSWER, Limits(**limits), now=0.0)


def look(seen: model.Service, now: float = 1.0, **changes: Any) -> Observation:
    parts = {
        name: changes.pop(name) for name in ("running", "stopped", "targets", "deployment") if name in changes
    }
    made = Observation(now, model.Snapshot(seen, **parts), attention.EVERYTHING)
    return replace(made, **changes)


def walk(state: State, looks: Sequence[Observation]) -> tuple[State, list[Effect]]:
    """Take the looks one after the other, doing to the state what `drive` does after an effect."""
    effects: list[Effect] = []
    for seen in looks:
        state, wanted = rollout.step(state, seen)
        effects += wanted
        for effect in wanted:
            if isinstance(effect, RaiseAgain):
                state = rollout.raised(state, service(deployment(9, NEW, rollout_state="IN_PROGRESS")))
            if isinstance(effect, GoBackTo):
                state = rollout_back.went_back(
                    state, service(deployment(3, OLD, rollout_state="IN_PROGRESS"))
                )
        if state.outcome:
            break
    return state, effects


def well(now: float = 3.0, **changes: Any) -> Observation:
    parts = {"running": (task(2, NEW),), "targets": (target(2),), "deployment": rollout_of(2, "SUCCESSFUL")}
    return look(service(DONE), now, **{**parts, **changes})


def test_a_rollout_that_goes_well() -> None:
    state, effects = walk(begun(), [look(ANSWER), look(service(RUNNING, OLD_ONE), 2.0), well()])
    assert (state.outcome, effects) == (Outcome.DEPLOYED, [])


def test_the_answer_of_update_service_is_no_success() -> None:
    # 0 desired, 0 running: a poller that compares the two would be content at once
    state, _ = walk(begun(), [look(ANSWER, deployment=rollout_of(2, "PENDING"))])
    assert (state.outcome, state.phase) == (None, Phase.ROLLING)


def test_without_the_newer_api_the_rollout_state_of_our_id_decides() -> None:
    assert walk(begun(), [well(deployment=None)])[0].outcome is Outcome.DEPLOYED


def test_success_waits_for_the_newer_api_where_it_is_behind() -> None:
    state, _ = walk(begun(), [well(deployment=rollout_of(2, "IN_PROGRESS"))])
    assert state.phase is Phase.ROLLING


@pytest.mark.parametrize(
    "wrong",
    [
        {"running": ()},
        {"targets": (target(2, "initial"),)},
        {"targets": ()},
        {"running": (task(2, NEW, containers=(replace(task().containers[0], image_digest="sha256:x"),)),)},
    ],
)
def test_ecs_success_alone_is_no_proof(wrong: dict[str, Any]) -> None:
    state, _ = walk(begun(), [well(**wrong)])
    assert (state.outcome, state.phase) == (None, Phase.PROVING)
    assert walk(state, [well(4.0)])[0].outcome is Outcome.DEPLOYED


def test_what_is_never_proven_is_rolled_back() -> None:
    state, effects = walk(begun(no_progress=10), [well(running=()), well(now=20.0, running=())])
    assert effects == [GoBackTo(OLD, None)]
    assert state.cause is not None
    assert "0 of 1 tasks" in state.cause.text


def test_one_failed_check_of_one_target_is_no_verdict_and_two_are() -> None:
    two = service(replace(DONE, running=2, desired=1))
    seen = {"running": (task(2, NEW), task(3, NEW)), "targets": (target(2), target(3, "unhealthy"))}
    state, _ = walk(begun(), [replace(well(**seen), snapshot=replace(well(**seen).snapshot, service=two))])
    assert state.outcome is Outcome.DEPLOYED  # healthy as many as desired, and the other failed only once
    short = {**seen, "targets": (target(2, "unhealthy"), target(3, "unhealthy"))}
    state, _ = walk(begun(), [well(**short), well(**short)])
    assert state.outcome is None


def test_ecs_rolls_back_by_itself() -> None:
    back = service(replace(deployment(1), rollout_state="IN_PROGRESS"), replace(RUNNING, status="ACTIVE"))
    crashed = (failed(2), failed(2), failed(2))
    rolling = look(
        back, 5.0, stopped=crashed, deployment=rollout_of(2, "ROLLBACK_IN_PROGRESS", rollback_to="x/1")
    )
    ended = look(
        service(),
        6.0,
        running=(task(),),
        targets=(target(),),
        deployment=rollout_of(2, "ROLLBACK_SUCCESSFUL"),
    )
    state, effects = walk(begun(), [look(ANSWER), rolling, ended])
    assert (state.outcome, effects) == (Outcome.ROLLED_BACK, [])
    assert state.cause is not None
    assert "exited with code 1" in state.cause.text


def test_where_ecs_would_roll_back_to_something_unproven_we_lead_it_on() -> None:
    back = service(replace(deployment(1), rollout_state="IN_PROGRESS"))
    rolling = look(back, 5.0, deployment=rollout_of(2, "ROLLBACK_IN_PROGRESS"))
    _, effects = walk(begun(planned(fallback=replace(PROVEN, revision="arn:x/app:7"))), [rolling])
    assert effects == [GoBackTo("arn:x/app:7", None)]


def test_a_breaker_without_rollback_leaves_it_to_us() -> None:
    stuck = look(
        service(replace(STARTED, rollout_state="FAILED"), OLD_ONE), deployment=rollout_of(2, "STOPPED")
    )
    back = look(
        service(deployment(3, OLD)), 9.0, running=(task(3, OLD),), targets=(target(3),),
        deployment=rollout_of(3, "SUCCESSFUL"),
    )  # fmt: skip
    state, effects = walk(begun(), [stuck, back])
    assert (state.outcome, effects) == (Outcome.ROLLED_BACK, [GoBackTo(OLD, None)])


def test_a_crash_loop_is_stopped_early_and_by_ecs_where_that_leads_to_the_right_place() -> None:
    crashing = look(
        service(replace(STARTED, failed_tasks=3), OLD_ONE),
        stopped=(failed(2), failed(2), failed(2)),
        deployment=rollout_of(2, "IN_PROGRESS"),
    )
    _, effects = walk(begun(), [crashing])
    assert effects == [StopDeployment(rollout_of(2, "").arn)]


def test_two_failures_that_no_repetition_cures_are_enough() -> None:
    gone = failed(
        2, "CannotPullContainerError: pull access denied", stop_code="TaskFailedToStart", containers=()
    )
    one = look(ANSWER, stopped=(gone,), deployment=rollout_of(2, "IN_PROGRESS"))
    assert walk(begun(), [one])[1] == []
    two = look(ANSWER, stopped=(gone, gone), deployment=rollout_of(2, "IN_PROGRESS"))
    assert walk(begun(), [two])[1] == [StopDeployment(rollout_of(2, "").arn)]


def test_a_failed_first_deploy_goes_to_zero_and_is_a_failure() -> None:
    stuck = look(service(replace(STARTED, rollout_state="FAILED")), deployment=rollout_of(2, "STOPPED"))
    empty = look(service(deployment(3, OLD, running=0, desired=0), desired=0), 9.0)
    state, effects = walk(begun(planned(fallback=FIRST, was_asleep=True)), [stuck, empty])
    assert (state.outcome, effects) == (Outcome.FAILED, [GoBackTo(OLD, 0)])


def test_left_where_it_is_when_the_user_wants_that() -> None:
    stuck = look(
        service(replace(STARTED, rollout_state="FAILED"), OLD_ONE), deployment=rollout_of(2, "STOPPED")
    )
    assert walk(begun(roll_back=False), [stuck]) == (
        walk(begun(roll_back=False), [stuck])[0],
        [],
    )
    assert walk(begun(roll_back=False), [stuck])[0].outcome is Outcome.FAILED


def test_superseded_by_somebody_else() -> None:
    other = deployment(5, "arn:x/app:9", rollout_state="IN_PROGRESS")
    state, effects = walk(
        begun(), [look(ANSWER), look(service(other, replace(RUNNING, status="ACTIVE")), 2.0)]
    )
    assert (state.outcome, effects) == (Outcome.SUPERSEDED, [])
    assert state.cause is not None
    assert "ecs-svc/5" in state.cause.text


def test_superseded_before_aws_ever_showed_ours() -> None:
    """Only an answer from before our deployment is waited out, and one with a younger stranger is not from then."""
    other = service(deployment(12, OLD, rollout_state="IN_PROGRESS"))
    assert rollout.step(begun(), look(service(deployment(1))))[0].outcome is None
    assert rollout.step(begun(), look(other))[0].outcome is Outcome.SUPERSEDED
    raised, _ = walk(begun(), [look(service(replace(RUNNING, desired=0), desired=0), 2.0)])
    assert rollout.step(raised, look(service(RUNNING), 3.0))[0].outcome is None
    assert rollout.step(raised, look(other, 3.0))[0].outcome is Outcome.SUPERSEDED


def test_superseded_by_somebody_who_rolls_out_the_old_revision_is_no_rollback() -> None:
    other = deployment(5, OLD, rollout_state="IN_PROGRESS")
    assert walk(begun(), [look(ANSWER), look(service(other), 2.0)])[0].outcome is Outcome.SUPERSEDED


def test_a_service_that_falls_to_zero_is_raised_three_times() -> None:
    zero = look(service(replace(RUNNING, desired=0), desired=0), 2.0)
    state, effects = walk(begun(), [zero])
    assert (effects, state.ours[-1]) == ([RaiseAgain(1)], "ecs-svc/9")
    nine = look(service(deployment(9, NEW, desired=0, rollout_state="IN_PROGRESS"), desired=0), 3.0)
    state, effects = walk(state, [nine, nine, nine])
    assert effects == [RaiseAgain(1), RaiseAgain(1)]
    assert state.outcome is Outcome.FAILED


def test_a_service_of_four_is_raised_to_four_again() -> None:
    """To 1 alone, 100/150 allows neither a start nor a stop: floor and ceiling are both one task then."""
    four = look(service(replace(RUNNING, desired=4), desired=4), 2.0)
    zero = look(service(replace(RUNNING, desired=0), desired=0), 3.0)
    assert walk(begun(), [four, zero])[1] == [RaiseAgain(4)]


def test_zero_after_ecs_success_is_no_success() -> None:
    fallen = well(running=(), targets=())
    fallen = replace(fallen, snapshot=replace(fallen.snapshot, service=replace(service(DONE), desired=0)))
    assert walk(begun(), [fallen])[1] == [RaiseAgain(1)]


def test_undecided_when_nothing_moves_any_more() -> None:
    waiting = service(RUNNING, OLD_ONE)
    state, _ = walk(begun(no_progress=60), [look(waiting, 2.0), look(waiting, 61.0)])
    assert state.outcome is None
    assert walk(state, [look(waiting, 63.0)])[0].outcome is Outcome.UNDECIDED


def test_progress_starts_the_clock_anew_and_the_cap_does_not_move() -> None:
    steps = [look(service(replace(RUNNING, running=n), OLD_ONE), 50.0 * n) for n in range(1, 5)]
    state, _ = walk(begun(no_progress=60), steps)
    assert state.outcome is None
    assert walk(begun(no_progress=60, at_most=120), steps)[0].outcome is Outcome.UNDECIDED


def test_a_lifecycle_hook_that_waits_stops_the_clock_and_is_named() -> None:
    waiting = service(RUNNING, OLD_ONE)
    hooked = rollout_of(2, "IN_PROGRESS", waiting_hook="approve")
    state, _ = walk(begun(no_progress=60), [look(waiting, 2.0 + 50 * n, deployment=hooked) for n in range(4)])
    assert state.outcome is None
    assert "approve" in state.waiting_for


TRAFFIC = model.Traffic(100, 3, 3, 600)


@pytest.mark.parametrize(
    ("traffic", "allowed", "stops"),
    [
        (TRAFFIC, 0, True),
        (TRAFFIC, None, False),
        (TRAFFIC, 3, False),
        (replace(TRAFFIC, failed_in_a_row=2), 0, False),
        (replace(TRAFFIC, failed=0, failed_in_a_row=0), 0, False),
    ],
)
def test_lost_requests_roll_back_before_success(
    traffic: model.Traffic, allowed: int | None, stops: bool
) -> None:
    seen = look(service(RUNNING, OLD_ONE), deployment=rollout_of(2, "IN_PROGRESS"), traffic=traffic)
    assert bool(walk(begun(max_errors=allowed), [seen])[1]) is stops


@pytest.mark.parametrize(
    ("allowed", "outcome"), [(0, Outcome.DEPLOYED_WITH_LOSS), (3, Outcome.DEPLOYED), (None, Outcome.DEPLOYED)]
)
def test_lost_requests_after_success_are_an_outcome_of_their_own(
    allowed: int | None, outcome: Outcome
) -> None:
    state, _ = walk(begun(max_errors=allowed), [well(traffic=TRAFFIC)])
    assert (state.outcome, state.proven) == (Outcome.DEPLOYED, True)
    assert rollout.with_traffic(state, TRAFFIC) is outcome


def test_an_accepted_gap_is_neither_a_reason_to_roll_back_nor_a_loss() -> None:
    state = begun(planned(accepts_gap=True), max_errors=0)
    seen = look(service(RUNNING, OLD_ONE), deployment=rollout_of(2, "IN_PROGRESS"), traffic=TRAFFIC)
    state, effects = walk(state, [seen, well()])
    assert effects == []
    assert rollout.with_traffic(state, TRAFFIC) is Outcome.DEPLOYED


def test_the_way_back_is_asked_for_again_where_ecs_ended_the_rollout_first() -> None:
    stop = look(service(RUNNING, OLD_ONE), deployment=rollout_of(2, "IN_PROGRESS"), interrupted=True)
    done = look(service(DONE), 3.0, deployment=rollout_of(2, "SUCCESSFUL"), interrupted=True)
    assert walk(begun(), [stop, done])[1] == [StopDeployment(rollout_of(2, "").arn), GoBackTo(OLD, None)]


def test_the_way_back_has_a_clock_of_its_own() -> None:
    stuck = look(
        service(replace(STARTED, rollout_state="FAILED"), OLD_ONE),
        3599.0,
        deployment=rollout_of(2, "STOPPED"),
    )
    rolling = look(service(deployment(3, OLD, running=0, rollout_state="IN_PROGRESS")), 3700.0)
    state, _ = walk(begun(no_progress=4000, at_most=3600), [stuck, rolling])
    assert state.outcome is None


def test_pull_errors_beside_running_tasks_are_not_hopeless() -> None:
    gone = failed(
        2, "CannotPullContainerError: toomanyrequests", stop_code="TaskFailedToStart", containers=()
    )
    many = service(replace(RUNNING, running=12, desired=20), OLD_ONE, desired=20)
    assert walk(begun(), [look(many, stopped=(gone, gone), deployment=rollout_of(2, "IN_PROGRESS"))])[1] == []


def test_the_first_interrupt_goes_back_and_says_interrupted() -> None:
    stop = look(service(RUNNING, OLD_ONE), deployment=rollout_of(2, "IN_PROGRESS"), interrupted=True)
    ended = look(
        service(), 6.0, running=(task(),), targets=(target(),), interrupted=True,
        deployment=rollout_of(2, "ROLLBACK_SUCCESSFUL"),
    )  # fmt: skip
    state, effects = walk(begun(), [stop, ended])
    assert (state.outcome, effects) == (Outcome.INTERRUPTED, [StopDeployment(rollout_of(2, "").arn)])


def test_an_interrupt_with_leave_lets_it_roll() -> None:
    stop = look(service(RUNNING, OLD_ONE), deployment=rollout_of(2, "IN_PROGRESS"), interrupted=True)
    state, effects = walk(begun(roll_back=False), [stop])
    assert (state.outcome, effects) == (Outcome.INTERRUPTED, [])


def test_an_interrupt_after_success_only_finishes_the_proof() -> None:
    state, effects = walk(begun(), [well(running=()), well(4.0, interrupted=True)])
    assert (state.outcome, effects) == (Outcome.INTERRUPTED, [])


def test_a_retreat_that_fails_is_a_failure() -> None:
    stuck = look(
        service(replace(STARTED, rollout_state="FAILED"), OLD_ONE), deployment=rollout_of(2, "STOPPED")
    )
    lost = look(
        service(deployment(3, OLD, running=0, rollout_state="FAILED")),
        9.0,
        deployment=rollout_of(3, "STOPPED"),
    )
    assert walk(begun(), [stuck, lost])[0].outcome is Outcome.FAILED


def test_tasks_that_come_and_go_after_the_rollout_are_not_watched_for_ever() -> None:
    state, at = begun(no_progress=60.0), 1.0
    while state.phase is not Phase.RETREATING and at < 600.0:
        seen = replace(DONE, running=int(at) % 2)
        sick = (target(2, "unhealthy"),)
        state, _ = walk(
            state, [look(service(seen), at, targets=sick, deployment=rollout_of(2, "SUCCESSFUL"))]
        )
        at += 3.0
    assert 60.0 < at < 70.0
