"""Lines of containers on their way to CloudWatch Logs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ecs_local.api.errors import AwsError
from ecs_local.logs import Shipper
from ecs_local.worker import LogLine
from ecs_local.world import Content, Task, TaskDefinition, World

OPTIONS = {"awslogs-group": "/shop", "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "shop"}


class Registers:
    """Log groups and streams that remember what was put."""

    def __init__(self, *groups: str) -> None:
        self.groups = set(groups)
        self.lines: dict[tuple[str, str], list[str]] = {}

    async def call(self, _: str, operation: str, params: Content) -> Content:
        group, stream = params["logGroupName"], params.get("logStreamName", "")
        if operation == "CreateLogGroup":
            if group in self.groups:
                raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
            self.groups.add(group)
        elif group not in self.groups:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        elif operation == "PutLogEvents":
            self.lines.setdefault((group, stream), []).extend(each["message"] for each in params["logEvents"])
        return {}


def _world(configuration: Content | None) -> World:
    definition: Content = {"name": "app", "image": "shop"}
    if configuration is not None:
        definition["logConfiguration"] = configuration
    world = World()
    content = {"containerDefinitions": [definition]}
    world.task_definitions["definition"] = TaskDefinition("definition", "shop", 1, content, 1.0)
    world.tasks["task"] = Task("task", "0" * 32, "shop", "service:shop", "ecs-svc/1", "definition", [], 1.0)
    return world


def _ship(registers: Registers, configuration: Content | None, *lines: tuple[float, str]) -> Registers:
    async def run() -> None:
        shipper = Shipper(_world(configuration), registers)  # type: ignore[arg-type] # one operation of a client is all it asks
        for at, text in lines:
            shipper.take(LogLine("task", "app", at, text))
        shipper.take(LogLine("gone", "app", 1.0, "of a task that is forgotten"))
        await shipper.stop()

    asyncio.run(run())
    return registers


def _awslogs(**more: str) -> Content:
    return {"logDriver": "awslogs", "options": OPTIONS | more}


def test_lines_arrive_in_their_order_under_the_name_that_fargate_uses() -> None:
    shipped = _ship(Registers("/shop"), _awslogs(), (2.0, "b"), (1.0, "a"), (2.0, "c"))
    assert shipped.lines == {("/shop", f"shop/app/{'0' * 32}"): ["a", "b", "c"]}


def test_many_lines_go_in_batches() -> None:
    shipped = _ship(Registers("/shop"), _awslogs(), *((1.0, str(number)) for number in range(2500)))
    assert [len(lines) for lines in shipped.lines.values()] == [2500]


def test_a_missing_group_is_created_only_where_asked(caplog: pytest.LogCaptureFixture) -> None:
    assert _ship(Registers(), _awslogs(), (1.0, "a"), (1.0, "b")).lines == {}
    assert caplog.text.count("Lines are dropped") == 1
    created = _ship(Registers(), _awslogs(**{"awslogs-create-group": "true"}), (1.0, "a"))
    assert list(created.lines.values()) == [["a"]]


@pytest.mark.parametrize(
    "configuration", [None, {"logDriver": "json-file"}, {"logDriver": "awslogs", "options": {}}]
)
def test_other_drivers_go_nowhere(configuration: Any) -> None:
    assert _ship(Registers("/shop"), configuration, (1.0, "a")).lines == {}
