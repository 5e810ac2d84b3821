"""What a deploy decides before it changes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import model
from ecs_deployment.debts import Debt
from ecs_deployment.goal import Goal
from ecs_deployment.known import Known, Request
from ecs_deployment.plan import Plan, plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.settings import ServiceSettings

from tests.deployment.builders import (
    DIGEST,
    NEW,
    OLD,
    SETTINGS,
    URI,
    definition,
    deployment,
    image,
    known,
    scaling,
    service,
    snapshot,
)

REQUEST = Request("local", "demo")


def decided(facts: Known, settings: ServiceSettings = SETTINGS, request: Request = REQUEST) -> Plan:
    decision = plan(request, facts, settings)
    assert isinstance(decision, Plan), decision
    return decision


def refused(facts: Known, settings: ServiceSettings = SETTINGS, request: Request = REQUEST) -> Refusal:
    decision = plan(request, facts, settings)
    assert isinstance(decision, Refusal), decision
    return decision


def with_service(**changes: Any) -> Known:
    return known(snapshot(service(**changes)))


def at(floor: int, ceiling: int, **changes: Any) -> Known:
    return with_service(
        configuration={
            "minimumHealthyPercent": floor,
            "maximumPercent": ceiling,
            "alarms": {"enable": False},
        },
        **changes,
    )


ASLEEP = deployment(running=0, desired=0)


def asleep(**changes: Any) -> Known:
    seen = model.Snapshot(service(ASLEEP, desired=0))
    return replace(known(seen), **changes)


def test_a_new_image_is_pinned_and_everything_else_is_kept() -> None:
    decision = decided(known())
    assert decision.rolls
    assert decision.content == {
        **definition().content,
        "containerDefinitions": [
            {**definition().content["containerDefinitions"][0], "image": f"{URI}@{DIGEST}"}
        ],
    }
    assert decision.desired is None
    assert not decision.force


def test_only_the_configured_containers_get_the_image() -> None:
    both = definition().content["containerDefinitions"] + [{"name": "proxy", "image": "envoy:1"}]
    facts = known(current=definition(containerDefinitions=both))
    assert [d["image"] for d in decided(facts).content["containerDefinitions"]] == [
        f"{URI}@{DIGEST}",
        "envoy:1",
    ]


def test_what_runs_already_and_is_well_is_left_alone() -> None:
    decision = decided(known(current=definition(image=f"{URI}@{DIGEST}")))
    assert not decision.rolls
    assert decision.debts == ()


def test_what_runs_already_and_is_not_well_is_rolled_anew() -> None:
    unwell = snapshot(service(deployment(running=0), running=0), running=())
    decision = decided(known(unwell, current=definition(image=f"{URI}@{DIGEST}")))
    assert (decision.rolls, decision.force, decision.content) == (True, True, None)


def test_asleep_it_is_brought_to_one_in_the_same_call() -> None:
    decision = decided(asleep())
    assert (decision.rolls, decision.desired, decision.was_asleep) == (True, 1, True)
    assert any("brought to 1" in line for line in decision.story)


@pytest.mark.parametrize(("proofs", "rolls"), [({OLD: "2026-11-23"}, False), ({}, True)])
def test_asleep_on_the_same_image_counts_only_with_a_proof(proofs: dict[str, str], rolls: bool) -> None:
    decision = decided(asleep(current=definition(image=f"{URI}@{DIGEST}"), proven_at=proofs))
    assert decision.rolls is rolls
    assert decision.force is True
    assert any("last proven 2026-11-23" in line for line in decision.story) is not rolls


# live floor/ceiling, desired -> what is borrowed
ENVELOPES = [
    (100, 200, 1, ()),
    (100, 200, 4, ()),
    (0, 200, 1, (Debt("floor", 0, 100),)),
    (0, 200, 4, (Debt("floor", 0, 100),)),
    (50, 200, 1, (Debt("floor", 50, 100),)),  # one task is kept, but autoscaling may make it two on the way
    (100, 200, 1, ()),
    (50, 200, 4, (Debt("floor", 50, 100),)),
    (0, 125, 4, (Debt("floor", 0, 100),)),
]


@pytest.mark.parametrize(("floor", "ceiling", "desired", "debts"), ENVELOPES)
def test_the_floor_is_raised_where_a_task_could_go_missing(
    floor: int, ceiling: int, desired: int, debts: tuple[Debt, ...]
) -> None:
    decision = decided(at(floor, ceiling, desired=desired))
    assert decision.debts == debts
    if debts:
        assert decision.configuration == {
            "minimumHealthyPercent": 100,
            "maximumPercent": ceiling,
            "alarms": {"enable": False},
        }
    else:
        assert decision.configuration is None


@pytest.mark.parametrize(
    ("floor", "ceiling", "desired"), [(0, 100, 1), (100, 100, 1), (0, 150, 1), (50, 100, 4)]
)
def test_a_ceiling_that_forbids_starting_first_is_refused(floor: int, ceiling: int, desired: int) -> None:
    assert "overlap = true" in refused(at(floor, ceiling, desired=desired)).cure


def test_overlap_raises_the_ceiling_and_owes_it() -> None:
    decision = decided(at(0, 100), replace(SETTINGS, overlap=True))
    assert decision.debts == (Debt("ceiling", 100, 200), Debt("floor", 0, 100))


def test_an_accepted_interruption_keeps_both() -> None:
    decision = decided(at(0, 100), replace(SETTINGS, interruption="accepted"))
    assert (decision.debts, decision.accepts_gap) == ((), True)


def test_early_success_is_raised_with_the_floor() -> None:
    early = {"enable": True, "healthyPercent": 50, "sourceServiceRevisionCleanup": "DEFERRED"}
    configuration = {"minimumHealthyPercent": 0, "maximumPercent": 200, "earlySuccessCriteria": early}
    decision = decided(with_service(configuration=configuration))
    assert Debt("early_success", 50, 100) in decision.debts
    assert decision.configuration is not None
    assert decision.configuration["earlySuccessCriteria"] == {**early, "healthyPercent": 100}


BREAKER = {
    "minimumHealthyPercent": 100,
    "maximumPercent": 200,
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
}
NO_ROLLBACK = (Debt("breaker_rollback", True, False), Debt("alarm_rollback", True, False))


def test_the_breaker_rolls_back_only_to_what_is_known_to_work() -> None:
    serving = decided(with_service(configuration=BREAKER))
    assert (serving.debts, serving.fallback.by_ecs) == ((), True)
    sleeping = decided(known(model.Snapshot(service(ASLEEP, desired=0, configuration=BREAKER))))
    assert sleeping.debts == NO_ROLLBACK
    assert (sleeping.fallback.revision, sleeping.fallback.desired, sleeping.fallback.by_ecs) == (
        OLD,
        0,
        False,
    )


def test_what_is_to_be_left_is_not_rolled_back_by_ecs_either() -> None:
    left = plan(replace(REQUEST, leave=True), with_service(configuration=BREAKER), SETTINGS)
    assert isinstance(left, Plan)
    assert left.debts == NO_ROLLBACK
    assert left.configuration
    assert left.configuration["alarms"] == {"alarmNames": ["errors"], "enable": True, "rollback": False}
    assert "what fails is to be left as it is" in left.story[-1]


def test_a_sleeper_goes_back_to_the_last_proven_revision() -> None:
    fallback = decided(asleep(proven=(NEW,))).fallback
    assert (fallback.revision, fallback.desired, fallback.proven) == (NEW, None, True)


def test_what_gives_way_in_mid_rollout_still_serves_and_is_the_way_back() -> None:
    rolling = deployment(2, NEW, running=1, desired=2, rollout_state="IN_PROGRESS")
    before = deployment(1, OLD, running=1, desired=1, status="ACTIVE")
    fallback = decided(known(model.Snapshot(service(rolling, before, desired=2)), unfinished={NEW})).fallback
    assert (fallback.revision, fallback.proven, fallback.by_ecs) == (OLD, True, True)


@pytest.mark.parametrize(("proven", "goes_back"), [((), False), ((OLD,), True)])
def test_the_very_revision_that_fails_is_no_way_back(proven: tuple[str, ...], goes_back: bool) -> None:
    goal = Goal(revision=NEW, wakes=True)
    unwell = model.Snapshot(service(deployment(2, NEW, running=0, rollout_state="IN_PROGRESS")))
    it = definition(NEW)
    decision = decided(known(unwell, goal=goal, current=it, wanted=it, proven=proven, unfinished={NEW}))
    assert decision.goes_back is goes_back


def test_who_sleeps_by_other_means_needs_no_scalable_target_for_it() -> None:
    never = known(model.Snapshot(service(ASLEEP, desired=0)))
    assert not decided(never).sleeps_again
    assert decided(never, replace(SETTINGS, sleeps_otherwise=True)).sleeps_again


def test_scale_in_is_suspended_and_the_other_flags_stay() -> None:
    scaling = model.Scaling(0, 4, model.Suspended(scale_in=False, scale_out=True, scheduled=False))
    decision = decided(known(snapshot(scaling=scaling)))
    before = {"in": False, "out": True, "scheduled": False}
    assert decision.debts == (Debt("suspension", before, {**before, "in": True}),)
    assert decision.sleeps_again


def test_a_suspension_of_somebody_else_is_not_ours_to_lift() -> None:
    scaling = model.Scaling(0, 4, model.Suspended(scale_in=True, scale_out=False, scheduled=False))
    assert decided(known(snapshot(scaling=scaling))).debts == ()


def rolling(**changes: Any) -> model.Service:
    return service(deployment(2, NEW, rollout_state="IN_PROGRESS", **changes), deployment(1, status="ACTIVE"))


REFUSALS: list[tuple[str, Known]] = [
    ("INACTIVE", with_service(status="INACTIVE")),
    ("CODE_DEPLOY", with_service(controller="CODE_DEPLOY")),
    ("BLUE_GREEN", with_service(configuration={"strategy": "BLUE_GREEN"})),
    ("DAEMON", with_service(scheduling="DAEMON")),
    ("no image", known(image=None)),
    ("arm64", known(image=image(architectures=frozenset({"arm64"})))),
    ("no container", known(current=definition(containerDefinitions=[{"name": "web", "image": "x"}]))),
    ("under way", known(snapshot(rolling()))),
    ("MaxCapacity", known(snapshot(scaling=model.Scaling(0, 0, model.Suspended(False, False, False))))),
]


@pytest.mark.parametrize(("word", "facts"), REFUSALS, ids=[word for word, _ in REFUSALS])
def test_refusals_name_the_reason(word: str, facts: Known) -> None:
    refusal = refused(facts)
    assert word in refusal.what
    assert refusal.cure


def test_a_foreign_rollout_may_be_superseded_taken_over_or_replaced_when_it_fails() -> None:
    assert decided(known(snapshot(rolling())), request=replace(REQUEST, supersede=True))
    assert decided(replace(known(snapshot(rolling())), inherited=frozenset({"ecs-svc/2"})))
    assert decided(known(snapshot(rolling(running=0, failed_tasks=2))))


def test_a_registry_that_cannot_be_read_is_not_checked_and_says_so() -> None:
    settings = replace(SETTINGS, repository="ghcr.io/acme/app")
    decision = decided(known(image=None, unchecked="no ECR"), settings)
    assert decision.content is not None
    assert decision.content["containerDefinitions"][0]["image"] == "ghcr.io/acme/app:demo"
    assert any("not checked" in note for note in decision.notes)


@pytest.mark.parametrize("desired", [0, 1])
def test_the_same_tag_of_such_a_registry_may_be_another_image_by_now(desired: int) -> None:
    settings = replace(SETTINGS, repository="ghcr.io/acme/app")
    seen = snapshot(service(deployment(desired=desired), desired=desired))
    in_place = known(seen, current=definition(image="ghcr.io/acme/app:demo"), proven_at={OLD: "an hour ago"})
    decision = decided(replace(in_place, image=None, unchecked="no ECR"), settings)
    assert (decision.rolls, decision.force, decision.content) == (True, True, None)
    assert any("demo may name another image by now" in note for note in decision.notes)
    asks_for_it = replace(in_place, image=None, unchecked="no ECR", goal=Goal(revision=OLD))
    assert not decided(replace(asks_for_it, wanted=in_place.current), settings).rolls, "no tag was asked for"


def test_what_autoscaling_would_wake_at_once_is_not_put_to_sleep() -> None:
    """Any change of a scalable target lifts the count to MinCapacity, handing back the suspension too."""
    facts = known(snapshot(scaling=scaling(1)), image=None, goal=Goal(revision=OLD, at_zero=True))
    assert "MinCapacity is 1" in refused(facts, request=replace(REQUEST, action="sleep")).what


def test_a_service_below_mincapacity_is_not_suspended_which_would_wake_the_old_revision() -> None:
    """RegisterScalableTarget "adjusts the capacity" even where only a flag is given (botocore)."""
    asleep = service(deployment(desired=0, running=0), desired=0)
    assert decided(known(snapshot(asleep, running=(), scaling=scaling(1)))).debts == ()
    assert [debt.what for debt in decided(known(snapshot(asleep, running=(), scaling=scaling(0)))).debts] == [
        "suspension"
    ]


def test_a_mistyped_tag_is_answered_with_a_command_that_can_be_pasted() -> None:
    facts = known(image=None, goal=Goal(tag="dmo", image="dmo"), tags=("demo", "demo-2", "v1"))
    assert refused(facts).cure.startswith("Did you mean demo or demo-2? Then `inv app.deploy --tag demo`.")
    assert "app.deploy" not in refused(replace(facts, tags=("v1",))).cure
