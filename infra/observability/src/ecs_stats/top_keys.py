"""Single keys from the terminal, without Enter and without an echo; the terminal is as it was afterwards."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from types import TracebackType
from typing import Any

try:
    import termios
    import tty
except ImportError:  # no POSIX terminal: no keys
    termios = None  # type: ignore[assignment] # Windows has none

_ESCAPE = "\x1b"
SUSPEND = "^z"
_TO_STOP = getattr(signal, "SIGTSTP", None)


class Keys:
    """A context manager. `there`: somebody can press keys at all (stdin is a terminal)."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._before: Any = None
        self._handler: Any = None
        self._wants_to_stop = False

    @property
    def there(self) -> bool:
        """Whether keys are heard."""
        return self._descriptor is not None

    def __enter__(self) -> Keys:
        try:
            descriptor = sys.stdin.fileno()
            if termios is not None and os.isatty(descriptor):
                self._before = termios.tcgetattr(descriptor)
                tty.setcbreak(descriptor)
                self._descriptor = descriptor
                if _TO_STOP is not None:
                    self._handler = signal.signal(_TO_STOP, self._stop)
        except (AttributeError, OSError, ValueError):  # stdin is closed
            self._descriptor = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)
            if _TO_STOP is not None:
                signal.signal(_TO_STOP, self._handler)
            self._descriptor = None

    def _stop(self, *_: object) -> None:
        self._wants_to_stop = True

    def suspend(self) -> None:
        """Ctrl-Z, once the screen is left: give the terminal back, stop, and take it again when woken."""
        self.__exit__(None, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)  # and not SIGTSTP, which does nothing without a shell that waits
        self.__enter__()

    def read(self, seconds: float) -> str:
        """The key pressed within so many seconds, in lower case; "" for none, `SUSPEND` for Ctrl-Z.

        Arrows and the like are none.
        """
        if self._wants_to_stop:
            self._wants_to_stop = False
            return SUSPEND
        if self._descriptor is None:
            time.sleep(seconds)  # no terminal, so no key to wait for
            return ""
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        if not ready:
            return ""
        pressed = os.read(self._descriptor, 64).decode(errors="replace")
        if not pressed:  # the terminal is gone
            return "q"
        return (
            ""
            if pressed.startswith(_ESCAPE) and len(pressed) > 1
            else pressed[0].lower().replace(_ESCAPE, "q")
        )
