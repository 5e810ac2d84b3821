"""What begins a rollout: answers that get lost, throttling, a signal at the wrong moment."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment import model
from ecs_deployment.errors import CloudError, Conflict, Denied, Refused, Throttled, Unreachable
from ecs_deployment.journal import Overtaken
from ecs_deployment.launch import Launched, launch, perform
from ecs_deployment.plan import Plan
from ecs_deployment.rollout import begin
from ecs_deployment.rollout_state import GoBackTo, Limits, RaiseAgain, StopDeployment

from tests.deployment import builders as b
from tests.deployment.memory_cloud import Fault, World

CONTENT = b.definition(image="new").content
ROLLS = b.planned(
    content=CONTENT,
    configuration={"minimumHealthyPercent": 100, "maximumPercent": 200},
    debts=(b.FLOOR, b.SUSPENSION),
)
SLOW_DOWN = Throttled("AWS throttles ecs:UpdateService: Rate exceeded")


def world() -> World:
    made = World(floor=0)
    made.cloud.scalable["app"] = b.scaling()
    return made


def start(place: World, plan: Plan = ROLLS) -> Launched:
    return launch(place.job(plan).hands, plan)


def ids(place: World) -> list[str]:
    return [d.id for d in place.live().deployments]


def test_debts_are_written_before_the_suspension_and_the_one_update() -> None:
    place = world()
    held = place.hold()
    place.cloud.log.clear()
    launch(place.job(ROLLS, held).hands, ROLLS)
    changes = [name for name in place.cloud.log if name not in ("read_parameter", "overwrite_parameter")]
    assert changes == ["register", "suspend", "update_service"]
    assert [name for name in place.cloud.log if name in ("overwrite_parameter", "suspend")][:2] == [
        "overwrite_parameter",
        "suspend",
    ]
    (update,) = place.cloud.updates
    assert update == {
        "service": "app",
        "task_definition": b.NEW,
        "desired": None,
        "configuration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
        "force": False,
    }
    entry = place.entry()
    assert (entry.revision, entry.deployments) == (b.NEW, ("ecs-svc/2",))
    assert {debt.what for debt in entry.debts} == {"floor", "suspension"}
    assert place.cloud.scalable["app"].suspended == model.Suspended(True, False, False)


def test_debts_that_cannot_be_written_are_not_taken() -> None:
    place = world()
    job = place.job(ROLLS)
    place.cloud.refuse(Denied("The credentials may not call ssm:PutParameter."), "overwrite_parameter")
    with pytest.raises(Denied):
        launch(job.hands, ROLLS)
    assert place.cloud.updates == []
    assert not place.cloud.scalable["app"].suspended.scale_in


def test_who_may_not_read_the_lock_owes_nothing() -> None:
    place = world()
    job = place.job(ROLLS)
    place.cloud.refuse(Denied("The credentials may not call ssm:GetParameter."), "read_parameter")
    with pytest.raises(Denied):
        launch(job.hands, ROLLS)
    assert place.entry().debts == ()


def test_the_revision_that_is_there_already_is_not_registered() -> None:
    place = world()
    plan = b.planned(content=None, expectation=replace(ROLLS.expectation, revision=b.OLD), force=True)
    revision, answer, *_ = start(place, plan)
    assert (revision, place.cloud.sent("register")) == (b.OLD, 0)
    assert answer
    assert answer.primary
    assert answer.primary.id == "ecs-svc/2"


@pytest.mark.parametrize(
    ("planned", "live", "sent"), [(None, 1, None), (None, 0, None), (1, 0, 1), (1, 1, None), (1, 4, None)]
)
def test_a_desired_count_is_sent_only_where_the_plan_has_one_and_nobody_woke_it_since(
    planned: int | None, live: int, sent: int | None
) -> None:
    place = world()
    place.cloud.put("app", replace(place.live(), desired=live))
    launched = start(place, replace(ROLLS, desired=planned))
    assert place.cloud.updates[0]["desired"] == sent
    assert launched.woken is (planned == 1 and live > 0)


def test_what_was_woken_meanwhile_is_borrowed_for_before_it_rolls() -> None:
    """At 0 there was nothing to keep, and with 0/100 ECS would stop the only task first."""
    asleep = b.planned(desired=1, overlap=True)
    place = world()
    live = place.live()
    place.cloud.put(
        "app",
        replace(
            live, configuration={**live.configuration, "minimumHealthyPercent": 0, "maximumPercent": 100}
        ),
    )
    launched = start(place, asleep)
    (update,) = place.cloud.updates
    assert (launched.woken, update["desired"]) == (True, None)
    assert (update["configuration"]["minimumHealthyPercent"], update["configuration"]["maximumPercent"]) == (
        100,
        200,
    )
    assert {debt.what for debt in place.entry().debts} >= {"floor", "ceiling"}


def test_what_was_woken_meanwhile_and_cannot_roll_is_refused() -> None:
    place = world()
    live = place.live()
    place.cloud.put("app", replace(live, configuration={**live.configuration, "maximumPercent": 100}))
    with pytest.raises(Refused, match="was woken to 1 while this run began"):
        start(place, b.planned(desired=1))
    assert place.cloud.updates == []


def test_that_is_no_refusal_where_ecs_may_have_taken_our_own_deployment_back() -> None:
    """The answer was lost, and by the next look a quick breaker has rolled back: the count is ours."""
    place = world()
    one_task = {**place.live().configuration, "maximumPercent": 100}
    place.cloud.put("app", replace(place.live(), desired=0, running=0, configuration=one_task))

    def roll_back(operation: str) -> None:
        if operation == "services" and place.cloud.updates:
            live = place.live()
            before = replace(live.deployments[-1], id="ecs-svc/1", task_definition=b.OLD, status="PRIMARY")
            place.cloud.put("app", replace(live, task_definition=b.OLD, deployments=(before,)))

    place.cloud.before = roll_back
    place.cloud.fail("update_service", "answer_lost")
    with pytest.raises(Refused) as caught:
        start(place, b.planned(desired=1))
    assert place.cloud.updates
    assert caught.value.effect_unknown


@pytest.mark.parametrize(
    ("fault", "sent"),
    [(None, 1), ("answer_lost", 1), ("never_arrived", 2), (SLOW_DOWN, 2)],
)
def test_whatever_happens_to_the_update_there_is_one_deployment(fault: CloudError | None, sent: int) -> None:
    place = world()
    place.cloud.fail("update_service", fault)
    _, answer, *_ = start(place, replace(ROLLS, force=True))
    assert place.cloud.sent("update_service") == sent
    assert ids(place) == ["ecs-svc/2", "ecs-svc/1"]
    assert answer
    assert answer.primary
    assert answer.primary.id == "ecs-svc/2"
    assert place.entry().deployments == ("ecs-svc/2",)


@pytest.mark.parametrize("last", ["answer_lost", "never_arrived"])
def test_one_deployment_even_when_several_answers_are_lost(last: Fault) -> None:
    place = world()
    place.cloud.fail("update_service", "never_arrived", SLOW_DOWN, "never_arrived", last)
    start(place, replace(ROLLS, force=True))
    assert ids(place) == ["ecs-svc/2", "ecs-svc/1"]


def test_somebody_elses_deployment_is_not_taken_for_the_effect_of_ours() -> None:
    place = world()

    def interfere(operation: str) -> None:
        if operation == "update_service":
            place.cloud.before = lambda _: None
            place.cloud.update_service("local", "app", force=True)  # of the old revision

    job = place.job(ROLLS)
    place.cloud.before = interfere
    place.cloud.fail("update_service", None, "never_arrived")
    _, answer, *_ = launch(job.hands, ROLLS)
    assert answer
    assert answer.task_definition == b.NEW
    assert ids(place)[0] == "ecs-svc/3"


def test_throttling_is_borne_with_growing_patience_and_then_told() -> None:
    place = world()
    place.cloud.refuse(SLOW_DOWN, "update_service")
    with pytest.raises(Throttled):
        start(place)
    assert place.cloud.sent("update_service") == 6
    assert place.interrupts.waits == [0.5, 1, 2, 4, 8]
    assert ids(place) == ["ecs-svc/1"]


@pytest.mark.parametrize("error", [Denied("no"), Conflict("not now"), CloudError("rejected")])
def test_a_refusal_is_not_repeated(error: CloudError) -> None:
    place = world()
    place.cloud.refuse(error, "update_service")
    with pytest.raises(type(error)):
        start(place)
    assert place.cloud.sent("update_service") == 1


@pytest.mark.parametrize("operation", ["suspend", "register"])
def test_a_lost_answer_of_what_may_be_repeated_is_repeated(operation: str) -> None:
    place = world()
    place.cloud.fail(operation, "answer_lost")
    revision, _, *_ = start(place)
    assert place.cloud.sent(operation) == 2
    assert place.live().task_definition == revision


def test_a_signal_before_the_update_leaves_the_service_alone() -> None:
    place = world()
    job = place.job(ROLLS)

    def press(operation: str) -> None:
        if operation == "register":
            place.interrupts.pressed = 1

    place.cloud.before = press
    revision, answer, *_ = launch(job.hands, ROLLS)
    assert (revision, answer) == (b.NEW, None)
    assert ids(place) == ["ecs-svc/1"]


def test_the_second_signal_ends_the_patience() -> None:
    place = world()
    job = place.job(ROLLS)

    def press(operation: str) -> None:
        if operation == "update_service":
            place.interrupts.pressed += 1

    place.cloud.before = press
    place.cloud.refuse(SLOW_DOWN, "update_service")
    with pytest.raises(Throttled):
        launch(job.hands, ROLLS)
    assert place.cloud.sent("update_service") == 2


def test_nothing_goes_out_once_the_lock_is_lost() -> None:
    place = world()
    job = place.job(ROLLS)
    place.cloud.parameters.plant(f"{place.path('app')}/00000002", place.cloud.parameters.value(_first(place)))
    with pytest.raises(Overtaken):
        launch(job.hands, ROLLS)
    assert place.cloud.updates == []
    assert not place.cloud.scalable["app"].suspended.scale_in


def test_the_lock_is_asked_for_again_before_each_repetition() -> None:
    place = world()
    job = place.job(ROLLS)

    def overtake(operation: str) -> None:
        if operation == "update_service":
            place.cloud.parameters.plant(
                f"{place.path('app')}/00000002", place.cloud.parameters.value(_first(place))
            )

    place.cloud.before = overtake
    place.cloud.refuse(SLOW_DOWN, "update_service")
    with pytest.raises(Overtaken):
        launch(job.hands, ROLLS)
    assert place.cloud.sent("update_service") == 1


def test_what_a_rollout_asks_for_is_done() -> None:
    place = world()
    job = place.job(ROLLS)
    revision, answer, *_ = launch(job.hands, ROLLS)
    assert answer
    state = begin(ROLLS, revision, answer, Limits(), place.clock.now)
    place.cloud.put("app", replace(place.live(), desired=0))
    raised = perform(job.hands, state, RaiseAgain(4))
    assert raised
    back = perform(job.hands, replace(state, last=raised), GoBackTo(b.OLD, 0))
    assert back
    raise_again, go_back = place.cloud.updates[1:]
    assert (raise_again["desired"], raise_again["force"], raise_again["task_definition"]) == (4, True, b.NEW)
    assert (go_back["desired"], go_back["force"], go_back["task_definition"]) == (0, False, b.OLD)
    # What was borrowed with the first call is still in place.
    assert [u["configuration"] for u in place.cloud.updates[1:]] == [None, None]
    assert place.floor() == 100
    assert place.entry().deployments == ("ecs-svc/2", "ecs-svc/3", "ecs-svc/4")


@pytest.mark.parametrize("fault", [None, "answer_lost", Conflict("it stops already")])
def test_stopping_a_deployment(fault: CloudError | None) -> None:
    place = world()
    job = place.job(ROLLS)
    revision, answer, *_ = launch(job.hands, ROLLS)
    assert answer
    rollout = b.rollout_of(2, "IN_PROGRESS")
    place.cloud.rollouts["2"] = rollout
    place.cloud.fail("stop_deployment", fault)
    state = begin(ROLLS, revision, answer, Limits(), place.clock.now)
    assert perform(job.hands, state, StopDeployment(rollout.arn)) is None


def test_a_dropped_connection_that_was_never_sent_is_tried_again() -> None:
    place = world()
    place.cloud.fail("update_service", Unreachable("AWS could not be reached."))
    start(place)
    assert place.cloud.sent("services") == 0  # nothing to look for: it was never sent
    assert ids(place) == ["ecs-svc/2", "ecs-svc/1"]


def _first(place: World) -> str:
    return f"{place.path('app')}/00000001"
