"""Runs that are no deploys are told in their own verb, with the command that goes on from there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.report_text import WORDS, facts, headline, next_steps, total


def result(action: str, outcome: Outcome, **changes: Any) -> Result:
    made = Result("app", outcome, revision="app:2", action=action, tag="v1")
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("action", "outcome", "says"),
    [
        ("deploy", Outcome.DEPLOYED, "deployed and proven"),
        ("rollback", Outcome.DEPLOYED, "back on app:2, and proven"),
        ("rollback", Outcome.UNCHANGED, WORDS[Outcome.UNCHANGED].says),
        ("resume", Outcome.DEPLOYED, "finished, app:2 is proven"),
        ("resume", Outcome.UNCHANGED, "nothing left to roll"),
        ("resume", Outcome.ROLLED_BACK, WORDS[Outcome.ROLLED_BACK].says),
        ("abort", Outcome.DEPLOYED, "undone, app:2 is proven"),
        ("abort", Outcome.ASLEEP, "undone, asleep at 0"),
        ("wake", Outcome.DEPLOYED, "awake and proven"),
        ("wake", Outcome.FAILED, "did not wake"),
        ("sleep", Outcome.ASLEEP, "asleep at 0"),
        ("sleep", Outcome.UNCHANGED, "asleep already"),
    ],
)
def test_the_headline_has_the_verb(action: str, outcome: Outcome, says: str) -> None:
    assert headline(result(action, outcome), "staging") == f"app on staging: {says}"


@pytest.mark.parametrize(
    ("action", "outcome", "step"),
    [
        ("rollback", Outcome.REFUSED, "inv app.rollback --env staging: once the cause is mended"),
        ("resume", Outcome.REFUSED, "inv app.resume --env staging: once the cause is mended"),
        ("resume", Outcome.ROLLED_BACK, "inv app.deploy --env staging --tag v1: starts anew"),
        ("resume", Outcome.INTERRUPTED, "inv app.deploy --env staging --tag v1: starts anew"),
        ("abort", Outcome.INTERRUPTED, "inv app.abort --env staging: starts anew"),
        ("sleep", Outcome.ASLEEP, "inv app.wake --env staging: wake it by hand"),
    ],
)
def test_the_next_command_is_one_that_has_something_to_do(action: str, outcome: Outcome, step: str) -> None:
    report = Report("staging", "v1", 1.0, 9, (result(action, outcome),), action)
    assert step in next_steps(report)


def test_a_resume_of_services_that_differ_names_what_is_not_well_and_its_tag() -> None:
    app = result("resume", Outcome.ROLLED_BACK, tag="demo-2")
    api = result("resume", Outcome.UNCHANGED, tag="demo", service="api")
    web = result("resume", Outcome.FAILED, tag="demo-3", service="web")
    steps = next_steps(Report("staging", "", 1.0, 9, (app, api), "resume"))
    assert steps == ["inv app.deploy --env staging --service app --tag demo-2: starts anew"]
    steps = next_steps(Report("staging", "", 1.0, 9, (app, api, web), "resume"))
    assert steps[1:] == [
        "inv app.deploy --env staging --service app --tag demo-2: starts anew",
        "inv app.deploy --env staging --service web --tag demo-3: starts anew",
    ]


@pytest.mark.parametrize(
    ("advice", "step"),
    [
        ("Name another one; `inv app.history` lists what was proven.", "inv app.history --env staging"),
        ("Go to another revision, or deploy a tag.", "inv app.history --env staging"),
        ("Raise MaxCapacity to at least 1.", "inv app.rollback --env staging --to app:1"),
    ],
)
def test_a_rollback_to_what_cannot_run_is_not_advised_again(advice: str, step: str) -> None:
    refused = result("rollback", Outcome.REFUSED, advice=advice)
    (next_step,) = next_steps(Report("staging", "", 1.0, 9, (refused,), "rollback", to="app:1"))
    assert next_step.startswith(f"{step}: ")


def test_an_exit_code_of_a_part_is_told_of_that_part() -> None:
    services = (result("deploy", Outcome.DEPLOYED), result("deploy", Outcome.REFUSED, service="api"))
    assert total(Report("staging", "v1", 1.0, 9, services)).endswith(
        "exit code 2 (api refused, and not changed)"
    )
    assert total(Report("staging", "v1", 1.0, 9, services[1:])).endswith(
        "(refused before anything was changed)"
    )


def test_what_was_proven_before_the_interrupt_is_not_done_again() -> None:
    proven = result("deploy", Outcome.INTERRUPTED, proven=True)
    steps = next_steps(Report("staging", "v1", 1.0, 9, (proven,)))
    assert steps == ["inv app.verify --env staging: look again, reading only"]


def test_where_the_advice_is_another_command_the_refused_one_is_not_recommended() -> None:
    refused = result("wake", Outcome.REFUSED, advice="Run `inv app.deploy --env staging --tag TAG`.")
    assert next_steps(Report("staging", "", 1.0, 9, (refused,), "wake")) == []


def test_an_unsettled_run_is_resumed_or_aborted_whatever_it_was() -> None:
    report = Report(
        "staging", "v1", 1.0, 9, (result("rollback", Outcome.INTERRUPTED, unsettled=True),), "rollback"
    )
    steps = next_steps(report)
    assert steps[0].startswith("inv app.resume --env staging")
    assert steps[1].startswith("inv app.abort --env staging")


def test_the_sleep_line_names_the_run() -> None:
    woken = result("wake", Outcome.DEPLOYED, was_asleep=True)
    assert ("Sleep", "it was at 0 and was brought to 1 for this wake") in facts(woken)


def test_a_run_over_some_services_is_gone_on_with_for_these() -> None:
    report = Report("my env", "v1", 1.0, 1, (result("deploy", Outcome.REFUSED),), chosen=("app", "web"))
    assert next_steps(report) == [
        "inv app.deploy --env 'my env' --service app,web --tag v1: once the cause is mended"
    ]


def test_a_rollback_by_name_is_repeated_by_name() -> None:
    report = Report(
        "local", "", 1.0, 1, (result("rollback", Outcome.REFUSED),), action="rollback", to="app:3"
    )
    assert next_steps(report) == ["inv app.rollback --env local --to app:3: once the cause is mended"]
