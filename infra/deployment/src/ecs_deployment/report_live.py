"""Progress on a terminal: the story scrolls above, one block for each service moves below."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ecs_deployment import report_text as words
from ecs_deployment.events import Event, Finished, Progress, Said
from ecs_deployment.interrupts import deaf_threads
from ecs_deployment.report_plain import finished
from ecs_deployment.report_stream import SafeStream
from ecs_deployment.report_text import Kind

# Basic colours alone, which every palette makes readable on its own ground; no information in colour only.
STYLES = {"": "", "info": "", "good": "bold green", "warning": "bold magenta", "bad": "bold red"}
_MARKS = {"good": "ok", "warning": "! ", "bad": "X "}
_BLOCK = 8  # lines of a service's block
_WIDEST = 100
_ECHO = (
    4  # columns left free: a terminal echoes ^C where the cursor stands, and a line more would stay behind
)


@dataclass(frozen=True)
class _Row:
    """The newest progress of a service, when it came and since when it waits for the same."""

    now: Progress
    at: float
    waits_since: float


class Screen:
    """A sink that draws. A context manager: what moves is gone at its end, the story stays."""

    def __init__(
        self,
        stream: SafeStream,
        title: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        width: int | None = None,
        height: int | None = None,
    ) -> None:
        self._title = title
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._rows: dict[str, _Row] = {}
        self._console = console(stream, width=width, height=height)
        self._live = Live(
            console=self._console,
            get_renderable=self.picture,
            refresh_per_second=4,
            transient=True,
            # rich would put its proxy in the place of a closed stream for good.
            redirect_stdout=sys.stdout is not None,
            redirect_stderr=sys.stderr is not None,
        )

    def __enter__(self) -> Screen:
        with deaf_threads():
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take an event."""
        now = self._clock()
        if isinstance(event, Progress):
            with self._lock:
                before = self._rows.get(event.service)
                same = before is not None and before.now.waiting_for == event.waiting_for
                since = before.waits_since if before is not None and same else now
                self._rows[event.service] = _Row(event, now, since)
        elif isinstance(event, Said):
            self._tell(event.service, event.text, event.kind)
        elif isinstance(event, Finished):
            with self._lock:
                self._rows.pop(event.result.service, None)
            self._tell(event.result.service, finished(event), words.WORDS[event.result.outcome].kind)

    def picture(self) -> RenderableType:
        """What moves: a block for each service, or a table where the blocks would not fit."""
        with self._lock:
            rows = list(self._rows.values())
        now = self._clock()
        if not rows:
            return Text(f"{self._title}: {words.duration(now - self._began)}")
        width = min(self._console.width - _ECHO, _WIDEST)
        if len(rows) * _BLOCK <= max(self._console.height - 1, _BLOCK):
            return Group(*(_block(row, now, width) for row in rows))
        return _overview(rows, now, width, self._console.height - 4)

    def _tell(self, service: str, text: str, kind: str) -> None:
        at = f"{self._clock() - self._began:6.1f} s  "
        line = Text(at)
        line.append(f"{_MARKS.get(kind, '  ')} ", STYLES.get(kind, ""))
        line.append(words.clean(f"{service}: {text}" if service else text))
        # What runs over goes on under the text, not under the clock.
        table = Table.grid(padding=0)
        table.add_column(width=len(at) + 3, no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(line[: len(at) + 3], line[len(at) + 3 :])
        self._console.print(table)


def console(stream: SafeStream, *, width: int | None = None, height: int | None = None) -> Console:
    """A console that takes text for text: no markup, no emoji, nothing highlighted. NO_COLOR is honoured."""
    return Console(
        file=cast(TextIO, stream),  # all of it that rich uses
        force_terminal=True,
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
        height=height,
    )


def _block(row: _Row, at: float, width: int) -> RenderableType:
    now = row.now
    grid = Table.grid(padding=(0, 2), expand=True)
    grid.add_column(style="bold", no_wrap=True, width=11)
    grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for label, text in _facts(row, at):
        grid.add_row(label, text)
    title = f"{now.service}: {now.stage}, {words.duration(now.elapsed + at - row.at)}"
    return Panel(grid, title=Text(words.clean(title)), title_align="left", width=width, padding=(0, 1))


def _facts(row: _Row, at: float) -> list[tuple[str, Text]]:
    """Always the same six lines, so that nothing jumps."""
    now = row.now
    waits = f"{words.clean(now.waiting_for)}, for {words.duration(at - row.waits_since)}"
    lost = now.traffic.failed if now.traffic else 0
    return [
        ("Waiting for", Text(waits if now.waiting_for else "nothing")),
        ("Revision", Text(words.clean(words.arrow(now.old_revision, now.new_revision)) or "not known yet")),
        ("Tasks", Text(words.tasks(now))),
        ("Targets", Text(words.clean(words.targets(now)))),
        ("Traffic", _alarming(words.clean(words.traffic(now.traffic)), "bad" if lost else "")),
        ("Failures", _alarming(words.failures(now), "bad" if now.failures else "")),
    ]


def _alarming(text: str, kind: Kind) -> Text:
    return Text(text, style=STYLES[kind])


def _overview(rows: list[_Row], at: float, width: int, most: int) -> RenderableType:
    table = Table(box=None, width=width, padding=(0, 1), pad_edge=False)
    for heading in ("Service", "Stage", "Old", "New", "Lost"):
        table.add_column(heading, no_wrap=True, header_style="bold")
    table.add_column("Waiting for", no_wrap=True, overflow="ellipsis", ratio=1, header_style="bold")
    for row in rows[:most]:
        now = row.now
        lost = now.traffic.failed if now.traffic and now.traffic.measured else None
        table.add_row(
            Text(words.clean(now.service)),
            Text(f"{words.clean(now.stage)}, {words.duration(now.elapsed + at - row.at)}"),
            Text(str(now.old_running)),
            Text(f"{now.new_running} of {now.desired}"),
            Text("-" if lost is None else str(lost), style=STYLES["bad" if lost else ""]),
            Text(words.clean(now.waiting_for)),
        )
    left_out = len(rows) - most
    return Group(table, Text(f"and {left_out} more")) if left_out > 0 else table
