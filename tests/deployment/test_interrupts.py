"""Real signals to this very process: counted, and the wait that they end."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from ecs_deployment.interrupts import Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_counted_and_tear_nothing(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Signals() as seen:
        assert seen.count == 0
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert seen.count == 2
    assert signal.getsignal(number) is before


def test_both_count_together() -> None:
    with Signals() as seen:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        assert seen.count == 2


def test_a_signal_ends_a_wait_that_would_take_hours() -> None:
    with Signals() as seen:
        killer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
        killer.start()
        seen.wait(3600)
        killer.join()
        assert seen.count == 1


def test_a_signal_that_came_before_ends_the_next_wait_and_only_that() -> None:
    with Signals() as seen:
        signal.raise_signal(signal.SIGINT)
        seen.wait(3600)
        seen.wait(0.001)
        assert seen.count == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_is_no_wait(seconds: float) -> None:
    Signals().wait(seconds)


def test_what_was_there_before_is_back_even_after_an_error() -> None:
    before = signal.getsignal(signal.SIGINT)

    def failing() -> None:
        with Signals():
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - our own
        failing()
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_it_only_waits() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[Any] = []

    def work() -> None:
        with Signals() as mine:
            mine.wait(0.001)
            seen.append((mine.count, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(0, before)]
