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
HELD = "Interrupt heard: waiting for AWS to answer a call whose effect must be known."
_ANSWERED = ""

# Who tells that a signal was heard. A handler may put something into such a queue, whatever it came in the middle of.
_listening: list[queue.SimpleQueue[str]] = []

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
                    self._before[number] = signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._late.append(number)
        for one in _listening:
            one.put(HELD)

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
        self._heard: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._answered = False  # the loop knows of the first signal

    def announce(self, say: Callable[[str], None]) -> None:
        """Have the first signal told at once where a call that does not answer keeps the loop from telling it."""
        self._say = say
        if self._attended:
            self._listen()

    @property
    def count(self) -> int:
        """Signals so far."""
        if self._count and not self._answered and threading.current_thread() is threading.main_thread():
            self._answered = True
            self._heard.put(_ANSWERED)
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
            self._hear_no_more()
            self._restore()

    def __enter__(self) -> Self:
        self._raises = False
        if not self._attended:
            self._install()
        self._listen()
        return self

    def __exit__(self, kind: object = None, *_: object) -> None:
        self._over = kind is None  # else what was torn is still being unwound
        self._hear_no_more()
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

    def _listen(self) -> None:
        if self._say is None or self._heard in _listening:
            return
        _listening.append(self._heard)
        with deaf_threads():
            threading.Thread(target=_tell, args=(self._heard, self._say), daemon=True, name="signals").start()

    def _hear_no_more(self) -> None:
        self._heard.put(_ANSWERED)
        if self._heard in _listening:
            _listening.remove(self._heard)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self._woken.put(None)
        if not self._raises:
            self._heard.put(HEARD)
        if self._raises or (self._count >= INSISTS and not self._over):
            self._raises, self._unwinds = False, True
            raise KeyboardInterrupt
        if self._count == _LEAVES and not self._over and not self._unwinds:
            signal.setitimer(signal.ITIMER_REAL, _AT_ONCE)

    def _tear(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over:
            self._unwinds = True
            raise KeyboardInterrupt


def _tell(heard: queue.SimpleQueue[str], say: Callable[[str], None]) -> None:
    """On a thread of its own: a handler may not write, since it may have come in the middle of a line."""
    if (text := heard.get()) != _ANSWERED:
        try:
            heard.get(timeout=_NOTICE)
        except queue.Empty:
            say(text)
