"""Takes what containers print to CloudWatch Logs, as the awslogs driver does on Fargate."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING

from ecs_local.api.errors import AwsError
from ecs_local.api.passive import Passive
from ecs_local.world import Content, Task, World

if TYPE_CHECKING:
    from ecs_local.worker import LogLine

_log = logging.getLogger(__name__)
_PAUSE = 0.2  # seconds in which lines gather before they are sent
_MOST_WAITING = 20_000  # lines; the oldest are dropped beyond
_BATCH = 1_000  # lines of one PutLogEvents
_LONGEST = 200_000  # characters of one line; AWS takes 256 KB an event

_NO_GROUP = (
    "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to "
    "create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1"
)

Stream = tuple[str, str]


class Shipper:
    """Sends lines in batches: group and stream as the task definition's logConfiguration says.

    A missing group is created only with `awslogs-create-group`, as on AWS; else the task does not start (`ready`).
    Lines whose stream is gone later are dropped, once with a warning in the engine's log.
    """

    def __init__(self, world: World, passive: Passive) -> None:
        self._world, self._passive = world, passive
        self._waiting: deque[tuple[Stream, bool, Content]] = deque(maxlen=_MOST_WAITING)
        self._known: dict[Stream, bool] = {}  # whether the stream is there
        self._some = asyncio.Event()
        self._loop = asyncio.create_task(self._run())

    def take(self, line: LogLine) -> None:
        """Queues one line; lines of containers without the awslogs driver go nowhere."""
        task = self._world.tasks.get(line.task)
        if task is None:
            return
        definitions = self._world.task_definitions[task.task_definition].content["containerDefinitions"]
        target = _target(task, next(one for one in definitions if one["name"] == line.container))
        if target is None:
            return
        event = {"timestamp": int(line.at * 1000), "message": line.text[:_LONGEST]}
        self._waiting.append((*target, event))
        self._some.set()

    def put(self, stream: Stream, at: float, text: str, *, create: bool) -> None:
        """Queues one line for a stream by name, `at` in epoch seconds; `create`: its group too where it is missing."""
        if not self._known.get(stream, True):
            del self._known[stream]  # the group may have been made in the meantime
        self._waiting.append((stream, create, {"timestamp": int(at * 1000), "message": text}))
        self._some.set()

    async def drop(self, stream: Stream) -> None:
        """Deletes a stream that nobody writes to any more."""
        if self._known.pop(stream, False):
            await self._try("DeleteLogStream", {"logGroupName": stream[0], "logStreamName": stream[1]})

    async def ready(self, task: Task, definition: Content) -> str | None:
        """Gets the stream of a container ready; the reason why its task cannot start, or None."""
        target = _target(task, definition)
        if target is None or await self._there(*target):
            return None
        return _NO_GROUP

    async def stop(self) -> None:
        """Sends what waits, then ends."""
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        await self._send()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(_PAUSE)
            self._some.clear()
            try:
                await self._send()
            except Exception:  # noqa: BLE001 - some lines are not worth an engine without logs; its log says why
                _log.exception("lines of containers are lost")

    async def _send(self) -> None:
        lines = sorted(
            (self._waiting.popleft() for _ in range(len(self._waiting))), key=lambda line: line[:2]
        )
        for (stream, create), batch in groupby(lines, key=lambda line: line[:2]):
            events = sorted((event for _, _, event in batch), key=lambda event: int(event["timestamp"]))
            if not await self._there(stream, create):
                continue
            for start in range(0, len(events), _BATCH):
                params = {"logGroupName": stream[0], "logStreamName": stream[1]}
                if not await self._try(
                    "PutLogEvents", params | {"logEvents": events[start : start + _BATCH]}
                ):
                    self._known.pop(stream, None)  # it was there, and was deleted
                    break

    async def _there(self, stream: Stream, create: bool) -> bool:
        if stream not in self._known:
            if create:
                await self._try("CreateLogGroup", {"logGroupName": stream[0]})
            names = {"logGroupName": stream[0], "logStreamName": stream[1]}
            self._known[stream] = await self._try("CreateLogStream", names)
        return self._known[stream]

    async def _try(self, operation: str, params: Content) -> bool:
        try:
            await self._passive.call("logs", operation, params)
        except AwsError as error:
            if error.code == "ResourceAlreadyExistsException":
                return True
            _log.warning("%s for %s: %s Lines are dropped.", operation, params["logGroupName"], error.message)
            return False
        return True


def _target(task: Task, definition: Content) -> tuple[Stream, bool] | None:
    """(group, stream) of a container, and whether to create the group; None without the awslogs driver."""
    configuration = definition.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    if configuration.get("logDriver") != "awslogs" or "awslogs-group" not in options:
        return None
    prefix = options.get("awslogs-stream-prefix")
    name = f"{prefix}/{definition['name']}/{task.id}" if prefix else task.id
    return (options["awslogs-group"], name), options.get("awslogs-create-group") == "true"
