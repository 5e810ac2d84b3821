"""Ctrl-C and SIGTERM while something is under way: counted, so that the work stops in order and not in the middle."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Protocol, Self


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
    """The real ones: a context manager around the time in which SIGINT and SIGTERM must not tear anything.

    Outside the main thread, where Python installs no handlers, it only waits.
    """

    def __init__(self) -> None:
        self._count = 0
        self._woken = threading.Event()
        self._before: dict[int, signal._HANDLER] = {}

    @property
    def count(self) -> int:
        """Signals so far."""
        return self._count

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the next signal; one that came before counts for the next wait only once."""
        self._woken.wait(max(seconds, 0.0))
        self._woken.clear()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self._woken.set()
