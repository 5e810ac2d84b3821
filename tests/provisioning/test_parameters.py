"""Names, parameters and differences: pure functions, by tables."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment.errors import Refused
from ecs_deployment.settings import Build, ServiceSettings
from ecs_provisioning import live, names, parameters
from ecs_provisioning.changeset import KEEP, Change, ChangeSet, Property
from ecs_provisioning.live import Live
from ecs_provisioning.prepare import Prepared
from ecs_provisioning.show import heading, replacements, rows
from ecs_provisioning.stack import Event, Stack
from hypothesis import given
from hypothesis import strategies as st

APP = ServiceSettings("app", cluster="c", service="s", containers=("web",), repository="r", idle_minutes=5)


@given(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}", fullmatch=True),
    st.text("aZ0_-", min_size=1, max_size=80),
)
def test_a_stack_always_has_a_usable_name(environment: str, service: str) -> None:
    name = names.stack_name(environment, service)
    assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name)


def test_names_that_nobody_wrote_down() -> None:
    found = names.completed("local", ServiceSettings("app"))
    assert (found.cluster, found.service, found.repository, found.containers) == (
        "local",
        "app",
        "app",
        ("app",),
    )
    assert names.completed("local", APP) == APP


@pytest.mark.parametrize(("service", "repository"), [("app", "app"), ("MyApp", "myapp"), ("b", "local-b")])
def test_a_repository_has_a_name_that_ecr_takes(service: str, repository: str) -> None:
    assert names.completed("local", ServiceSettings(service)).repository == repository


def test_outputs_fill_only_what_the_settings_leave_out() -> None:
    outputs = {
        "ClusterName": "C",
        "ServiceName": "S",
        "ContainerName": "W",
        "RepositoryName": "R",
        "Url": "http://u",
    }
    found = names.filled(ServiceSettings("app", cluster="mine"), outputs)
    assert (found.cluster, found.service, found.containers, found.repository) == ("mine", "S", ("W",), "R")
    assert found.url == "http://u"
    assert not names.lacks_names(found)
    assert names.lacks_names(names.filled(ServiceSettings("app"), {}))


@pytest.mark.parametrize(
    ("service", "found"),
    [
        (APP, {"IdlePeriods": "7", "ClusterName": "c", "ServiceName": "s", "ContainerName": "web"}),
        (ServiceSettings("app"), {"IdlePeriods": "0", "HealthCheckPath": "/health"}),
        (
            ServiceSettings("app", repository="1.dkr.ecr.eu-west-3.amazonaws.com/team/app"),
            {"RepositoryName": "team/app"},
        ),
        (ServiceSettings("app", repository="team/app"), {"RepositoryName": "team/app"}),
        (ServiceSettings("app", build=Build(platform="linux/arm64")), {"CpuArchitecture": "ARM64"}),
        (ServiceSettings("app", build=Build()), {"CpuArchitecture": "X86_64"}),
        (ServiceSettings("app", url="https://shop.example.com:8443/x"), {"HostName": "shop.example.com"}),
        (replace(APP, sleeps_otherwise=True), {"IdlePeriods": "0"}),
    ],
)
def test_what_the_settings_decide(service: ServiceSettings, found: dict[str, str]) -> None:
    decided = parameters.from_settings(service)
    assert {name: decided[name] for name in found} == found
    assert None not in decided.values()


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:8080", "http://localhost:8080"])
def test_an_address_is_no_name_that_visitors_ask_for(url: str | None) -> None:
    assert "HostName" not in parameters.from_settings(ServiceSettings("app", url=url))


def test_who_wakes_a_new_sleeper_is_said() -> None:
    new = prepared(stack=None, values={"IdlePeriods": "7", "HostName": "*"})
    assert [label for label, _ in rows(new)] == ["note"]
    assert rows(prepared(stack=None, values={"IdlePeriods": "7", "HostName": "shop.example.com"})) == []
    assert rows(prepared(stack=None, values={"IdlePeriods": "0", "HostName": "*"})) == []


def test_an_update_keeps_what_nobody_decides() -> None:
    known = ("Cpu", "Memory", "IdlePeriods", "NewOne", "Image")
    before = {"Cpu": "256", "Memory": "512", "IdlePeriods": "7", "Image": "x"}
    found = parameters.for_update(ServiceSettings("app", idle_minutes=1), {"Memory": "1024"}, known, before)
    assert {name: found[name] for name in ("Cpu", "Memory", "IdlePeriods", "Image")} == {
        "Cpu": KEEP,
        "Memory": "1024",
        "IdlePeriods": "3",
        "Image": KEEP,
    }
    assert "NewOne" not in found  # its default


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"Cpuu": "1"}, 'Did you mean "Cpu"'),
        ({"Image": "x"}, "Image is not yours to set"),
        ({"FirstTime": "yes"}, "FirstTime is not yours to set"),
        ({"Cpu": "513"}, "Cpu cannot be 513. Choose from 256, 512."),
    ],
)
def test_parameters_that_nobody_may_ask_for(wishes: dict[str, str], message: str) -> None:
    with pytest.raises(Refused) as refused:
        parameters.checked(wishes, ("Cpu", "Memory", "Image", "FirstTime"), {"Cpu": ("256", "512")})
    assert message in str(refused.value)


def revision(**container: Any) -> dict[str, Any]:
    return {"family": "f", "cpu": "256", "containerDefinitions": [{"name": "web", "image": "i", **container}]}


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        (revision(), revision(image="another"), []),
        (revision(), revision() | {"cpu": "512"}, ["cpu"]),
        (
            revision(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            revision(environment=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
            [],
        ),
        (
            revision(environment=[{"name": "A", "value": "1"}]),
            revision(environment=[{"name": "A", "value": "2"}]),
            ["containerDefinitions.web.environment.A.value"],
        ),
        (revision(), revision(stopTimeout=3), ["containerDefinitions.web.stopTimeout"]),
        (
            revision() | {"containerDefinitions": [{"name": "a", "image": "i"}]},
            revision() | {"containerDefinitions": []},
            ["containerDefinitions.a"],
        ),
    ],
)
def test_where_two_revisions_differ(one: dict[str, Any], other: dict[str, Any], found: list[str]) -> None:
    assert live.differences(one, other) == found


CPU = Change(
    "Modify",
    "TaskDefinition",
    "AWS::ECS::TaskDefinition",
    "True",
    "Retain",
    (Property("Cpu", "256", "512", True),),
)
SERVICE = Change(
    "Modify", "Service", "AWS::ECS::Service", "False", "", (Property("TaskDefinition", "a", "b", False),)
)
LOST = "what the running revision has and the stack's has not"
UNDER_WAY = "a deployment is under way; an apply waits for nobody and would be refused"
STACK = Stack("arn", "ecs-test-app", "UPDATE_COMPLETE")
RUNS = Live("arn:task-definition/app:7", "repository@sha256:1", 2, False)


def prepared(*changes: Change, **more: Any) -> Prepared:
    return Prepared("ecs-test-app", APP, more.pop("stack", STACK), {}, changes, **more)


def test_a_plan_names_replacements_and_what_becomes_of_the_old() -> None:
    plan = prepared(CPU, SERVICE, live=RUNS, rolls=True)
    assert replacements(plan) == [("replace", "TaskDefinition: Cpu 256 -> 512. The old one stays.")]
    assert rows(plan) == [
        ("service", "rolls to a new revision with the image that runs now: repository@sha256:1")
    ]
    assert heading(plan) == "ecs-test-app: 2 resources would change"


@pytest.mark.parametrize(
    ("plan", "row"),
    [
        (prepared(SERVICE, live=RUNS), ("service", "keeps app:7 and its desired count of 2")),
        (prepared(CPU, live=replace(RUNS, rolling=True)), ("not now", UNDER_WAY)),
        (prepared(CPU, live=RUNS, lost=("cpu",)), ("is lost", f"{LOST}: cpu")),
        (
            prepared(CPU, live=replace(RUNS, image="none-yet", desired=0), rolls=True),
            ("service", "was never deployed: its first deploy takes the new revision"),
        ),
        (prepared(Change("Add", "Alarm", "T")), ("make", "Alarm (T)")),
        (prepared(Change("Remove", "Alarm", "T", policy="Retain")), ("take away", "Alarm (T), but it stays")),
        (
            prepared(Change("Modify", "Group", "T", properties=(Property("Key", "", "", False),))),
            ("change", "Group: Key"),
        ),
    ],
)  # fmt: skip
def test_a_plan_says_what_it_means(plan: Prepared, row: tuple[str, str]) -> None:
    assert row in rows(plan)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("256", "512", "P 256 -> 512"),
        ("", "x", "P nothing -> x"),
        ('{"A": "1", "B": [1, 2]}', '{"A": "1", "B": [1, 3]}', "P.B.1 2 -> 3"),
        ('{"A": "1"}', '{"A": "1", "B": true}', "P.B nothing -> true"),
        ('["a"]', '["a", "b"]', 'P ["a"] -> ["a", "b"]'),
        ("[{]", "{}", "P [{] -> {}"),
        ("arn:1", "{{changeSet:KNOWN_AFTER_APPLY}}Balancer", "P arn:1 -> (known afterwards)"),
        ("[1,2,3,4,5,6]", "[0,0,0,0,0,0]", "P.0 1 -> 0, P.1 2 -> 0, P.2 3 -> 0, P.3 4 -> 0 and 2 more"),
        ("x" * 80, "y", f"P {'x' * 69}… -> y"),
    ],
)
def test_a_change_is_told_by_what_differs_inside(before: str, after: str, told: str) -> None:
    change = Change("Modify", "Thing", "T", properties=(Property("P", before, after, False),))
    assert rows(prepared(change)) == [("change", f"Thing: {told}")]


def test_what_nobody_can_be_served_without_is_said_when_it_is_replaced() -> None:
    change = Change("Modify", "Balancer", "T", "True", "", (Property("Scheme", "a", "b", True),))
    ((_, told),) = replacements(prepared(change, live=RUNS))
    assert told == (
        "Balancer: Scheme a -> b. The old one is deleted. The service gets another address, and the old one answers "
        "no more."
    )


def test_a_low_floor_is_a_risk_for_what_runs() -> None:
    plan = prepared(CPU, live=RUNS, rolls=True, values={"MinimumHealthyPercent": "0"})
    assert [label for label, _ in rows(plan)] == ["service", "at risk"]
    asleep = prepared(CPU, live=replace(RUNS, desired=0), rolls=True, values={"MinimumHealthyPercent": "0"})
    assert [label for label, _ in rows(asleep)] == ["service", "note"]


def test_a_plan_says_when_there_is_nothing_to_do_or_everything() -> None:
    assert heading(prepared()) == "ecs-test-app: nothing to change"
    assert heading(prepared(CPU, stack=None)) == "ecs-test-app: would be made, 1 resources"


def test_a_failure_that_followed_from_another_is_no_cause() -> None:
    first = Event("1", "Service", "AWS::ECS::Service", "CREATE_FAILED", "it would not start")
    second = Event("2", "Alarm", "T", "CREATE_FAILED", "Resource creation cancelled")
    whole = Event("3", "ecs-test-app", "AWS::CloudFormation::Stack", "UPDATE_FAILED", "see above")
    assert [one.failed for one in (first, second, whole)] == [True, False, False]


def test_only_sets_with_changes_touch_anything() -> None:
    found = ChangeSet("id", "stack", (CPU,))
    assert found.touches("TaskDefinition")
    assert not found.touches("Service")
