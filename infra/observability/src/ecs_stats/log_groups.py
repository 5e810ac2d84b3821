"""Where a container's lines are in CloudWatch Logs: the awslogs driver names streams prefix/container/task. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ecs_deployment import model


class Stream(NamedTuple):
    """A log stream by the names of its group and its own."""

    group: str
    name: str


class Kept(NamedTuple):
    """Where all tasks of a revision keep the lines of one container. `prefix` ends with "/"."""

    container: str
    group: str
    prefix: str


def kept(definition: model.TaskDefinition) -> Iterator[Kept]:
    """The containers of a revision whose lines can be read here: awslogs with a stream prefix (Fargate demands one)."""
    for one in definition.content.get("containerDefinitions", ()):
        logging = one.get("logConfiguration") or {}
        options = logging.get("options") or {}
        prefix = options.get("awslogs-stream-prefix")
        if logging.get("logDriver") == "awslogs" and prefix and options.get("awslogs-group"):
            yield Kept(one["name"], options["awslogs-group"], f"{prefix}/{one['name']}/")


def stream_of(definition: model.TaskDefinition | None, task: str, container: str) -> Stream | None:
    """The stream of one container of one task, None where its lines go elsewhere."""
    for one in kept(definition) if definition is not None else ():
        if one.container == container:
            return Stream(one.group, f"{one.prefix}{task}")
    return None
