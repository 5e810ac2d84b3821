"""Traffic during a rollout that counts every lost request: the number behind "zero downtime".

Open loop: requests go out at a steady rate, however long their answers take. Each has a connection of its own
and is sent once. A loss is the status 502, 503 or 504, or a connection that was refused, cut or timed out and
whose second, fresh connection fares no better. What the network of this machine prevents is not counted.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ecs_deployment import tally
from ecs_deployment.interrupts import deaf_threads
from ecs_deployment.model import Traffic
from ecs_deployment.probe_request import Address, Answer, address, request

_STOP_WITHIN = 1.0  # seconds that requests in flight are given at the end
_SLICE = 0.1


@dataclass(frozen=True)
class Baseline:
    """Whether traffic can be measured at all. `status` is the answer's, None where there was none.

    A sleeping service is `ok=False, status=503`.
    """

    ok: bool
    reason: str
    status: int | None


class Probe:
    """Sends GET requests to one url, `per_second` of them, each with `timeout` seconds. Made for one start.

    Raises ValueError for a url that is neither http nor https. Nothing raises afterwards.
    """

    def __init__(
        self,
        url: str,
        *,
        per_second: float = 5,
        timeout: float = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._to: Address = address(url)
        self._pause = 1 / per_second
        self._timeout = timeout
        self._clock = clock
        # Each request may need its timeout twice: the first connection's and the second's.
        self._free = threading.BoundedSemaphore(max(2, math.ceil(per_second * timeout * 2)))
        self._lock = threading.Lock()
        self._tally: tally.Tally | None = None
        self._stopped_at: float | None = None
        self._closed = False
        self._ending = threading.Event()
        self._in_flight: set[threading.Thread] = set()

    def baseline(self) -> Baseline:
        """Ask once, and once more where that failed: does the url answer well before anything is changed?"""
        answer = request(self._to, self._timeout)
        if not answer.healthy:
            answer = request(self._to, self._timeout)
        if answer.healthy and not self._upgrades(answer):
            return Baseline(True, "", answer.status)
        if answer.healthy:
            reason = f"{self._to.url} only redirects to https: set the url to {answer.location}"
        elif answer.status is not None:
            reason = f"{self._to.url} answers {answer.status}"
        else:
            reason = f"{self._to.url}: {answer.reason}"
        return Baseline(False, reason, answer.status)

    def start(self, *, count_from_first_success: bool) -> None:
        """Begin sending. From zero, `count_from_first_success`: nothing counts before the first healthy answer."""
        with self._lock:
            if self._tally is not None:
                return
            self._tally = tally.begin(self._clock(), count_from_first_success=count_from_first_success)
        with deaf_threads():
            threading.Thread(target=self._send_steadily, name="probe", daemon=True).start()

    def traffic(self) -> Traffic:
        """What was measured so far."""
        with self._lock:
            if self._tally is None:
                return Traffic(0, 0, 0, 0, measured=False, why_not="no traffic was sent")
            now = self._clock() if self._stopped_at is None else self._stopped_at
            return tally.traffic(self._tally, now)

    def stop(self, *, unless: Callable[[], bool] | None = None) -> Traffic:
        """Stop sending, wait at most a second for what is in flight, and give the final numbers.

        What has no answer by then is not counted, except in the longest gap. With `unless` nothing is left open: a
        request that hangs gets its whole time, the second connection's too, unless that becomes true.
        """
        with self._lock:
            self._stopped_at = self._clock() if self._stopped_at is None else self._stopped_at
            self._ending.set()
            in_flight = () if self._closed else tuple(self._in_flight)
        deadline = time.monotonic() + (_STOP_WITHIN if unless is None else 2 * self._timeout + _STOP_WITHIN)
        for thread in in_flight:
            while (
                thread.is_alive() and (left := deadline - time.monotonic()) > 0 and not (unless and unless())
            ):
                thread.join(min(left, _SLICE))
        with self._lock:
            self._closed = True
        return self.traffic()

    def _upgrades(self, answer: Answer) -> bool:
        """A load balancer itself sends http to https; such an answer tells nothing about the service."""
        there = urlsplit(answer.location)
        return self._to.context is None and there.scheme == "https" and there.hostname == self._to.host

    def _send_steadily(self) -> None:
        next_at = time.monotonic()
        while not self._ending.is_set():
            if self._free.acquire(blocking=False):
                self._send()
            now = time.monotonic()
            # A machine that slept sends one request when it wakes, not all that it missed.
            next_at = max(next_at + self._pause, now - self._pause)
            self._ending.wait(max(0.0, next_at - now))

    def _send(self) -> None:
        thread = threading.Thread(target=self._measure, name="probe-request", daemon=True)
        try:
            with self._lock:
                if self._ending.is_set():
                    self._free.release()
                    return
                thread.start()
                self._in_flight.add(thread)
        except RuntimeError:  # this machine has no thread left: as good as no network
            self._settle(thread, Answer("unsent", "this machine can start no thread"))

    def _measure(self) -> None:
        answer = request(self._to, self._timeout)
        if answer.kind == "cut":
            second = request(self._to, self._timeout)
            answer = answer if second.kind == "cut" else second
        self._settle(threading.current_thread(), answer)

    def _settle(self, thread: threading.Thread, answer: Answer) -> None:
        with self._lock:
            if not self._closed and self._tally is not None:
                self._tally = tally.add(self._tally, answer, self._clock())
            self._in_flight.discard(thread)
        self._free.release()
