"""A stack update never undoes a deploy and never wakes a sleeping service, whatever goes wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import events
from ecs_deployment.aws.permissions import PERMISSIONS
from ecs_deployment.clock import RealClock
from ecs_deployment.errors import Denied, LockHeld, Refused, Unreachable
from ecs_deployment.journal import Taking, journal_path, read, take
from ecs_provisioning import ahead, changeset, live, stack, template
from ecs_provisioning import apply as room
from ecs_provisioning.apply import apply
from ecs_provisioning.calls import call
from ecs_provisioning.errors import StackRolledBack, Undecided
from ecs_provisioning.live import Live
from ecs_provisioning.lock import locked, locks
from ecs_provisioning.prepare import Wish, forget, prepare

from tests.engine import wait_for
from tests.provisioning.quietly import applied, free, with_bad_end
from tests.scenarios.place import CLUSTER, SERVICE, Place, place

NAME = "ecs-local-app"
# Without an idle alarm, which would keep a deploy waiting for its next look, up to a minute.
SETTINGS = """
[environments.local]
provider = "local"

[environments.local.services.app]
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place with the service deployed, by the template."""
    with place(tmp_path_factory.mktemp("place"), settings=SETTINGS) as found:
        yield found


@pytest.fixture
def where(shared: Place) -> Place:
    """The shared place, awake on `demo`, with the stack as the template has it."""
    report = shared.deploy("demo", probe=False, request={"supersede": True})
    assert report.exit_code == 0, report
    return shared


def wish(where: Place, **parameters: str) -> Wish:
    return Wish("local", where.connection.environment.services[0], parameters)


def runs(where: Place) -> tuple[Any, ...]:
    """Everything about the service that a stack update must not change."""
    found = where.snapshot().service
    tasks = where.connection.clients("ecs").list_tasks(cluster=CLUSTER, serviceName=SERVICE)["taskArns"]
    return found.task_definition, found.desired, [one.id for one in found.deployments], sorted(tasks)


def held(where: Place, asked: Wish) -> room.Applied:
    """Apply under the lock, as the task does."""
    cloud, environment = where.connection.cloud, where.connection.environment
    return apply(
        where.connection.aws,
        asked,
        RealClock(),
        lambda _: None,
        lambda service, live: locked(cloud, environment, service, live, RealClock()),
    )


def now(where: Place) -> Live:
    found = live.read(where.connection.aws, CLUSTER, SERVICE, SERVICE)
    assert found
    return found


def interval(where: Place) -> int:
    rows = where.connection.clients("elbv2").describe_target_groups()["TargetGroups"]
    return int(rows[0]["HealthCheckIntervalSeconds"])


def fresh(where: Place) -> str:
    """A health check interval that the stack does not have yet."""
    return str(interval(where) + 1)


def test_an_apply_without_changes_says_so(where: Place) -> None:
    before = runs(where)
    assert applied(where.connection.aws, wish(where)).outcome == "unchanged"
    assert runs(where) == before


@pytest.mark.parametrize("asleep", [False, True])
def test_deploy_then_apply_changes_nothing_that_runs(where: Place, asleep: bool) -> None:
    if asleep:
        where.fall_asleep()
    before, seconds = runs(where), fresh(where)
    floor = "50" if asleep else "60"
    done = applied(
        where.connection.aws, wish(where, HealthCheckInterval=seconds, MinimumHealthyPercent=floor)
    )
    assert done.outcome == "updated"
    assert runs(where) == before
    assert interval(where) == int(seconds)
    assert where.snapshot().service.configuration["minimumHealthyPercent"] == int(floor)
    # These settings say of no sleep; that alone may be found.
    assert {one.code for one in where.verify("demo").findings} == ({"asleep"} if asleep else set())


def test_a_new_size_rolls_to_a_new_revision_with_the_image_that_runs(where: Place) -> None:
    assert where.deploy("demo-2", probe=False).exit_code == 0  # awake, whatever was before
    before = now(where)
    assert held(where, wish(where, Cpu="512", Memory="1024")).unproven == ""
    after = now(where)
    assert (after.content["cpu"], after.image, after.desired) == ("512", before.image, before.desired)
    assert after.revision != before.revision
    # It runs well, so one may sleep on it: the journal says so.
    newest = where.entries()[0]
    assert (newest.action, newest.revision, newest.proven, newest.tag) == (
        "apply",
        after.revision,
        True,
        "demo-2",
    )
    where.fall_asleep()
    assert {one.code for one in where.verify("demo-2").findings} == {
        "asleep"
    }  # these settings say of no sleep
    told = held(where, wish(where, Cpu="256", Memory="512")).unproven
    assert told.endswith("Prove it with: inv app.verify --env local --service app --wake")
    assert (where.entries()[0].proven, now(where).desired) == (False, 0)  # nobody has seen it awake
    assert "unproven" in {one.code for one in where.verify("demo-2").findings}


def test_an_update_that_fails_after_the_service_goes_back_to_what_runs(
    where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation goes back to what the stack knew: so it has to know what runs before anything is tried."""
    where.deploy("demo-2", probe=False)
    before, seconds = runs(where), fresh(where)
    monkeypatch.setattr(template, "body", with_bad_end)
    with pytest.raises(StackRolledBack) as failed:
        applied(where.connection.aws, wish(where, HealthCheckInterval=seconds, MinimumHealthyPercent="70"))
    assert failed.value.what.startswith("Bad: ")  # the cause first
    assert failed.value.exit_code == 4
    assert runs(where) == before
    assert interval(where) != int(seconds)
    assert where.verify("demo-2").findings == ()


def test_what_somebody_else_changed_in_the_running_revision_is_not_lost_unasked(where: Place) -> None:
    ecs = where.connection.clients("ecs")
    content = live.definition(where.connection.aws, where.snapshot().service.task_definition)
    content["containerDefinitions"][0]["environment"] = [
        *content["containerDefinitions"][0]["environment"],
        {"name": "BY_HAND", "value": "1"},
    ]
    arn = ecs.register_task_definition(**content)["taskDefinition"]["taskDefinitionArn"]
    where.connection.cloud.update_service(CLUSTER, SERVICE, task_definition=arn)
    wait_for(lambda: not now(where).rolling, "the revision made by hand to be in place")
    with pytest.raises(Refused) as refused:
        applied(where.connection.aws, wish(where, StopTimeout="20"))
    assert "containerDefinitions.app.environment" in refused.value.what
    assert "--discard-live-changes" in refused.value.cure
    assert where.snapshot().service.task_definition == arn
    # What does not concern the revision goes through all the same.
    applied(where.connection.aws, wish(where, HealthCheckInterval=fresh(where)))
    assert where.snapshot().service.task_definition == arn
    applied(where.connection.aws, wish(where, StopTimeout="30", Memory="1024"), discard_live_changes=True)
    applied(where.connection.aws, wish(where, Memory="512"))


def test_a_plan_leaves_nothing_behind(where: Place) -> None:
    before = runs(where)
    found = prepare(where.connection.aws, wish(where, HealthCheckInterval=fresh(where)), RealClock())
    assert [change.logical for change in found.changes] == ["TargetGroup"]
    forget(where.connection.aws, found)
    rows = where.connection.clients("cloudformation").list_change_sets(StackName=NAME)["Summaries"]
    assert [row for row in rows if row["ExecutionStatus"] == "AVAILABLE"] == []
    assert runs(where) == before


def test_an_apply_holds_the_lock_that_a_deploy_takes(where: Place) -> None:
    cloud, environment = where.connection.cloud, where.connection.environment
    path = journal_path(environment.journal, CLUSTER, SERVICE)
    rival = take(cloud, path, Taking("deploy", "local", "app"), clock=RealClock())
    try:
        with pytest.raises(LockHeld):
            held(where, wish(where, MinimumHealthyPercent="80"))
    finally:
        rival.close("interrupted")
    done = held(where, wish(where, MinimumHealthyPercent="80"))
    assert done.outcome == "updated"
    newest = where.entries()[0]
    assert (newest.action, newest.outcome, newest.proven) == ("apply", "applied", False)


def test_a_deploy_calls_nothing_that_its_role_may_not(where: Place) -> None:
    called: set[tuple[str, str]] = set()

    def note(model: Any, **_: Any) -> None:
        called.add((model.service_model.service_name, model.name))

    known = {(one.service, one.operation) for one in PERMISSIONS}
    ways = (where.connection.clients, where.connection.changes)
    clients = [way(service) for way in ways for service in {service for service, _ in known}]
    for each in clients:
        each.meta.events.register("before-call", note, unique_id="noted")
    where.fall_asleep()
    assert where.deploy("demo-2").exit_code == 0
    assert where.deploy("demo-broken", probe=False).exit_code == 4
    where.verify("demo-2")
    for each in clients:
        each.meta.events.unregister("before-call", note, unique_id="noted")
    assert called <= known
    assert len(called) > len(known) / 2  # it was heard at all


def test_an_alarm_on_errors_rolls_a_deploy_back(where: Place) -> None:
    applied(where.connection.aws, wish(where, ErrorsPerMinute="1"))
    before, alarms = where.snapshot().service.task_definition, where.connection.clients("cloudwatch")

    def goes_off(event: events.Event) -> None:
        if isinstance(event, events.Said) and "Rolling out" in event.text:
            alarms.set_alarm_state(
                AlarmName=f"{CLUSTER}-{SERVICE}-errors", StateValue="ALARM", StateReason="as if"
            )

    report = where.deploy("demo-2", probe=False, sink=goes_off)
    assert report.exit_code == 4
    assert f"because an alarm went off ({CLUSTER}-{SERVICE}-errors)" in report.services[0].cause
    assert where.snapshot().service.task_definition == before
    assert where.verify("demo").findings == ()
    applied(where.connection.aws, wish(where, ErrorsPerMinute="0"))
    assert not where.snapshot().service.configuration["alarms"]["enable"]


def test_a_deploy_that_came_in_between_is_noticed(where: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    real = live.read
    seen: list[Live | None] = []

    def moved(*names: Any) -> Live | None:
        found = real(*names)
        seen.append(found)
        return replace(found, revision="another") if found and len(seen) > 1 else found

    monkeypatch.setattr(room.live, "read", moved)
    with pytest.raises(Refused, match="is being deployed just now, or was"):
        applied(where.connection.aws, wish(where, MinimumHealthyPercent="90"))


def test_a_second_service_finds_the_cluster_of_the_first(where: Place) -> None:
    second = Wish(
        "local", replace(where.connection.environment.services[0], name="b", service="b", repository="bb")
    )
    aws = where.connection.aws
    done = applied(aws, second)
    assert stack.physical(aws, done.stack, "Cluster") == ""
    assert done.stack.outputs["ClusterName"] == CLUSTER
    # Where one of two services is being deployed, neither loses its stack.
    cloud, environment = where.connection.cloud, where.connection.environment
    both = {"b": done.stack, "app": stack.read(aws, NAME) or done.stack}
    lock = locks(cloud, environment, RealClock(), action="destroy")
    path = journal_path(environment.journal, CLUSTER, SERVICE)
    rival = take(cloud, path, Taking("deploy", "local", "app"), clock=RealClock())
    try:
        with pytest.raises(LockHeld) as refused:
            room.destroy(aws, "local", both, RealClock(), lambda _: None, lock)
        asked = [second, wish(where, HealthCheckInterval=fresh(where))]
        with pytest.raises(LockHeld):
            ahead.check(aws, cloud, environment, asked, RealClock())
        ahead.check(aws, cloud, environment, [second, wish(where)], RealClock())  # it would stay as it is
    finally:
        rival.close("interrupted")
    assert "Wait until that is over (`inv app.status --env local --service app` tells)" in refused.value.cure
    assert "--wait-for-lock" not in refused.value.cure
    assert [one.outcome for one in read(cloud, journal_path(environment.journal, CLUSTER, "b"))] == [
        "refused"
    ]
    room.destroy(aws, "local", {"b": done.stack}, RealClock(), lambda _: None, lock)
    assert room.existing(aws, "local", "b") is None
    # Its repository stayed, and the next stack takes it as it is.
    again = applied(aws, second)
    assert stack.physical(aws, again.stack, "Repository") == ""
    room.destroy(aws, "local", {"b": again.stack}, RealClock(), lambda _: None, free)


def test_the_first_interrupt_waits_and_keeps_deploys_out(where: Place) -> None:
    cloud, environment = where.connection.cloud, where.connection.environment
    path = journal_path(environment.journal, CLUSTER, SERVICE)
    told: list[str] = []
    refused: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            raise KeyboardInterrupt
        if not refused:
            with pytest.raises(LockHeld) as busy:
                take(cloud, path, Taking("deploy", "local", "app"), clock=RealClock())
            refused.append(busy.value.what)

    with pytest.raises(room.Interrupted, match="and waited for: ecs-local-app is UPDATE_COMPLETE") as stopped:
        apply(
            where.connection.aws, wish(where, HealthCheckInterval=fresh(where)), RealClock(), tell,
            lambda service, live: locked(cloud, environment, service, live, RealClock()),
        )  # fmt: skip
    assert stopped.value.exit_code == 130
    assert "Interrupt once more to leave it alone." in told[1]
    assert refused
    assert where.entries()[0].outcome == "interrupted"


def test_an_interrupt_leaves_the_rest_to_cloudformation(
    where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room.stack, "follow", interrupted)
        with pytest.raises(room.Interrupted) as stopped:
            applied(where.connection.aws, wish(where, HealthCheckInterval=fresh(where)))
    assert stopped.value.exit_code == 130
    assert f"CloudFormation goes on with {NAME} by itself, and nothing holds the lock." in stopped.value.what
    assert stopped.value.cure.endswith("inv infra.plan --env local")
    found = stack.read(where.connection.aws, NAME)
    assert found
    assert stack.follow(where.connection.aws, found.id, "", lambda _: None, RealClock()).status in stack.WELL


def test_an_aws_that_cannot_be_asked_any_more_leaves_the_rest_to_it(
    where: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise Unreachable("AWS did not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(room.stack, "follow", gone)
        with pytest.raises(Undecided, match=r"AWS did not answer.\nUnknown how it ends") as lost:
            applied(where.connection.aws, wish(where, HealthCheckInterval=fresh(where)))
    assert lost.value.exit_code == 7
    found = stack.read(where.connection.aws, NAME)
    assert found
    assert stack.follow(where.connection.aws, found.id, "", lambda _: None, RealClock()).status in stack.WELL


@pytest.mark.parametrize("operation", ["create_change_set", "execute_change_set", "describe_stacks"])
def test_a_missing_permission_is_named_and_nothing_is_changed(
    where: Place, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    def refused(client: Any, name: str, **params: Any) -> Any:
        if name == operation:
            raise Denied(f"cloudformation:{name} is not allowed.")
        return call(client, name, **params)

    before = runs(where)
    monkeypatch.setattr(room.stack, "call", refused)
    monkeypatch.setattr(changeset, "call", refused)
    with pytest.raises(Denied, match=operation) as denied:
        applied(where.connection.aws, wish(where, HealthCheckInterval=fresh(where)))
    assert denied.value.exit_code == 2
    left = where.connection.clients("cloudformation").list_change_sets(StackName=NAME)["Summaries"]
    assert [one for one in left if one["ExecutionStatus"] == "AVAILABLE"] == []
    assert runs(where) == before


def test_calls_that_cloudformation_refuses_are_refusals(where: Place) -> None:
    with pytest.raises(Refused) as refused:
        call(where.connection.aws.read("cloudformation"), "validate_template", TemplateBody="[]")
    assert refused.value.exit_code == 2
    assert stack.read(where.connection.aws, "ecs-local-nobody") is None
