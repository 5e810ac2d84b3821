"""Writing that never ends in a traceback: a reader that left, a closed stream, an encoding without the character."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import TextIO


class SafeStream:
    """A text stream around another one, or around none. After the first failure it writes nothing more.

    `strict`: what cannot be written is raised (OSError), for whoever has nothing else to do than to tell. A reader
    that left is none of it.
    """

    def __init__(self, stream: TextIO | None, *, strict: bool = False) -> None:
        self._stream, self._strict = stream, strict

    @property
    def encoding(self) -> str:
        """What the stream below encodes to."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether a terminal is below; False for a closed stream."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The descriptor below. Raises OSError where there is none, as io does."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Write, with "?" for what the encoding lacks."""
        try:
            if self._stream is not None:
                self._stream.write(text.encode(self.encoding, "replace").decode(self.encoding))
        except (OSError, ValueError) as error:
            self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: OSError | ValueError) -> None:
        stream, self._stream = self._stream, None
        if stream is not None and stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__):
            # Python flushes them once more when it exits, and would complain there.
            with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (os.devnull is no path)
                os.dup2(nowhere.fileno(), stream.fileno())
        if isinstance(error, OSError) and error.errno != errno.EPIPE and stream is not sys.stderr:
            if self._strict:
                raise error
            SafeStream(sys.stderr).line(f"The report cannot be written: {error.strerror}.")

    def line(self, text: str = "") -> None:
        """Write one line and hand it on at once."""
        self.write(text + "\n")
        self.flush()


def opened(stream: TextIO | SafeStream | None, *, default: TextIO | None, strict: bool = False) -> SafeStream:
    """The stream made safe; the default where None is given. sys.stdout itself is None where it was closed."""
    chosen = default if stream is None else stream
    return chosen if isinstance(chosen, SafeStream) else SafeStream(chosen, strict=strict)


def draws(stream: SafeStream, terminal: bool | None) -> bool:
    """Whether a moving picture may be drawn there: a terminal that is not dumb, with us in its foreground."""
    dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return not dumb and not _in_background(stream) and (stream.isatty() if terminal is None else terminal)


def _in_background(stream: SafeStream) -> bool:
    """Whether the terminal is somebody else's at the moment: `inv ... &` must not draw over what is typed there."""
    try:
        return os.tcgetpgrp(stream.fileno()) != os.getpgrp()
    except OSError:  # no terminal, or none that has a foreground
        return False
