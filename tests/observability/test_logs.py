"""The lines of all tasks in one stream: in order, once each, across deployments, nothing secret in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ecs_deployment import masking
from ecs_deployment.errors import Refused, Unreachable
from ecs_stats.logs import LogLine, Logs
from ecs_stats.logs_show import as_json, shown

from tests.deployment import builders as b
from tests.observability.memory_source import GROUP, SECRET, TASK, Watched, definition

OTHER = f"{2:032x}"
LINE = LogLine(1_790_000_000.5, "shop", TASK, "app", "GET /orders 200")


def _logs(world: Watched, *containers: str) -> Logs:
    return Logs(world.cloud, world.source, [b.SETTINGS], containers, world.clock)


def _world() -> Watched:
    world = Watched()
    world.cloud.before = lambda operation: (
        masking.learn(definition().content) if operation == "task_definition" else None
    )
    world.source.logs[GROUP] = []
    return world


def test_two_tasks_are_told_in_the_order_of_time() -> None:
    world = _world()
    now = world.clock.time()
    world.source.print(GROUP, now - 3, f"app/app/{TASK}", "one")
    world.source.print(GROUP, now - 1, f"app/app/{TASK}", "three", "four")
    world.source.print(GROUP, now - 2, f"app/app/{OTHER}", "two")
    world.source.print(GROUP, now - 90, f"app/app/{OTHER}", "too old")
    world.source.print(GROUP, now - 1, f"jobs/app/{OTHER}", "of another service")
    world.source.print(GROUP, now - 1, "app/app/no-task", "of nobody")
    logs = _logs(world)
    lines = logs.read(now - 60)
    assert [(line.task, line.text) for line in lines] == [
        (TASK, "one"),
        (OTHER, "two"),
        (TASK, "three"),
        (TASK, "four"),
    ]
    assert logs.read(now - 60) == []


def test_secrets_are_masked_and_nothing_steers_the_terminal() -> None:
    world = _world()
    now = world.clock.time()
    world.source.print(GROUP, now, f"app/app/{TASK}", f"login {SECRET}", "token=abcdef123", "\x1b[2Jgone\r")
    texts = [line.text for line in _logs(world).read(now - 1)]
    assert texts == ["login ***", "token=***", "gone"]


def test_it_follows_late_lines_and_the_next_deployment() -> None:
    world = _world()
    now = world.clock.time()
    elsewhere = definition()
    container = {**elsewhere.content["containerDefinitions"][0], "logConfiguration": _awslogs("/new", "v2")}
    content = {**elsewhere.content, "containerDefinitions": [container]}
    world.cloud.definitions[b.NEW] = replace(elsewhere, arn=b.NEW, content=content)
    world.source.print(GROUP, now, f"app/app/{TASK}", "first")
    looks: list[str] = []

    def later() -> None:
        looks.append("slept")
        if len(looks) == 1:
            world.source.print(GROUP, now - 0.5, f"app/app/{TASK}", "late")
        elif len(looks) == 2:
            world.source.refuse(Unreachable("AWS could not be reached."), "logged")
        elif len(looks) == 3:
            world.source.refuse(None, "logged")
            world.clock.now += 60
            world.cloud.put("app", b.service(b.deployment(2, b.NEW)))
            world.source.print("/new", world.clock.time(), f"v2/app/{OTHER}", "of the next revision")

    world.clock.on_sleep = later
    lost: list[str] = []
    lines: Iterator[LogLine] = _logs(world).follow(now - 1, 1.0, lost.append)
    assert [next(lines).text for _ in range(3)] == ["first", "late", "of the next revision"]
    assert lost == ["AWS could not be reached."]


def _awslogs(group: str, prefix: str) -> dict[str, Any]:
    return {"logDriver": "awslogs", "options": {"awslogs-group": group, "awslogs-stream-prefix": prefix}}


def test_a_group_that_is_not_there_yet_has_no_lines() -> None:
    world = _world()
    del world.source.logs[GROUP]
    assert _logs(world).read(0.0) == []


@pytest.mark.parametrize(
    "configuration", [None, {"logDriver": "awsfirelens"}, {"logDriver": "awslogs", "options": {}}]
)
def test_containers_that_log_elsewhere_are_refused_in_a_sentence(configuration: Any) -> None:
    world = _world()
    made = definition()
    container = {**made.content["containerDefinitions"][0], "logConfiguration": configuration}
    world.cloud.definitions[b.OLD] = replace(
        made, content={**made.content, "containerDefinitions": [container]}
    )
    with pytest.raises(Refused, match="do not log to CloudWatch Logs") as caught:
        _logs(world)
    assert caught.value.cure


def test_an_unknown_container_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused, match="app has no container 'web', only app"):
        _logs(_world(), "web")


def test_on_a_terminal_a_long_line_goes_on_under_its_text() -> None:
    show = shown(width=80, colour=False, service=False, container=False)
    text = show(replace(LINE, text="word " * 30))
    assert text.startswith("00000000 14:13:20 word word")
    assert all(len(line) <= 80 for line in text.splitlines())
    assert {line[:18] for line in text.splitlines()[1:]} == {" " * 18}


def test_each_task_has_a_colour_and_keeps_it() -> None:
    show = shown(width=80, colour=True, service=True, container=True)
    first, other, again = show(LINE), show(replace(LINE, task=OTHER + "f")), show(LINE)
    assert first == again
    assert first.startswith("\x1b[36m00000000 shop app\x1b[0m ")
    assert other.startswith("\x1b[35m")


def test_in_a_pipe_one_line_each_with_the_whole_moment() -> None:
    show = shown(width=None, colour=True, service=False, container=True)
    assert show(replace(LINE, text="word " * 30)).count("\n") == 0
    assert show(LINE) == "2026-09-21T14:13:20.500Z 00000000 app GET /orders 200"


def test_as_json_one_object_a_line() -> None:
    assert json.loads(as_json(LINE)) == {
        "at": "2026-09-21T14:13:20.500Z",
        "service": "shop",
        "task": TASK,
        "container": "app",
        "text": "GET /orders 200",
    }
