"""Ctrl-C and SIGTERM while something is under way: counted, so that the work stops in order and not in the middle.

A run has three parts. Before anything is changed a signal raises KeyboardInterrupt, as ever, and those after it are
counted: what is unwound (the lock) is not torn. While it rolls, signals are counted and the loop answers them. After
it, until the report is out, they come too late and change nothing. The second one tears a call that does not answer
within a second (a CI runner kills 2.5 s later), and a third one whatever it meets: somebody insists.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol, Self

# Ctrl-C, what CI and `kill` send, and a terminal that was closed.
_NUMBERS = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}


_LEAVES = 2
_AT_ONCE = 1.0  # seconds that the loop has to leave by itself after the second signal

INSISTS = 3
"""Signals from which on nothing is waited for any more, the journal neither."""

_NOTICE = 0.3  # seconds that the loop has to say itself that it heard the first signal

HEARD = "Interrupt heard: waiting for AWS to answer a call that is under way. A second signal leaves at once."

# Python runs a handler between two bytecodes: a signal just before a wait begins is heard only after it.
_SLICE = 0.25


class Untorn:
    """Signals that came inside `untorn`, until `release`."""

    def __init__(self) -> None:
        self._late: list[int] = []
        self._before: dict[int, signal._HANDLER] = {}
        if threading.current_thread() is threading.main_thread():
            for number in _NUMBERS:
                if callable(
                    signal.getsignal(number)
                ):  # what is ignored or kills outright has no handler to wait for
                    self._before[number] = signal.signal(number, lambda came, _: self._late.append(came))

    def release(self) -> None:
        """From here on signals arrive again; those that waited arrive now. A second time does nothing."""
        before, self._before = self._before, {}
        for number, handler in before.items():
            signal.signal(number, handler)
        late, self._late = self._late, []
        for number in late:
            signal.raise_signal(number)


@contextmanager
def untorn() -> Iterator[Untorn]:
    """Around a call whose effect must be known: a signal that would tear it arrives after it, or at `release`."""
    waiting = Untorn()
    try:
        yield waiting
    finally:
        waiting.release()


@contextmanager
def deaf_threads() -> Iterator[None]:
    """Threads that are started inside hear no signals, nor do those that they start.

    Python answers a signal on the main thread alone. One that the kernel gives to another thread (it does where two
    come at once) waits there until the main thread's call returns, which may take as long as AWS does.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_NUMBERS, signal.SIGALRM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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
        self._raises = False  # the first signal unwinds
        self._unwinds = False
        self._over = False
        self._attended = False
        self._say: Callable[[str], None] | None = None
        self._came: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._answered = threading.Event()  # the loop knows of the first signal

    def announce(self, say: Callable[[str], None]) -> None:
        """Have the first signal told at once where a call that does not answer keeps the loop from telling it."""
        self._say = say

    @property
    def count(self) -> int:
        """Signals so far."""
        if self._count and threading.current_thread() is threading.main_thread():
            self._answered.set()
        return self._count

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the next signal; one that came before counts for the next wait only once."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with suppress(queue.Empty):
                self._woken.get(timeout=min(left, _SLICE))
                return

    @contextmanager
    def attended(self) -> Iterator[Self]:
        """Around the whole of a run: the first signal raises KeyboardInterrupt until signals begin to be counted."""
        self._raises = self._attended = True
        self._install()
        try:
            yield self
        finally:
            self._attended = False
            self._restore()

    def __enter__(self) -> Self:
        self._raises = False
        if not self._attended:
            self._install()
        if self._say is not None:
            with deaf_threads():
                threading.Thread(target=self._listen, args=(self._say,), daemon=True, name="signals").start()
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        self._over = kind is None  # else what was torn is still being unwound
        self._answered.set()
        self._came.put(False)
        if not self._attended:
            self._restore()

    def _install(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._tear)
        for number in _NUMBERS:
            # What is ignored (nohup, a job that a script put in the background) stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)

    def _restore(self) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _listen(self, say: Callable[[str], None]) -> None:
        """On a thread of its own: a handler may not write, since it may have come in the middle of a line."""
        if self._came.get() and not self._answered.wait(_NOTICE):
            say(HEARD)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self._woken.put(None)
        self._came.put(True)
        if self._raises or (self._count >= INSISTS and not self._over):
            self._raises, self._unwinds = False, True
            raise KeyboardInterrupt
        if self._count == _LEAVES and not self._over and not self._unwinds:
            signal.setitimer(signal.ITIMER_REAL, _AT_ONCE)

    def _tear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over:
            self._unwinds = True
            raise KeyboardInterrupt
