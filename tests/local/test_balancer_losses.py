"""The meter measures: it counts nothing where nothing is lost, and everything where something is."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from ecs_local.sample import variants

from tests.bench.load import BrokenError, Connection
from tests.bench.meter import Meter, Result, metered
from tests.local.balancer_rig import Rig, answer, replies, until
from tests.local.balancer_rig import rig as balanced
from tests.local.test_sample import serving
from tests.waiting import wait_for


def test_steady_traffic_of_every_kind_loses_nothing_while_a_target_is_replaced() -> None:
    async def main() -> Result:
        async with balanced() as made:
            with serving(variants()["demo"]) as (process, port), serving(variants()["demo-2"]) as (_, other):
                old = await made.register(port)
                url = f"http://127.0.0.1:{made.listener.bound_port}"
                async with Meter(
                    url,
                    rate=100,
                    longs=2,
                    streams=2,
                    long_seconds=(0.1, 0.5),
                    idlers=2,
                    idle_seconds=(0.05, 0.2),
                ) as meter:
                    await until(lambda: meter.requests > 30)
                    await made.register(other)
                    await made.drain(old)
                    drained = time.time() + made.world.profile.routing_skew
                    await until(lambda: time.time() > drained and old.in_flight == 0)
                    process.send_signal(signal.SIGTERM)
                    seen = meter.requests
                    await until(lambda: meter.requests > seen + 50)
                assert await asyncio.to_thread(process.wait, 10) == 0
                return meter.result()

    result = asyncio.run(main())
    assert result.lost == (), str(result)
    assert set(result.by_status) == {200}
    assert set(result.by_kind) == {"plain", "long", "stream", "idle"}
    assert 0 < result.latency["p50"] <= result.latency["max"]


def test_killing_the_serving_process_under_load_is_seen() -> None:
    async def main() -> Result:
        async with balanced() as made:
            with serving(variants()["demo"]) as (process, port):
                await made.register(port)
                url = f"http://127.0.0.1:{made.listener.bound_port}"
                async with Meter(url, rate=100, longs=1, streams=1, long_seconds=(5, 5)) as meter:
                    await until(lambda: meter.requests > 30)
                    os.kill(process.pid, signal.SIGKILL)
                    await until(
                        lambda: {loss.kind for loss in meter.result().lost} >= {"plain", "long", "stream"}
                    )
                return meter.result()

    result = asyncio.run(main())
    whats = {(loss.kind, loss.what) for loss in result.lost}
    assert ("plain", "status 502") in whats
    assert ("long", "status 502") in whats
    assert ("stream", "cut: the connection ended before the answer was complete") in whats
    assert result.by_status[502] >= 2
    assert "lost" in str(result)


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")


async def _no_last_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n")


async def _no_length(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\nwho knows")


async def _garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"nonsense\r\n\r\n")


@pytest.mark.parametrize("behave", [_hang_up, _half, _no_last_chunk, _no_length, _garbage])
def test_every_incomplete_answer_is_broken(behave: Any) -> None:
    async def main() -> None:
        async with balanced() as made:
            target = await made.target(behave)
            connection = await Connection.open("127.0.0.1", target.port)
            try:
                with pytest.raises(BrokenError):
                    await connection.ask("/")
            finally:
                connection.close()

    asyncio.run(main())


def test_a_refused_connection_and_an_error_are_losses_but_not_a_closed_idle_connection() -> None:
    async def main(made: Rig) -> None:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(b""))  # keeps the connection, it says, and then closes it

        target = await made.target(once)
        url = f"http://127.0.0.1:{target.port}"
        async with Meter(url, rate=0.001, idlers=2, idle_seconds=(0.05, 0.1)) as meter:
            await until(lambda: meter.requests > 10)
        assert meter.result().lost == ()
        made.servers[0].close()
        async with Meter(url, rate=100) as meter:
            await until(lambda: meter.requests > 5)
        result = meter.result()
        assert len(result.lost) == result.requests
        assert {loss.connection for loss in result.lost} == {"new"}
        failing = await made.target(replies(b""))
        made.group.targets.clear()
        async with Meter(f"http://127.0.0.1:{made.listener.bound_port}", rate=50) as meter:
            await until(lambda: meter.requests > 5)
        assert {loss.what for loss in meter.result().lost} == {"status 503"}
        assert failing.in_flight == 0

    async def run() -> None:
        async with balanced() as made:
            await main(made)

    asyncio.run(run())


def test_the_meter_serves_code_that_does_not_await(tmp_path: Path) -> None:
    with serving(variants()["demo"]) as (_, port):
        with metered(lambda: Meter(f"http://127.0.0.1:{port}", rate=100)) as meter:
            wait_for(lambda: meter.requests >= 10, "the meter's requests")
        result = meter.result()
    assert result.lost == ()
