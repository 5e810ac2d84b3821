"""`journal = "off"`: what a run leaves behind is told whole, and nothing is promised that a journal would do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import borrow, commands_told, status, verify
from ecs_deployment import deploy as job
from ecs_deployment.debts import Debt
from ecs_deployment.events import Said
from ecs_deployment.journal import OFF_MEANS
from ecs_deployment.known import Action, Request
from ecs_deployment.outcome import Outcome, Report
from ecs_deployment.report_final import screen
from ecs_deployment.report_text import next_steps
from ecs_deployment.rollout_state import Limits
from ecs_deployment.survey import Setting, Wishes

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands
from tests.deployment.memory_runs import ENVIRONMENT, place
from tests.deployment.test_wake_and_sleep import drains

OFF = replace(ENVIRONMENT, journal="off")
FLOOR = Debt("floor", 0, 100)
SUSPENSION = Debt("suspension", {"in": False, "out": False, "scheduled": False}, None)


def act(world: World, action: Action = "deploy", tag: str = "") -> Report:
    setting = Setting(world.cloud, OFF, world.clock, world.told.append, world.interrupts)
    wishes = Wishes(limits=Limits(no_progress=60.0), probe=False)
    return commands_told.report(job.deploy(setting, Request("staging", tag, action=action), wishes))


def promises_nothing(report: Report) -> None:
    shown = " ".join(line.text for line in screen(report, 80))
    assert not [word for word in ("app.resume", "app.abort", "in the journal") if word in shown], shown


def unfinished(**pressed: int) -> tuple[World, Report]:
    """A deploy that was still rolling when its time was up, or when it was told to go at once."""
    world = place(proven=False)
    world.cloud.progress = stands

    def press(operation: str) -> None:
        if operation == "services" and world.cloud.updates:
            world.interrupts.pressed = pressed.get("pressed", 0)

    world.cloud.before = press
    return world, act(world, tag="demo")


def test_what_a_deploy_goes_without_is_said() -> None:
    world = place(proven=False)
    assert act(world, tag="demo").outcome is Outcome.DEPLOYED
    assert [e for e in world.told if isinstance(e, Said) and (e.text, e.kind) == (OFF_MEANS, "warning")]


@pytest.mark.parametrize(("pressed", "outcome"), [(0, Outcome.UNDECIDED), (2, Outcome.INTERRUPTED)])
def test_what_is_owed_is_told_with_its_values_and_nobody_is_sent_to_a_journal(
    pressed: int, outcome: Outcome
) -> None:
    world, report = unfinished(pressed=pressed)
    (result,) = report.services
    assert result.outcome is outcome
    assert result.owed == (
        "by hand once nothing rolls, since no journal keeps it: set minimumHealthyPercent to 0, resume scale-in",
    )
    assert (world.floor(), world.cloud.scalable["app"].suspended.scale_in) == (100, True)
    assert "`inv app.status --env staging --service app`" in result.advice
    assert next_steps(report) == [
        "inv app.status --env staging: what runs now",
        "inv app.deploy --env staging --tag demo: starts anew, once nothing rolls",
    ]
    promises_nothing(report)


def test_a_resume_that_can_never_do_anything_is_not_advised() -> None:
    report = act(place(proven=False), "resume")
    assert (report.outcome, next_steps(report)) == (Outcome.REFUSED, [])
    assert "`inv app.deploy --env staging --service app --tag TAG` brings" in report.services[0].advice


@pytest.mark.parametrize(
    ("owed", "holds_out", "says"),
    [
        ((), False, ""),
        (
            (FLOOR,),
            False,
            "by hand once nothing rolls, since no journal keeps it: set minimumHealthyPercent to 0",
        ),
        ((FLOOR,), True, "by hand once a deploy has succeeded, since no journal keeps it: set "),
        ((SUSPENSION,), False, "keeps it: resume scale-in"),
        (
            (Debt("breaker_rollback", True, False),),
            False,
            "keeps it: switch the circuit breaker's rollback on",
        ),
        ((Debt("early_success", 50, 100),), False, "keeps it: set the early-success percentage to 50"),
    ],
)
def test_how_each_debt_goes_back_by_hand(owed: tuple[Debt, ...], holds_out: bool, says: str) -> None:
    assert says in "".join(borrow.by_hand(owed, holds_out=holds_out))


def test_no_proof_is_asked_for_that_nothing_could_keep() -> None:
    world = place(asleep=True, proven=False)
    found = verify.look(world.cloud, b.SETTINGS, "off", "", send=False)
    assert found.findings == ()
    assert found.story[0] == "asleep at desired 0, and no journal tells whether it was proven"
    unproven = verify.look(world.cloud, b.SETTINGS, "deploys", "", send=False)
    assert [finding.code for finding in unproven.findings] == ["unproven"]


def test_no_journal_is_spoken_of_where_there_is_none() -> None:
    told = dict(status.rows(status.look(place(proven=False).cloud, b.SETTINGS, "off")))
    assert told["Revision"] == "app:1, and no journal tells whether proven"


def test_what_goes_to_sleep_is_not_called_unproven() -> None:
    world: Any = place(proven=False)
    world.cloud.progress = drains
    (result,) = act(world, "sleep").services
    assert (result.outcome, result.notes) == (Outcome.ASLEEP, ())
