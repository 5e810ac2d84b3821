"""Real signals to this very process: counted, and the wait that they end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest
from ecs_deployment import interrupts
from ecs_deployment.interrupts import Signals, untorn


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


def test_before_anything_is_counted_the_first_signal_unwinds_and_the_second_tears_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    unwound = False
    with Signals().attended() as seen:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)
            unwound = True
        assert (unwound, seen.count) == (True, 2)
    assert signal.getsignal(signal.SIGINT) is before


def test_while_it_rolls_only_the_third_tears_and_afterwards_none() -> None:
    with Signals().attended() as seen:
        with seen:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert seen.count == 3
    with Signals() as seen:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Signals().attended() as seen:
            signal.raise_signal(signal.SIGINT)
            assert seen.count == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_would_tear_a_call_arrives_after_it() -> None:
    story: list[str] = []

    def at_the_end() -> None:
        with untorn():
            signal.raise_signal(signal.SIGINT)
            story.append("whole")

    def sooner() -> None:
        with untorn() as waiting:
            signal.raise_signal(signal.SIGINT)
            story.append("whole again")
            waiting.release()
            story.append("never reached")

    for call in (at_the_end, sooner):
        with Signals().attended(), pytest.raises(KeyboardInterrupt):
            call()
    assert story == ["whole", "whole again"]


def test_the_second_tears_a_call_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_AT_ONCE", 0.02)

    def torn() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        threading.Event().wait(60)

    with Signals() as seen:
        with pytest.raises(KeyboardInterrupt):  # also where a busy machine is not at the wait by then
            torn()
        assert seen.count == 2
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_loop_that_has_left_in_time_is_not_torn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_AT_ONCE", 0.4)
    with Signals().attended() as seen:
        with seen:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
        threading.Event().wait(0.6)  # longer than the timer would take
    assert seen.count == 2


TWO_AT_ONCE = """
import os, socket, subprocess, sys, threading
from ecs_deployment.interrupts import Signals, deaf_threads

over = threading.Event()
with deaf_threads():
    beside = [threading.Thread(target=over.wait) for _ in range(3)]
    for thread in beside:
        thread.start()
here, there = socket.socketpair()
here.settimeout(20)
sender = f"import os; [os.kill({os.getpid()}, number) for number in (2, 15, 1)]"
try:
    with Signals(), subprocess.Popen([sys.executable, "-c", sender]):
        here.recv(1)
except KeyboardInterrupt:
    print("torn", flush=True)
os._exit(0)
"""


def test_of_two_signals_at_once_none_waits_in_another_thread() -> None:
    """The kernel gives the second to whoever listens; the main thread would hear of it when its call returns.

    In a process of its own: a signal that comes late would end the one that runs the tests.
    """
    done = subprocess.run(
        [sys.executable, "-c", TWO_AT_ONCE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "torn\n", done


def test_the_first_one_is_told_while_a_call_does_not_answer() -> None:
    said: queue.Queue[str] = queue.Queue()
    signals = Signals()
    signals.announce(said.put)
    with signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert said.get(timeout=30) == interrupts.HEARD  # this very wait is the call


def test_the_first_one_is_not_told_twice() -> None:
    """The loop that hears it says itself what comes of it."""
    said: queue.Queue[str] = queue.Queue()
    signals = Signals()
    signals.announce(said.put)
    before = set(threading.enumerate())
    with signals:
        (listener,) = (one for one in set(threading.enumerate()) - before if one.name == "signals")
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.count == 1
        listener.join(30)
    assert said.empty()


def test_where_none_comes_nobody_goes_on_listening() -> None:
    signals = Signals()
    signals.announce(print)
    before = set(threading.enumerate())
    with signals:
        (listener,) = (one for one in set(threading.enumerate()) - before if one.name == "signals")
    listener.join(30)
    assert not listener.is_alive()


def test_it_is_told_also_where_the_signal_itself_has_to_wait() -> None:
    said: queue.Queue[str] = queue.Queue()

    def call() -> None:
        with untorn():
            os.kill(os.getpid(), signal.SIGINT)
            assert said.get(timeout=30) == interrupts.HELD

    with Signals().attended() as signals:
        signals.announce(said.put)
        with pytest.raises(KeyboardInterrupt):
            call()


def test_what_comes_when_all_is_over_waits_for_nothing() -> None:
    said: queue.Queue[str] = queue.Queue()
    with Signals().attended() as signals:
        signals.announce(said.put)
        (listener,) = (one for one in threading.enumerate() if one.name == "signals")
        with signals:
            pass
        os.kill(os.getpid(), signal.SIGINT)
        listener.join(30)
    assert said.empty()
