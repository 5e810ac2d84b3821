"""Back to what was proven, by hand: whole rollbacks on the embedded ECS."""

from __future__ import annotations

from ecs_deployment.outcome import Outcome, Result

from tests.scenarios.place import Place


def rolled_back(where: Place, to: str = "") -> Result:
    (result,) = where.deploy("", request={"action": "rollback", "to": to}, probe=False).services
    return result


def test_back_to_the_last_proven_and_further_by_name(where: Place) -> None:
    first = where.snapshot().service.task_definition
    (second,) = where.deploy("demo-2", probe=False).services
    result = rolled_back(where)
    assert (result.outcome, result.action, result.tag) == (Outcome.DEPLOYED, "rollback", "demo")
    assert where.snapshot().service.task_definition == first
    assert {c.image_digest for task in where.snapshot().running for c in task.containers} == {result.digest}
    entry = where.entries()[0]
    assert (entry.action, entry.proven, entry.revision, entry.debts) == ("rollback", True, first, ())
    assert where.verify("demo").findings == ()
    again = rolled_back(where, second.revision)
    assert (again.outcome, again.revision) == (Outcome.DEPLOYED, second.revision)


def test_a_deregistered_revision_is_registered_anew_and_a_sleeper_is_woken(where: Place) -> None:
    old = where.snapshot().service.task_definition
    assert where.deploy("demo-2", probe=False).exit_code == 0
    where.connection.changes("ecs").deregister_task_definition(taskDefinition=old)
    where.fall_asleep()
    result = rolled_back(where, "demo")
    assert (result.outcome, result.was_asleep) == (Outcome.DEPLOYED, True)
    live = where.snapshot()
    assert live.service.desired == 1
    cloud = where.connection.cloud
    assert live.service.task_definition != old
    assert cloud.task_definition(live.service.task_definition).content == cloud.task_definition(old).content
    assert not live.scaling or not live.scaling.suspended.scale_in


def test_what_is_not_known_is_refused_and_nothing_changes(where: Place) -> None:
    before, entries = where.snapshot().service.deployments, where.entries()
    result = rolled_back(where, "never-was")
    assert result.outcome is Outcome.REFUSED
    assert "knows no run of tag 'never-was'" in result.cause
    assert (where.snapshot().service.deployments, where.entries()) == (before, entries)


def test_awake_and_asleep_by_hand(where: Place) -> None:
    (slept,) = where.deploy("", request={"action": "sleep"}).services
    assert slept.outcome is Outcome.ASLEEP
    assert "Its first request wakes it" in slept.summary
    assert (where.snapshot().service.desired, where.snapshot().service.running) == (0, 0)
    (again,) = where.deploy("", request={"action": "sleep"}).services
    assert again.outcome is Outcome.UNCHANGED
    (woken,) = where.deploy("", request={"action": "wake"}, probe=False).services
    assert (woken.outcome, woken.was_asleep, woken.revision) == (Outcome.DEPLOYED, True, slept.revision)
    assert where.snapshot().service.running == 1
    entry = where.entries()[0]
    assert (entry.action, entry.proven, entry.asleep, entry.debts) == ("wake", True, True, ())
    (awake,) = where.deploy("", request={"action": "wake"}).services
    assert awake.outcome is Outcome.UNCHANGED
