"""The newest lines of a service's containers, gathered over many looks: what was there at first, then what came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from ecs_deployment import model
from ecs_deployment.errors import CloudError, NotFound
from ecs_deployment.report_text import clean

from ecs_stats import stats as s
from ecs_stats.asking import Asking
from ecs_stats.log_groups import Stream, stream_of
from ecs_stats.source import Logged, Source
from ecs_stats.stats import Reading, Said

_KEPT = 200  # lines
_FIRST = 10  # lines of each container at first
_MOST_AT_ONCE = 10  # containers that one look asks for their first lines
_REMEMBERED = 20 * _KEPT
_SOURCE = "logs:FilterLogEvents"


class Tail:
    """The lines of one service. `read` once a look, then `lines` and `last`."""

    def __init__(self, source: Source, late: float) -> None:
        self._source, self._late = source, late
        self._lines: deque[Said] = deque(maxlen=_KEPT)
        self._seen: dict[tuple[float, str, str], None] = {}  # oldest first
        self._last: dict[tuple[str, str], Said] = {}
        self._begun: set[Stream] = set()
        self._read_at: float | None = None

    @property
    def lines(self) -> tuple[Said, ...]:
        """Oldest first."""
        return tuple(sorted(self._lines, key=lambda one: one.at))

    def last(self, task: str, container: str) -> str:
        """The newest line of a container, "" where it has said nothing yet."""
        said = self._last.get((task, container))
        return said.text if said is not None else ""

    def read(
        self, asking: Asking, tasks: Iterable[model.Task], definitions: Mapping[str, model.TaskDefinition]
    ) -> None:
        """Read what is new. Trouble becomes a note of the look."""
        there = list(tasks)
        streams = {
            stream: (task.id, container.name)
            for task in there
            for container in task.containers
            if (stream := stream_of(definitions.get(task.task_definition), task.id, container.name))
            is not None
        }
        if there and not streams and definitions:
            asking.readings[s.LOGS] = Reading(_SOURCE, None, "the containers do not log through awslogs")
            return
        try:
            self._first_lines(streams)
            since = (self._read_at if self._read_at is not None else asking.now) - self._late
            for group in dict.fromkeys(stream.group for stream in streams):
                for one in self._source.logged(group, since, most=_REMEMBERED):
                    if where := streams.get(Stream(group, one.stream)):
                        self._take(one, *where)
        except NotFound:
            asking.readings[s.LOGS] = Reading(_SOURCE, None, "the log group does not exist")
        except CloudError as error:
            asking.tell(error)
            asking.missing(s.LOGS, error, _SOURCE)
        else:
            self._read_at = asking.now
            asking.readings[s.LOGS] = Reading(_SOURCE, asking.now)

    def _first_lines(self, streams: Mapping[Stream, tuple[str, str]]) -> None:
        for stream in [one for one in streams if one not in self._begun][:_MOST_AT_ONCE]:
            for one in self._source.tail(stream.group, stream.name, _FIRST):
                self._take(one, *streams[stream])
            self._begun.add(stream)

    def _take(self, one: Logged, task: str, container: str) -> None:
        key = one.at, one.stream, one.text
        if key in self._seen:
            return
        self._seen[key] = None
        while len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        said = Said(one.at, clean(one.text), task, container)
        self._lines.append(said)
        before = self._last.get((task, container))
        if before is None or before.at <= said.at:
            self._last[task, container] = said
