"""A service that should sleep: everything that does it is there, and switched on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import model
from ecs_deployment.armed import armed
from ecs_deployment.aws import translate
from ecs_deployment.errors import Denied
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verify import look

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands

SLEEPER = replace(b.SETTINGS, idle_minutes=5)
ELSEWHERE = replace(SLEEPER, sleeps_otherwise=True)
ALARM = model.IdleAlarm("idle", "OK", leased=True, wakes_by="wake")


@pytest.mark.parametrize(
    ("settings", "scaling", "idle", "found"),
    [
        (SLEEPER, b.scaling(), ALARM, ""),
        (b.SETTINGS, None, None, ""),
        (ELSEWHERE, None, None, ""),
        (SLEEPER, None, None, 'no scalable target: inv infra.apply makes it anew.* { by = "other" }'),
        (SLEEPER, b.scaling(), None, "no alarm takes it to 0"),
        (SLEEPER, b.scaling(least=1), ALARM, "its minimum capacity is 1"),
        (SLEEPER, b.scaling(scale_out=True), ALARM, "scale-out is suspended, so nothing wakes it"),
        (b.SETTINGS, b.scaling(scale_out=True), None, ""),
        (
            SLEEPER,
            b.scaling(),
            replace(ALARM, enabled=False),
            "the actions of alarm idle are off, .*--alarm-names idle",
        ),
        (SLEEPER, b.scaling(), replace(ALARM, wakes_by=""), "no alarm brings it up from 0"),
        (SLEEPER, b.scaling(), replace(ALARM, wake_enabled=False), "the actions of alarm wake are off"),
    ],
)
def test_what_is_missing_is_named(
    settings: ServiceSettings, scaling: model.Scaling | None, idle: model.IdleAlarm | None, found: str
) -> None:
    findings = list(armed(settings, scaling, idle))
    assert [one.code for one in findings] == (["unarmed"] if found else [])
    assert not found or re.search(found, findings[0].text)


def policy(kind: str, adjustment: int, alarm: str) -> dict[str, Any]:
    steps = {"AdjustmentType": kind, "StepAdjustments": [{"ScalingAdjustment": adjustment}]}
    return {"StepScalingPolicyConfiguration": steps, "Alarms": [{"AlarmName": alarm}]}


def test_which_alarms_raise_a_service_from_nothing() -> None:
    policies = [
        policy("ExactCapacity", 1, "exact"),
        policy("ExactCapacity", 0, "sleep"),
        policy("ChangeInCapacity", 2, "more"),
        policy("ChangeInCapacity", -1, "less"),
        policy("PercentChangeInCapacity", 100, "double"),  # twice nothing
        {"TargetTrackingScalingPolicyConfiguration": {}, "Alarms": [{"AlarmName": "tracking"}]},
    ]
    assert translate.alarms_that_wake({"ScalingPolicies": policies}) == ["exact", "more"]


def test_an_alarm_whose_actions_are_off_is_not_enabled() -> None:
    answer = {"AlarmName": "idle", "StateValue": "OK", "ActionsEnabled": False}
    assert not translate.idle_alarm(answer).enabled
    found = translate.idle_alarm({"AlarmName": "idle", "StateValue": "OK"}, answer | {"AlarmName": "wake"})
    assert (found.enabled, found.wakes_by, found.wake_enabled) == (True, "wake", False)


@pytest.fixture
def place() -> World:
    made = World()
    made.cloud.progress = stands
    made.cloud.definitions[b.OLD] = b.definition(image=f"{b.URI}@{b.DIGEST}")
    made.cloud.scalable["app"] = b.scaling()
    return made


def test_verify_says_that_it_is_armed_or_what_is_wrong(place: World) -> None:
    place.cloud.alarm = ALARM
    found = look(place.cloud, SLEEPER, "deploys", "", send=False)
    assert found.findings == ()
    assert "it sleeps after 5 idle minutes, and wakes" in found.story
    place.cloud.alarm = None
    found = look(place.cloud, SLEEPER, "deploys", "", send=False)
    assert [one.code for one in found.findings] == ["unarmed"]


def test_who_may_not_see_alarms_is_told_so(place: World) -> None:
    place.cloud.refuse(Denied("no DescribeAlarms for you"), "idle_alarm")
    found = look(place.cloud, SLEEPER, "deploys", "", send=False)
    assert found.findings == ()
    assert "its alarms were not checked: no DescribeAlarms for you" in found.story


def test_another_mechanism_is_not_looked_at(place: World) -> None:
    found = look(place.cloud, ELSEWHERE, "deploys", "", send=False)
    assert found.findings == ()
    assert "something else puts it to sleep, which is not looked at" in found.story
    assert place.cloud.sent("idle_alarm") == 0
