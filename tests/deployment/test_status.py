"""`app.status` as rows and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecs_deployment import describe, model, status
from ecs_deployment.journal_entry import Entry
from ecs_deployment.when import ago

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World, stands

NOW = 1_790_000_000.0
ENTRY = Entry(
    3, tag="demo", action="deploy", owner="ann@laptop:1", outcome="deployed", proven=True, revision=b.OLD,
    environment="local", started=NOW - 60, finished=NOW - 42,
)  # fmt: skip


def rows(
    snapshot: model.Snapshot, *entries: Entry, held: bool = False, **settings: str
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    seen = status.Seen(replace(b.SETTINGS, **settings), snapshot, entries, held, NOW)
    for name, text in status.rows(seen):
        found.setdefault(name, []).append(text)
    return found


def test_a_service_that_is_well() -> None:
    running = replace(b.task(1), started_at=NOW - 300)
    service = b.service(b.deployment(created_at=NOW - 7200))
    seen = rows(b.snapshot(service, running=(running,), scaling=b.scaling()), ENTRY, url="http://x")
    assert seen == {
        "State": ["awake: 1 of 1 running"],
        "Revision": ["app:1, tag demo, proven 42 s ago"],
        "Tasks": ["00000000  app:1  running for 5 min"],
        "Targets": ["1 healthy"],
        "Url": ["http://x"],
        "Rollout": ["app:1 completed, begun 2 h ago (ecs-svc/1)"],
        "Percent": ["100/200 (minimumHealthyPercent/maximumPercent)"],
        "Scaling": ["0 to 4 tasks"],
        "Lock": ["free"],
        "Last run": ["deploy demo: deployed, proven, 42 s ago, by ann@laptop:1"],
    }


def test_one_that_sleeps() -> None:
    sleeping = b.snapshot(
        b.service(desired=0), running=(), targets=(), scaling=b.scaling(scale_in=True, scale_out=True)
    )
    seen = rows(sleeping)
    assert (seen["State"], seen["Targets"]) == (["asleep at desired 0; 1 still stopping"], ["none"])
    assert seen["Scaling"] == ["0 to 4 tasks; scale-in is suspended; scale-out is suspended"]
    assert seen["Revision"] == ["app:1, not proven by any run in the journal"]
    assert not {"Lock", "Owed", "Last run"} & set(seen)


def test_one_that_rolls_and_fails() -> None:
    rolling = b.service(
        b.deployment(2, b.NEW, running=0, failed_tasks=2, rollout_state="IN_PROGRESS", created_at=NOW - 20),
        b.deployment(status="ACTIVE", rollout_state="", created_at=NOW - 60 * 86400),
    )
    targets = (b.target(), b.target(2, "initial"), b.target(3))
    seen = rows(b.snapshot(rolling, targets=targets))
    assert seen["Rollout"] == [
        "app:2 in progress, 2 failed tasks, begun 20 s ago (ecs-svc/2)",
        "app:1 active, begun 2026-07-23 14:13 UTC (ecs-svc/1)",
    ]
    assert seen["Targets"] == ["2 healthy, 1 initial"]


def test_one_that_ecs_has_given_up_is_down_and_not_waking() -> None:
    failed = b.service(b.deployment(2, b.NEW, running=0, failed_tasks=3, rollout_state="FAILED"), running=0)
    down = b.snapshot(failed, running=())
    state = "down: 0 of 1 running, the rollout failed"
    assert rows(down)["State"] == [f"{state}; `inv app.deploy --tag TAG` brings another image"]
    assert rows(down, ENTRY)["State"] == [f"{state}; `inv app.rollback` goes back"]
    assert rows(down, replace(ENTRY, outcome=""))["State"] == [state]  # its own line says how to go on
    assert rows(down, ENTRY, held=True)["State"] == [state]
    waking = b.snapshot(b.service(running=0), running=())
    assert rows(waking)["State"] == ["waking: 0 of 1 running"]


def test_who_is_at_work_and_what_was_left_behind() -> None:
    begun = replace(
        ENTRY, outcome="", proven=False, finished=0.0, debts=(b.FLOOR, b.SUSPENSION), run_url="http://run"
    )
    busy = rows(b.snapshot(), begun, held=True)
    assert busy["Lock"] == ["held by ann@laptop:1 for 1 min: deploy demo, http://run"]
    assert busy["Owed"] == ["minimumHealthyPercent, scale-in: until it ends"]
    assert "Last run" not in busy
    dead = rows(b.snapshot(), begun)
    assert dead["Lock"] == [
        "free, but the run of ann@laptop:1 never ended: `inv app.resume --env local` or `inv app.abort --env local`"
    ]
    assert dead["Owed"] == ["minimumHealthyPercent, scale-in: `inv app.resume --env local` hands it back"]
    assert dead["Last run"] == ["deploy demo: not ended, 1 min ago, by ann@laptop:1"]


def test_only_the_newest_events_in_short() -> None:
    events = tuple(model.Event(str(i), NOW - i, f"(service app) event {i}.") for i in range(9))
    seen = rows(b.snapshot(b.service(events=events)))
    assert seen["Events"] == [
        "just now    event 0.", "just now    event 1.", "2 s ago     event 2.", "3 s ago     event 3.",
        "4 s ago     event 4.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ENTRY, "deploy demo: deployed, proven, 42 s ago, by ann@laptop:1"),
        (
            replace(ENTRY, outcome="", proven=False, finished=0.0),
            "deploy demo: not ended, 1 min ago, by ann@laptop:1",
        ),
        (
            replace(ENTRY, proven=False, outcome="rolled_back"),
            "deploy demo: rolled back, 42 s ago, by ann@laptop:1",
        ),
        (replace(ENTRY, tag="", action="sleep", proven=False), "sleep: deployed, 42 s ago, by ann@laptop:1"),
        (replace(ENTRY, finished=1e300), "deploy demo: deployed, proven, an unknown time, by ann@laptop:1"),
        (Entry(7, readable=False), "entry 7 cannot be read"),
    ],
)
def test_a_journal_entry_in_one_line(entry: Entry, words: str) -> None:
    assert status.told(entry, NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-30, "just now"), (0, "just now"), (2, "2 s ago"), (59, "59 s ago"), (60, "1 min ago"), (3599, "59 min ago"),
     (3600, "1 h ago"), (86400, "24 h ago"), (172800, "2 days ago"), (-3600, "2026-09-21")],
)  # fmt: skip
def test_ages(seconds: float, words: str) -> None:
    assert ago(NOW - seconds, NOW).startswith(words)


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
