"""Standard output of a task with `--json`: one object on every end, and nothing that tears or follows it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_KEPT = 16 * 1024 * 1024  # characters; no object of ours is longer, and a stream of lines is no object


class OneObject:
    """A stream that hands everything on and knows whether it was one whole object."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._text = ""
        self._lines = False

    def lines(self) -> None:
        """From here on there is an object on each line, without an end: none of them is how the task ended."""
        self._lines = True

    def write(self, text: str) -> int:
        """Hand on; noted before, since a signal in between must not lead to a second object."""
        if self._lines:
            self._text = self._text or text[:1]
        elif len(self._text) < _KEPT:
            self._text += text
        return len(text) if self._stream is None else int(self._stream.write(text))

    def flush(self) -> None:
        """Hand on what is buffered."""
        if self._stream is not None:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def begun(self) -> bool:
        """Whether anything was printed."""
        return bool(self._text.strip())

    @property
    def whole(self) -> bool:
        """Whether what was printed is an object: the task has said how it ended."""
        try:
            return isinstance(json.loads(self._text), dict)
        except ValueError:
            return False


def lines_follow() -> None:
    """Says that a task with `--json` prints an object a line (see `OneObject.lines`)."""
    if isinstance(sys.stdout, OneObject):
        sys.stdout.lines()


@contextmanager
def one_object(options: Mapping[str, Any]) -> Iterator[OneObject | None]:
    """Watch stdout while the body of a task runs that was given `--json`; None for any other."""
    if options.get("json") is not True:
        yield None
        return
    before = sys.stdout
    watched = OneObject(before)
    sys.stdout = watched
    try:
        yield watched
    finally:
        sys.stdout = before
