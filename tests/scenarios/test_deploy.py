"""Whole deploys on the embedded ECS: real processes, real traffic, and what is left afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ecs_deployment import events, model
from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.rollout_state import Limits

from tests.scenarios.place import Place, without_url


def only(where: Place, tag: str, **wishes: Any) -> Result:
    """Deploy and give the one service's result."""
    report = where.deploy(tag, **wishes)
    (result,) = report.services
    assert report.exit_code == result.outcome.exit_code
    return result


def percent(where: Place) -> tuple[int, int]:
    live = where.snapshot().service.configuration
    return live["minimumHealthyPercent"], live["maximumPercent"]


def scale_in_suspended(where: Place) -> bool:
    scaling = where.snapshot().scaling
    assert scaling is not None
    return scaling.suspended.scale_in


def nothing_is_borrowed(where: Place) -> None:
    newest = where.entries()[0]
    assert newest.debts == ()
    assert newest.outcome
    assert not scale_in_suspended(where)


def test_the_first_deploy_ever_wakes_proves_and_hands_back(fresh: Place) -> None:
    told: list[events.Event] = []
    result = only(fresh, "demo", sink=told.append)
    assert (result.outcome, result.was_asleep) == (Outcome.DEPLOYED, True)
    story = " ".join(event.text for event in told if isinstance(event, events.Said))
    assert "at 0" in story
    assert "brought to 1" in story
    assert "5 idle minutes" in story
    snapshot = fresh.snapshot()
    assert (snapshot.service.desired, snapshot.service.running) == (1, 1)
    breaker = snapshot.service.configuration["deploymentCircuitBreaker"]
    assert (breaker["enable"], breaker["rollback"]) == (True, True)
    nothing_is_borrowed(fresh)
    entry = fresh.entries()[0]
    assert (entry.proven, entry.outcome, entry.digest) == (True, "deployed", result.digest)
    assert entry.deployments == (result.deployment_id,)
    assert fresh.verify("demo").findings == ()


def test_a_first_deploy_that_fails_leaves_the_service_at_zero(fresh: Place) -> None:
    result = only(fresh, "demo-broken")
    assert result.outcome is Outcome.FAILED
    assert "exited with code 1" in result.cause
    assert any("DATABASE_URL" in line for line in result.evidence)
    service = fresh.snapshot().service
    assert (service.desired, service.running) == (0, 0)
    nothing_is_borrowed(fresh)
    assert only(fresh, "demo").outcome is Outcome.DEPLOYED  # the next one is not held up by it


def test_from_one_task_to_the_next(where: Place) -> None:
    before = where.snapshot().service
    result = only(where, "demo-2")
    assert result.outcome is Outcome.DEPLOYED
    assert result.probe is not None
    assert (result.probe.measured, result.probe.failed) == (True, 0)
    snapshot = where.snapshot()
    assert [d.id for d in snapshot.service.deployments] == [result.deployment_id]
    assert snapshot.service.configuration == before.configuration
    assert {c.image_digest for task in snapshot.running for c in task.containers} == {result.digest}
    nothing_is_borrowed(where)


def test_only_the_image_differs_between_the_revisions(where: Place) -> None:
    cloud = where.connection.cloud
    before = cloud.task_definition(where.snapshot().service.task_definition)
    result = only(where, "demo-2")
    after = cloud.task_definition(where.snapshot().service.task_definition)
    (definition,) = after.content["containerDefinitions"]
    assert definition["image"].endswith(f"@{result.digest}")
    old = before.content["containerDefinitions"][0]["image"]
    assert {**after.content, "containerDefinitions": [{**definition, "image": old}]} == before.content


def test_what_runs_already_is_left_alone(where: Place) -> None:
    before, entries = where.snapshot(), where.entries()
    result = only(where, "demo")
    assert result.outcome is Outcome.UNCHANGED
    assert where.snapshot().service.deployments == before.service.deployments
    assert where.entries() == entries


def test_asleep_and_proven_is_left_asleep(where: Place) -> None:
    where.fall_asleep()
    result = only(where, "demo")
    assert result.outcome is Outcome.UNCHANGED
    assert "asleep, last proven" in result.summary
    assert where.snapshot().service.desired == 0
    verified = where.verify("demo")
    assert (verified.findings, verified.asleep) == ((), True)


def test_asleep_and_new_is_woken_by_the_same_call_that_rolls(where: Place) -> None:
    where.fall_asleep()
    result = only(where, "demo-2")
    assert (result.outcome, result.was_asleep) == (Outcome.DEPLOYED, True)
    started = [e.message for e in where.snapshot().service.events if "has started" in e.message]
    assert "has started 1 tasks" in started[0]
    assert {t.task_definition for t in where.snapshot().running} == {where.snapshot().service.task_definition}


def test_a_floor_of_zero_is_raised_only_for_the_rollout(where: Place) -> None:
    where.configure(minimumHealthyPercent=0)
    seen: set[int] = set()

    def watch(event: events.Event) -> None:
        if isinstance(event, events.Progress) and event.stage != "handing back":
            seen.add(percent(where)[0])

    result = only(where, "demo-2", sink=watch)
    assert result.outcome is Outcome.DEPLOYED
    assert seen == {100}
    assert percent(where) == (0, 200)
    assert any("minimumHealthyPercent is 0 again" in line for line in result.handed_back)


def test_a_failed_sleeper_is_proven_on_the_revision_before(where: Place) -> None:
    proven = where.snapshot().service.task_definition
    where.fall_asleep()
    result = only(where, "demo-broken")
    assert result.outcome is Outcome.ROLLED_BACK
    assert where.snapshot().service.task_definition == proven
    nothing_is_borrowed(where)


def test_left_where_it_is_on_request(where: Place) -> None:
    """Also where ECS's own rollback is on: the template has it so."""
    where.configure(deploymentCircuitBreaker={"enable": True, "rollback": True})
    result = only(where, "demo-broken", limits=Limits(roll_back=False), request={"leave": True})
    assert result.outcome is Outcome.FAILED
    assert where.snapshot().service.task_definition.endswith(result.revision.rpartition(":")[2])


def test_without_a_url_nothing_is_measured_and_the_report_says_so(where: Place) -> None:
    blind = replace(where, connection=without_url(where.connection))
    result = only(blind, "demo-2")
    assert result.outcome is Outcome.DEPLOYED
    assert result.probe is not None
    assert (result.probe.measured, bool(result.probe.why_not)) == (False, True)


def test_a_second_deployer_is_refused_with_the_owner(where: Place) -> None:
    inner: list[Result] = []

    def meanwhile(event: events.Event) -> None:
        if isinstance(event, events.Progress) and not inner:
            (second,) = where.deploy("demo-2").services
            inner.append(second)

    first = only(where, "demo-2", sink=meanwhile)
    assert first.outcome is Outcome.DEPLOYED
    assert inner[0].outcome is Outcome.REFUSED
    assert "@" in inner[0].cause


def test_an_unknown_tag_is_refused_and_nothing_changes(where: Place) -> None:
    entries = where.entries()
    result = only(where, "no-such-tag")
    assert (result.outcome, result.summary) == (Outcome.REFUSED, "Nothing was changed.")
    assert where.entries() == entries
    assert isinstance(where.snapshot(), model.Snapshot)
