"""Progress as plain lines: one when something changed, and one every 15 seconds in which nothing did."""

from __future__ import annotations

import shutil
import textwrap
import threading
import time
from collections.abc import Callable
from types import TracebackType

from ecs_deployment import report_text as words
from ecs_deployment.events import Event, Finished, Progress, Said
from ecs_deployment.interrupts import deaf_threads
from ecs_deployment.outcome import Outcome
from ecs_deployment.report_stream import SafeStream

_SILENCE = 15.0  # seconds; CI systems and people take a silent job for a hanging one
_ONE_BY_ONE = 3  # services that a heartbeat names singly


class Plain:
    """A sink that writes lines. A context manager: its heartbeat ends with it."""

    def __init__(
        self,
        stream: SafeStream,
        *,
        silence: float = _SILENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._silence = silence
        self._clock = clock
        self._began = clock()
        self._lock = threading.Lock()
        self._now: dict[str, Progress] = {}
        self._told: dict[str, Progress] = {}  # what the last line of a service was made of
        self._spoke = threading.Event()
        self._over = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="report", daemon=True)

    def __enter__(self) -> Plain:
        with deaf_threads():
            self._heartbeat.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._spoke.set()
        self._heartbeat.join(1)

    def __call__(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            if isinstance(event, Progress):
                before = self._now.get(event.service)
                self._now[event.service] = event
                if before is None or _signature(before) != _signature(event):
                    self._line(event.service, _news(event, self._told.get(event.service)))
                    self._told[event.service] = event
            elif isinstance(event, Said):
                mark = "warning: " if event.kind == "warning" else ""
                self._line(event.service, mark + event.text)
            elif isinstance(event, Finished):
                self._now.pop(event.result.service, None)
                self._line(event.result.service, finished(event))

    def _line(self, service: str, text: str) -> None:
        # Flush left and in one width, so that the eye can run down the column.
        at = f"{self._clock() - self._began:6.1f} s"
        line = words.clean(f"{at}  {service}: {text}" if service else f"{at}  {text}")
        if self._stream.isatty():  # a dumb one; elsewhere a line stays a line, for grep
            line = textwrap.fill(line, _columns(), subsequent_indent=" " * 10, break_long_words=False)
        self._stream.line(line)
        self._spoke.set()

    def _beat(self) -> None:
        while not self._over.is_set():
            if self._spoke.wait(self._silence):
                self._spoke.clear()
                continue
            with self._lock:
                if len(self._now) > _ONE_BY_ONE:
                    self._line("", f"still {len(self._now)} services under way")
                for now in self._now.values() if len(self._now) <= _ONE_BY_ONE else ():
                    self._line(now.service, f"still {_everything(now)}")
                if not self._now:
                    self._line("", "still at work")
                self._spoke.clear()


def _columns() -> int:
    return shutil.get_terminal_size().columns


def finished(event: Finished) -> str:
    """The verdict in one line, with the cause of a failure."""
    result = event.result
    stopped = result.outcome is Outcome.INTERRUPTED
    cause = f": {result.summary if stopped else result.cause}" if result.cause else ""
    return f"{words.says(result)}, after {words.duration(result.seconds)}{cause}"


def _signature(now: Progress) -> tuple[object, ...]:
    """What makes a new line worth its while: a CI log is read from top to bottom, and long ones by nobody."""
    lost = now.traffic.failed if now.traffic else 0
    return now.stage, now.waiting_for, now.desired, now.failures, lost


def _news(now: Progress, before: Progress | None) -> str:
    """Where it stands, and of the rest what is not as in the line before."""
    lost = now.traffic.failed if now.traffic and now.traffic.measured else 0
    lost_before = before.traffic.failed if before and before.traffic else 0
    parts = [
        _where(now),
        f"targets {words.targets(now)}"
        if now.targets and (not before or now.targets != before.targets)
        else "",
        _failures(now) if not before or now.failures != before.failures else "",
        f"{words.plural(lost, 'request')} lost" if lost != lost_before else "",
    ]
    return "; ".join(part for part in parts if part)


def _everything(now: Progress) -> str:
    parts = [
        _where(now),
        f"targets {words.targets(now)}" if now.targets else "",
        _failures(now),
        words.traffic(now.traffic) if now.traffic and now.traffic.measured else "",
    ]
    return "; ".join(part for part in parts if part)


def _where(now: Progress) -> str:
    waits = f", waiting for {now.waiting_for}" if now.waiting_for else ""
    return f"{now.stage}{waits}; old {now.old_running}, new {now.new_running} of {now.desired}"


def _failures(now: Progress) -> str:
    return f"{words.failures(now)} failures" if now.failures else ""
