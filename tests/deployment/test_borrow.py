"""Handing back: every borrowed thing, in each state it may be found in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import borrow, debts, model
from ecs_deployment.debts import Debt
from ecs_deployment.errors import Denied, NotFound, Throttled
from ecs_deployment.journal import Held

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World

BORROWED: dict[str, Any] = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 250,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False, "threshold": {"type": "COUNT"}},
    "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": False},
    "earlySuccessCriteria": {"enable": True, "healthyPercent": 100},
    "strategy": "ROLLING",
}
FOUND: dict[str, Any] = {
    "minimumHealthyPercent": 0,
    "maximumPercent": 150,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True, "threshold": {"type": "COUNT"}},
    "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
    "earlySuccessCriteria": {"enable": True, "healthyPercent": 50},
    "strategy": "ROLLING",
}
ALL = (
    Debt("floor", 0, 100),
    Debt("ceiling", 150, 250),
    Debt("breaker", True, False),
    Debt("breaker_rollback", True, False),
    Debt("alarm_rollback", True, False),
    Debt("early_success", 50, 100),
)


def world(configuration: dict[str, Any], *debts: Debt, **flags: bool) -> tuple[World, Held]:
    place = World()
    place.cloud.put("app", replace(place.live(), configuration=configuration))
    place.cloud.scalable["app"] = b.scaling(**flags)
    held = place.hold()
    held.owe(*debts)
    place.cloud.log.clear()
    return place, held


def give_back(place: World, held: Held) -> borrow.Settlement:
    """As the end of a deploy does it: the configuration, then the suspension, then the journal is closed."""
    hands = place.hands(held)
    back = borrow.give_back_configuration(hands, "local", "app") + borrow.resume(hands, "local", "app")
    if held.entry.debts != place.entry().debts:
        held.close("deployed")
    return back


def test_everything_of_the_configuration_goes_back_in_one_call_that_starts_no_deployment() -> None:
    place, held = world(BORROWED, *ALL)
    settlement = give_back(place, held)
    (update,) = place.cloud.updates
    assert update["configuration"] == FOUND
    assert (update["task_definition"], update["desired"], update["force"]) == (None, None, False)
    assert settlement.handed_back == (
        "minimumHealthyPercent is 0 again",
        "maximumPercent is 150 again",
        "the circuit breaker is on again",
        "the circuit breaker's rollback is on again",
        "the alarms' rollback is on again",
        "the early-success percentage is 50 again",
    )
    assert settlement.owed == ()
    assert place.entry().debts == ()


@pytest.mark.parametrize("debt", ALL, ids=lambda debt: debt.what)
def test_one_debt_changes_one_member(debt: Debt) -> None:
    place, held = world(BORROWED, debt)
    give_back(place, held)
    (update,) = place.cloud.updates
    path = debts.PATHS[debt.what]
    back = debts.in_configuration(debt.what, update["configuration"])
    assert (back, type(back)) == (debt.before, type(debt.before))
    assert borrow._with(update["configuration"], path, debt.taken) == BORROWED


@pytest.mark.parametrize("debt", ALL, ids=lambda debt: debt.what)
def test_what_is_back_already_is_written_once_more_since_reads_may_lag(debt: Debt) -> None:
    place, held = world(FOUND, debt)
    settlement = give_back(place, held)
    assert [update["configuration"] for update in place.cloud.updates] == [FOUND]
    assert (len(settlement.handed_back), settlement.owed) == (1, ())
    assert place.entry().debts == ()


def test_what_somebody_else_changed_is_left_and_told() -> None:
    place, held = world({**BORROWED, "minimumHealthyPercent": 50}, *ALL[:2])
    settlement = give_back(place, held)
    (update,) = place.cloud.updates
    assert (update["configuration"]["minimumHealthyPercent"], update["configuration"]["maximumPercent"]) == (
        50,
        150,
    )
    (left,) = settlement.owed
    assert "minimumHealthyPercent was changed by somebody else" in left
    assert "(before: 0)" in left
    assert place.entry().debts == ()


def test_an_early_success_below_the_floor_that_somebody_has_set_since_is_left() -> None:
    """ECS refuses that pair, and the debt would never go away."""
    place, held = world({**BORROWED, "minimumHealthyPercent": 75}, ALL[0], ALL[5])
    settlement = give_back(place, held)
    assert place.cloud.updates == []
    assert len(settlement.owed) == 2
    assert place.entry().debts == ()


def test_a_value_that_an_earlier_run_took_counts_as_ours() -> None:
    place, held = world({**FOUND, "minimumHealthyPercent": 50}, Debt("floor", 0, 100, earlier=(50,)))
    give_back(place, held)
    assert place.cloud.updates[0]["configuration"]["minimumHealthyPercent"] == 0


def test_a_member_that_is_gone_was_changed_by_somebody_else() -> None:
    place, held = world({"minimumHealthyPercent": 100}, ALL[5])
    settlement = give_back(place, held)
    assert place.cloud.updates == []
    assert "early-success" in settlement.owed[0]


@pytest.mark.parametrize(
    ("live", "after", "words"),
    [
        ({"scale_in": True}, {}, "scale-in resumed"),
        ({}, {}, "scale-in resumed"),
        ({"scale_in": True, "scale_out": True}, {"scale_in": True, "scale_out": True}, "changed by somebody"),
    ],
    ids=["as we left it", "back already", "changed by somebody else"],
)
def test_the_suspension(live: dict[str, bool], after: dict[str, bool], words: str) -> None:
    place, held = world(FOUND, b.SUSPENSION, **live)
    settlement = give_back(place, held)
    assert place.cloud.scalable["app"] == b.scaling(**after)
    assert words in (*settlement.handed_back, *settlement.owed)[0]
    assert place.entry().debts == ()


def test_all_three_flags_go_back_as_they_were() -> None:
    before = {"in": False, "out": True, "scheduled": True}
    debt = Debt("suspension", before, {**before, "in": True})
    place, held = world(FOUND, debt, scale_in=True, scale_out=True, scheduled=True)
    give_back(place, held)
    assert place.cloud.scalable["app"].suspended == model.Suspended(False, True, True)


def test_a_scalable_target_that_is_gone_is_no_failure() -> None:
    place, held = world(FOUND, b.SUSPENSION, scale_in=True)
    place.cloud.scalable.clear()
    settlement = give_back(place, held)
    assert "changed by somebody else" in settlement.owed[0]


def test_no_debts_cost_no_call() -> None:
    place, held = world(FOUND)
    assert give_back(place, held) == borrow.Settlement()
    assert set(place.cloud.log) == {"list_parameters"}, "only the test itself looked"


def test_what_could_not_be_handed_back_stays_in_the_journal() -> None:
    place, held = world(BORROWED, ALL[0])
    place.cloud.refuse(Denied("The credentials may not call ecs:UpdateService."), "update_service")
    with pytest.raises(Denied):
        give_back(place, held)
    assert [debt.what for debt in place.entry().debts] == ["floor"]


def test_the_lock_is_asked_for_before_each_change() -> None:
    place, held = world(BORROWED, *ALL, b.SUSPENSION, scale_in=True)
    give_back(place, held)
    log = place.cloud.log
    for change in ("update_service", "suspend"):
        assert log[log.index(change) - 1] == "read_parameter"


def test_suspending_takes_what_the_debt_says() -> None:
    place, _ = world(FOUND)
    borrow.suspend(place.cloud, "local", "app", (b.FLOOR, b.SUSPENSION))
    assert place.cloud.scalable["app"] == b.scaling(scale_in=True)
    borrow.suspend(place.cloud, "local", "app", (b.FLOOR,))
    assert place.cloud.sent("suspend") == 1


def test_a_read_from_before_our_own_change_is_looked_at_again() -> None:
    place, held = world({**BORROWED, "minimumHealthyPercent": 50}, ALL[0])

    def catch_up(operation: str) -> None:
        if operation == "services" and place.interrupts.waits:
            place.cloud.put("app", replace(place.live(), configuration=BORROWED))

    place.cloud.before = catch_up
    assert give_back(place, held).owed == ()
    assert place.floor() == 0


@pytest.mark.parametrize("operation", ["update_service", "suspend"])
@pytest.mark.parametrize("fault", [Throttled("slow down"), "answer_lost", "never_arrived"])
def test_handing_back_bears_throttling_and_lost_answers(operation: str, fault: Any) -> None:
    place, held = world(BORROWED, *ALL, b.SUSPENSION, scale_in=True)
    place.cloud.fail(operation, fault)
    assert give_back(place, held).owed == ()
    assert place.live().configuration == FOUND
    assert place.cloud.scalable["app"] == b.scaling()
    assert place.entry().debts == ()


def test_what_was_handed_back_is_struck_out_even_where_the_rest_fails() -> None:
    place, held = world(BORROWED, ALL[0], b.SUSPENSION, scale_in=True)
    place.cloud.refuse(Denied("no"), "suspend")
    with pytest.raises(Denied):
        give_back(place, held)
    assert [debt.what for debt in place.entry().debts] == ["suspension"]


def test_a_service_that_is_gone_keeps_its_debts() -> None:
    place, held = world(BORROWED, ALL[0])
    place.cloud.known.clear()
    with pytest.raises(NotFound):
        give_back(place, held)
    assert [debt.what for debt in place.entry().debts] == ["floor"]


def test_debts_in_words() -> None:
    assert borrow.names((b.FLOOR, b.SUSPENSION)) == "minimumHealthyPercent, scale-in"


def test_what_is_not_owed_is_not_written_back_from_a_look_of_before() -> None:
    """One read shows the service in the middle of the run before: its floor would be kept, and nobody would owe it."""
    place, held = world({**FOUND, "deploymentCircuitBreaker": {"enable": False}}, ALL[2])
    now = replace(place.live(), deployments=(b.deployment(2, b.NEW),))
    looks = [replace(place.live(), configuration=BORROWED)]

    def lag(operation: str) -> None:
        if operation == "services":
            place.cloud.put("app", looks.pop() if looks else now)

    place.cloud.before = lag
    borrow.give_back_configuration(place.hands(held), "local", "app", than=now)
    (update,) = place.cloud.updates
    assert update["configuration"] == {**FOUND, "deploymentCircuitBreaker": {"enable": True}}


def test_a_look_that_stays_as_it_is_is_taken_in_the_end() -> None:
    """A rollback of ECS's own leads to an older deployment, too."""
    place, held = world(BORROWED, ALL[0])
    newer = replace(place.live(), deployments=(b.deployment(2, b.NEW),))
    borrow.give_back_configuration(place.hands(held), "local", "app", than=newer)
    assert place.floor() == 0
