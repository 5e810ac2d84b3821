"""Signals while a task runs: SIGTERM and SIGHUP unwind like Ctrl-C."""

from __future__ import annotations

import atexit
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from tasks._stdout import OneObject


@contextmanager
def unwinding(printed: OneObject | None) -> Iterator[list[bool]]:
    """SIGTERM and SIGHUP unwind like Ctrl-C while the body runs; what is ignored (nohup) stays ignored.

    One that comes when the object of `--json` is out, or the value is no longer empty, comes too late: the task
    ends as it has said.
    """
    over: list[bool] = []
    late: list[int] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        if over:
            return
        if printed is not None and printed.whole and not late:
            late.append(number)
        else:
            signal.default_int_handler(number, frame)

    taken: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            taken[number] = signal.signal(number, unwind)
    try:
        yield over
    finally:
        for number, handler in taken.items():
            signal.signal(number, handler)
        # While the interpreter winds up a signal would make another exit code of it.
        atexit.register(_deaf, *taken)


def _deaf(*numbers: int) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
