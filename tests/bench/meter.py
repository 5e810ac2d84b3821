"""The meter: steady traffic of several kinds, and every request that was lost under it.

    async with Meter(url, rate=200) as meter:
        ...  # deploy
    assert not meter.result().lost

Lost is a 5xx, a refused or cut connection, an incomplete answer, or none within the timeout. Everything counts:
nothing is sent twice and nothing is confirmed by a second try. One thing is no loss: a connection that the
server closed between two requests, before anything was sent on it.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

from tests.bench.load import BrokenError, Connection

_MOST_OPEN = 64  # idle connections of the steady load


@dataclass(frozen=True)
class Loss:
    """One lost request: when it was lost (seconds after the start), of which kind, and what became of it."""

    at: float
    kind: str  # plain, long, stream, idle
    path: str
    what: str
    connection: str  # new, kept


@dataclass(frozen=True)
class Result:
    """What the meter saw. Times in seconds; latencies and gap are those of the steady load alone."""

    seconds: float
    requests: int
    lost: tuple[Loss, ...]
    by_status: dict[int, int]
    by_kind: dict[str, int]
    longest_gap: float  # between two successes
    latency: dict[str, float]  # p50, p95, p99, max

    def __str__(self) -> str:
        causes = Counter(f"{loss.kind}: {loss.what}" for loss in self.lost)
        shown = "".join(f"\n  {number} x {cause}" for cause, number in causes.most_common(8))
        return (
            f"{self.requests} requests in {self.seconds:.1f} s, {len(self.lost)} lost, "
            f"longest gap {self.longest_gap * 1000:.0f} ms{shown}"
        )


class Meter:
    """Sends requests to a service from `async with` on, and counts.

    `rate` plain requests a second, whether the earlier ones were answered or not; a share `keep_alive` of them
    on connections that stay. Beside them `longs` clients ask one `/slow` after the other and `streams` one
    `/stream` after the other, each of a random length within `long_seconds`; `idlers` hold a connection and ask
    once in `idle_seconds`. At the end requests on their way are waited for.
    """

    def __init__(
        self,
        url: str,
        *,
        rate: float = 200.0,
        keep_alive: float = 0.5,
        longs: int = 0,
        streams: int = 0,
        long_seconds: tuple[float, float] = (5.0, 20.0),
        idlers: int = 0,
        idle_seconds: tuple[float, float] = (0.5, 3.0),
        path: str = "/",
        timeout: float = 30.0,
        seed: int = 0,
    ) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._rate, self._keep_alive, self._path, self._timeout = rate, keep_alive, path, timeout
        self._longs, self._streams, self._idlers = longs, streams, idlers
        self._long_seconds, self._idle_seconds = long_seconds, idle_seconds
        self._random = random.Random(seed)
        self._kept: list[Connection] = []
        self._jobs: set[asyncio.Task[None]] = set()
        self._by_status, self._by_kind = Counter[int](), Counter[str]()
        self._lost: list[Loss] = []
        self._latencies: list[float] = []
        self._longest_gap = 0.0
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Meter:
        self._start = self._last_success = time.monotonic()
        self._end: float | None = None
        self._job(self._steady())
        for _ in range(self._longs):
            self._job(self._one_after_the_other("long", "/slow"))
        for _ in range(self._streams):
            self._job(self._one_after_the_other("stream", "/stream"))
        for _ in range(self._idlers):
            self._job(self._idler())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if kind is not None:
            for job in self._jobs:
                job.cancel()
        while self._jobs:
            await asyncio.gather(*self._jobs, return_exceptions=kind is not None)
        for connection in self._kept:
            connection.close()
        self._end = time.monotonic()

    @property
    def requests(self) -> int:
        """How many requests have an outcome by now."""
        return self._by_kind.total()

    def result(self) -> Result:
        """What was counted so far."""
        ordered = sorted(self._latencies)
        end = self._end or time.monotonic()

        def percentile(share: float) -> float:
            return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0

        return Result(
            seconds=end - self._start,
            requests=self.requests,
            lost=tuple(self._lost),
            by_status=dict(self._by_status),
            by_kind=dict(self._by_kind),
            longest_gap=self._longest_gap,
            latency={
                "p50": percentile(0.5),
                "p95": percentile(0.95),
                "p99": percentile(0.99),
                "max": percentile(1),
            },
        )

    def _job(self, work: Awaitable[None]) -> None:
        job = asyncio.ensure_future(work)
        assert isinstance(job, asyncio.Task)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _steady(self) -> None:
        number = 0
        while not self._stopping.is_set():
            due = self._start + number / self._rate
            if (delay := due - time.monotonic()) > 0:
                await self._pause(delay)
                continue
            self._job(self._plain(stay=self._random.random() < self._keep_alive))
            number += 1
            if number % 16 == 0:
                await asyncio.sleep(0)  # behind schedule: the answers must be read all the same
        self._gap()

    async def _plain(self, *, stay: bool) -> None:
        connection = self._take() if stay else None
        began = time.monotonic()
        kept = await self._ask("plain", self._path, connection, stay=stay)
        if kept is not None and len(self._kept) < _MOST_OPEN and not self._stopping.is_set():
            self._kept.append(kept)
        elif kept is not None:
            kept.close()
        self._latencies.append(time.monotonic() - began)

    async def _one_after_the_other(self, kind: str, path: str) -> None:
        while not self._stopping.is_set():
            seconds = self._random.uniform(*self._long_seconds)
            connection = await self._ask(
                kind, f"{path}?seconds={seconds:.2f}", None, stay=True, extra=seconds
            )
            if connection is not None:
                connection.close()
            else:
                await self._pause(0.1)  # it is lost and counted; do not flood

    async def _idler(self) -> None:
        connection: Connection | None = None
        while not self._stopping.is_set():
            connection = await self._ask("idle", self._path, connection, stay=True)
            await self._pause(self._random.uniform(*self._idle_seconds))
            if connection is not None and connection.closed:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    async def _ask(
        self, kind: str, path: str, connection: Connection | None, *, stay: bool, extra: float = 0.0
    ) -> Connection | None:
        """One request and its outcome; gives the connection back where it can be used again."""
        fresh = connection is None
        try:
            async with asyncio.timeout(self._timeout + extra):
                if connection is None:
                    connection = await Connection.open(self._host, self._port)
                answer = await connection.ask(path, stay=stay)
        except (BrokenError, TimeoutError) as error:
            what = str(error) or f"no answer within {self._timeout + extra:.0f} s"
            self._count(kind, path, 0, what, fresh=fresh)
        else:
            problem = f"status {answer.status}" if answer.status >= 500 else None
            self._count(kind, path, answer.status, problem, fresh=fresh)
            if stay and answer.stays:
                return connection
        if connection is not None:
            connection.close()
        return None

    def _count(self, kind: str, path: str, status: int, problem: str | None, *, fresh: bool) -> None:
        self._by_kind[kind] += 1
        self._by_status[status] += 1
        if problem is not None:
            at = time.monotonic() - self._start
            self._lost.append(Loss(at, kind, path, problem, "new" if fresh else "kept"))
        elif kind == "plain":
            self._gap()
            self._last_success = time.monotonic()

    def _gap(self) -> None:
        self._longest_gap = max(self._longest_gap, time.monotonic() - self._last_success)

    def _take(self) -> Connection | None:
        while self._kept:
            connection = self._kept.pop(0)
            if not connection.closed:
                return connection
            connection.close()
        return None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


@contextmanager
def metered(build: Callable[[], Meter]) -> Iterator[Meter]:
    """The same from code that does not await: the meter runs on a thread of its own.

    `with metered(lambda: Meter(url, rate=200)) as meter: ...`, then `meter.result()`.
    """
    made: list[Meter] = []
    failed: list[BaseException] = []
    ready, stop = threading.Event(), threading.Event()

    async def run() -> None:
        async with build() as meter:
            made.append(meter)
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.02)

    def body() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller below
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=body, name="meter")
    thread.start()
    ready.wait()
    try:
        if made:
            yield made[0]
    finally:
        stop.set()
        thread.join()
        if failed:
            raise failed[0]
