"""`app.status` as rows and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecs_deployment import describe, model, status
from ecs_deployment.journal_entry import Entry

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands

ENTRY = Entry(3, tag="demo", action="deploy", owner="ann@laptop:1", outcome="deployed", proven=True)


def rows(snapshot: model.Snapshot, *entries: Entry, **settings: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    label = ""
    for name, text in status.rows(status.Seen(replace(b.SETTINGS, **settings), snapshot, entries)):
        label = name or label
        found.setdefault(label, []).append(text)
    return found


def test_a_service_that_is_well() -> None:
    seen = rows(b.snapshot(scaling=b.scaling()), ENTRY, url="http://x")
    assert seen["service"] == ["app in cluster local, ACTIVE"]
    assert seen["revision"] == ["app:1"]
    assert seen["tasks"] == ["1 of 1 running, 0 pending", "00000000  app:1  RUNNING  UNKNOWN"]
    assert seen["deployment"] == ["ecs-svc/1  app:1  COMPLETED"]
    assert seen["targets"] == ["1 healthy"]
    assert seen["healthy percent"] == ["100/200"]
    assert seen["autoscaling"] == ["0 to 4 tasks"]
    assert seen["url"] == ["http://x"]
    assert seen["last deploy"][0].endswith("deploy demo  deployed, proven  by ann@laptop:1")


def test_one_that_sleeps() -> None:
    sleeping = b.snapshot(b.service(desired=0), running=(), targets=(), scaling=b.scaling(scale_in=True))
    seen = rows(sleeping)
    assert (seen["tasks"], seen["targets"]) == (["asleep at 0"], ["none"])
    assert seen["autoscaling"] == ["0 to 4 tasks (scale-in suspended)"]
    assert "last deploy" not in seen


def test_one_that_rolls_and_fails() -> None:
    rolling = b.service(
        b.deployment(2, b.NEW, running=0, failed_tasks=2, rollout_state="IN_PROGRESS"),
        b.deployment(status="ACTIVE", rollout_state=""),
    )
    targets = (b.target(), b.target(2, "initial"), b.target(3))
    seen = rows(b.snapshot(rolling, targets=targets))
    assert seen["deployment"] == ["ecs-svc/2  app:2  IN_PROGRESS, 2 failed", "ecs-svc/1  app:1  ACTIVE"]
    assert seen["targets"] == ["2 healthy, 1 initial"]


def test_only_the_newest_events_in_short() -> None:
    events = tuple(model.Event(str(i), 0.0, f"(service app) event {i}.") for i in range(9))
    seen = rows(b.snapshot(b.service(events=events)))
    assert [text.rpartition("  ")[2] for text in seen["event"]] == [f"event {i}." for i in range(5)]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ENTRY, "deploy demo  deployed, proven  by ann@laptop:1"),
        (replace(ENTRY, outcome="", proven=False), "deploy demo  not ended  by ann@laptop:1"),
        (replace(ENTRY, proven=False, outcome="failed"), "deploy demo  failed  by ann@laptop:1"),
        (replace(ENTRY, debts=(b.FLOOR, b.SUSPENSION)), "by ann@laptop:1; owes floor, suspension"),
        (Entry(7, readable=False), "entry 7 cannot be read"),
    ],
)
def test_a_journal_entry_in_one_line(entry: Entry, words: str) -> None:
    assert status.told(entry).endswith(words)


def test_as_one_object() -> None:
    place = World()
    place.cloud.progress = stands
    place.cloud.scalable["app"] = b.scaling(scale_in=True)
    held = place.hold()
    held.owe(b.FLOOR)
    document = json.loads(
        describe.seen_json("staging", [status.look(place.cloud, b.SETTINGS, "deploys")], (9, 0.2))
    )
    (service,) = document["services"]
    assert document["environment"] == "staging"
    assert (service["asleep"], service["desired"], service["targets"]) == (False, 1, {"healthy": 1})
    assert service["scale_in_suspended"] is True
    assert service["last_deploy"]["owes"] == ["floor"]
    assert service["last_deploy"]["outcome"] is None


def test_without_journal_scaling_and_deploys() -> None:
    place = World()
    document = json.loads(
        describe.seen_json("staging", [status.look(place.cloud, b.SETTINGS, "off")], (9, 0.2))
    )
    (service,) = document["services"]
    assert (service["last_deploy"], service["scale_in_suspended"]) == (None, None)
    assert "list_parameters" not in place.cloud.log
