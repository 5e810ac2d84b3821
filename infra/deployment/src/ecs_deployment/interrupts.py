"""Ctrl-C and SIGTERM while something is under way: counted, so that the work stops in order and not in the middle."""

from __future__ import annotations

import queue
import signal
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Protocol, Self

_CLOSED = getattr(signal, "SIGHUP", signal.SIGTERM)  # the terminal was closed


# Python runs a handler between two bytecodes: a signal just before a wait begins is heard only after it.
_SLICE = 0.25


class Interrupts(Protocol):
    """How often the user asked to stop, and a wait that ends when they do. Entered while signals are to be counted."""

    def __enter__(self) -> object:
        """Count signals from here on."""

    def __exit__(self, *_: object) -> None:
        """Let them do again what they did before."""

    @property
    def count(self) -> int:
        """Signals so far."""

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the next signal."""


class Signals:
    """The real ones: a context manager around the time in which no signal may tear anything.

    Outside the main thread, where Python installs no handlers, it only waits.
    """

    def __init__(self) -> None:
        self._count = 0
        # A handler may run in the middle of the wait itself, on the same thread: this queue is made for that.
        self._woken: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._before: dict[int, signal._HANDLER] = {}

    @property
    def count(self) -> int:
        """Signals so far."""
        return self._count

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the next signal; one that came before counts for the next wait only once."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                self._woken.get(timeout=min(left, _SLICE))
                return

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            nohup = signal.getsignal(_CLOSED) is signal.SIG_IGN
            for number in (
                {signal.SIGINT, signal.SIGTERM} if nohup else {signal.SIGINT, signal.SIGTERM, _CLOSED}
            ):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self._woken.put(None)
