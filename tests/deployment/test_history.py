"""The journal as people and machines read it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ecs_deployment import describe, history
from ecs_deployment.errors import Denied, Refused
from ecs_deployment.history import History
from ecs_deployment.journal_entry import Entry

from tests.deployment import builders as b
from tests.deployment.memory_cloud import World

DONE = Entry(
    1,
    action="deploy",
    tag="v1",
    revision=b.OLD,
    digest=b.DIGEST,
    outcome="deployed",
    proven=True,
    owner="ann@laptop:7",
    started=1_700_000_000.0,
    finished=1_700_000_185.0,
)
FAILED = replace(
    DONE,
    number=2,
    tag="v2",
    revision=b.NEW,
    outcome="rolled_back",
    proven=False,
    cause="It exits.\nMore.",
    run_url="https://ci/2",
)
DEAD = replace(FAILED, number=3, outcome="", cause="", finished=0.0, debts=(b.FLOOR,), run_url="")


def of(*entries: Entry, live: bool = False, kept: int = 0) -> History:
    return History(b.SETTINGS, entries, kept or len(entries), b.OLD, under_way=live)


def text(one: History) -> list[str]:
    return [f"{label:>3} {line}" for label, line in history.rows(one)]


def test_newest_first_each_run_in_a_few_lines() -> None:
    assert text(of(DEAD, FAILED, DONE)) == [
        "  3 2023-11-14 22:13 UTC  deploy of v2: never ended",
        "    app:2  aaaaaaaaaaaa  by ann@laptop:7",
        "    owes minimumHealthyPercent",
        "  2 2023-11-14 22:13 UTC  deploy of v2: rolled back, 3 min 05 s",
        "    app:2  aaaaaaaaaaaa  by ann@laptop:7",
        "    https://ci/2",
        "    It exits.",
        "  1 2023-11-14 22:13 UTC  deploy of v1: deployed, proven, 3 min 05 s",
        "    app:1  aaaaaaaaaaaa  in place  by ann@laptop:7",
    ]


def test_who_is_at_work_and_who_took_over() -> None:
    assert "under way" in text(of(DEAD, live=True))[0]
    after = replace(DONE, number=4, action="resume")
    lines = text(of(after, DEAD))
    assert "deploy of v2: never ended, 4 took over" in lines[2]
    assert not any("owes" in line for line in lines)  # the resume took the debt over with the lock


def test_what_is_missing_or_unreadable_is_said_and_no_error() -> None:
    bare = Entry(1, started=1e300)
    assert text(of(Entry(2, readable=False), bare)) == [
        "  2 cannot be read",
        "  1 an unknown time  run: never ended, 2 took over",
        "    by somebody",
    ]
    assert history.facts(of(bare))["runs"][0]["started"] is None


@pytest.mark.parametrize(
    ("one", "title"),
    [
        (of(DONE), "app in staging: 1 run"),
        (of(FAILED, DONE), "app in staging: 2 runs"),
        (of(FAILED, kept=57), "app in staging: 1 of 57 runs"),
        (of(), "app in staging: no runs"),
    ],
)
def test_how_many_there_are(one: History, title: str) -> None:
    assert history.title(one, "staging") == title


def test_the_same_for_machines_and_nothing_secret() -> None:
    leaky = replace(FAILED, cause="password=hunter2")
    document = json.loads(describe.history_json("staging", [of(leaky, DONE)], (2, 0.11)))
    (service,) = document["services"]
    assert (document["api_calls"], service["in_place"], service["owes"]) == (2, "app:1", [])
    first, second = service["runs"]
    assert (first["outcome"], first["seconds"], first["started"]) == (
        "rolled_back",
        185.0,
        "2023-11-14T22:13:20Z",
    )
    assert "hunter2" not in first["cause"]
    assert (second["proven"], second["owner"], second["revision"]) == (True, "ann@laptop:7", "app:1")


def test_it_is_read_in_two_calls_and_cut_to_the_limit() -> None:
    world = World()
    for _ in range(3):
        world.hold().close("deployed", proven=True)
    world.cloud.log.clear()
    seen = history.look(world.cloud, b.SETTINGS, "deploys", 2)
    assert ([e.number for e in seen.entries], seen.kept, seen.in_place) == ([3, 2], 3, b.OLD)
    assert world.cloud.log == ["list_parameters", "services"]
    held = world.hold()
    assert history.look(world.cloud, b.SETTINGS, "deploys", 2).under_way
    held.close("deployed")


def test_without_a_journal_it_says_so() -> None:
    world = World()
    seen = history.look(world.cloud, b.SETTINGS, "off", 5)
    assert 'journal = "off"' in text(seen)[0]
    world.cloud.refuse(Denied("no", operation="ssm:GetParametersByPath"), "list_parameters")
    with pytest.raises(Refused, match="ssm:GetParametersByPath"):
        history.look(world.cloud, b.SETTINGS, "deploys", 5)


@pytest.mark.parametrize(("tag", "says"), [("v1", "rollback to v1: "), ("", "rollback to app:1: ")])
def test_a_rollback_always_says_where_to(tag: str, says: str) -> None:
    assert says in text(of(replace(DONE, action="rollback", tag=tag)))[0]
