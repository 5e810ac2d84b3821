"""What the user reads at the end: the real report, as text."""

from __future__ import annotations

import io
import re

from ecs_deployment import events, report
from ecs_deployment.outcome import Report


def screen(of: Report) -> str:
    """The last screen of a run in one line, so that a wrapped sentence is found whole."""
    stream = io.StringIO()
    report.final(of, stream=stream, terminal=False, environ={})
    return re.sub(r"\s+", " ", stream.getvalue())


class Progress:
    """A sink that keeps the lines a terminal without drawing would show."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self._lines = report.reporter("local", "", stream=self._stream, terminal=False)
        self._sink = self._lines.__enter__()

    def __call__(self, event: events.Event) -> None:
        self._sink(event)

    def text(self) -> str:
        """All lines so far; the report is over then."""
        self._lines.__exit__(None, None, None)
        return self._stream.getvalue()
