"""The load balancer over real sockets: which target gets a request, and what becomes of it when targets fail."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.local.balancer_rig import Rig, answer, read_answer, replies, request, run, until


def test_requests_are_answered_by_turns() -> None:
    async def scenario(made: Rig) -> None:
        await made.target(replies(b"one"))
        await made.target(replies(b"two"))
        assert {await made.get() for _ in range(4)} == {(200, b"one"), (200, b"two")}

    run(scenario)


def test_a_connection_carries_many_requests_in_their_order() -> None:
    async def scenario(made: Rig) -> None:
        target = await made.target(replies(b"x" * 10))
        reader, writer = await made.connect()
        for _ in range(5):
            writer.write(request("/"))
            assert await read_answer(reader) == (200, b"x" * 10)
        writer.write(request("/") * 3)  # pipelined: answered in order, none mixed up
        assert [await read_answer(reader) for _ in range(3)] == [(200, b"x" * 10)] * 3
        writer.close()
        assert target.in_flight == 0
        assert target.idle_since > 0

    run(scenario)


def test_clients_share_the_connections_to_a_target() -> None:
    async def scenario(made: Rig) -> None:
        await made.target(replies(b"x"))
        await until(lambda: made.facts)
        before = made.seen
        for _ in range(5):
            assert (await made.get())[0] == 200
        assert made.seen - before == 1

    run(scenario)


def test_a_target_sees_where_the_request_came_from() -> None:
    seen: list[str] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
            writer.write(answer(b""))

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        await until(lambda: made.facts)
        seen.clear()
        await made.get(
            "/path?x=1", "x-forwarded-for: 10.1.1.1", "keep-alive: 5", "x-hop: 1", "connection: x-hop"
        )
        assert seen[0].startswith("get /path?x=1 http/1.1\r\n")
        assert "\r\nx-forwarded-for: 10.1.1.1, 127.0.0.1\r\n" in seen[0]
        assert "\r\nx-forwarded-proto: http\r\n" in seen[0]
        assert f"\r\nx-forwarded-port: {made.listener.bound_port}\r\n" in seen[0]
        assert "\r\nx-amzn-trace-id: root=1-" in seen[0]
        assert "\r\nkeep-alive:" not in seen[0]
        assert "\r\nx-hop:" not in seen[0]

    run(scenario)


def test_nothing_is_sent_twice() -> None:
    """A target that takes the request and closes has got it once; the client gets a 502."""
    requests: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/health" not in head:
            requests.append(head)

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        await made.target(behave)
        status, body = await made.get()
        assert status == 502
        assert b"502 Bad Gateway" in body
        assert len(requests) == 1
        series = made.world.metrics.series.items()
        sums = {name: sum(datum.total for datum in data.values()) for (_, name, _), data in series}
        assert sums["HTTPCode_ELB_502_Count"] == 1.0

    run(scenario)


def test_a_refused_connection_is_a_502() -> None:
    async def scenario(made: Rig) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
            target = await made.register(unused.getsockname()[1])
            assert (await made.get())[0] == 502
        assert target.in_flight == 0

    run(scenario)


@pytest.mark.parametrize("state", ["initial", "unused"])
def test_no_target_that_takes_requests_is_a_503(state: Any) -> None:
    async def scenario(made: Rig) -> None:
        assert (await made.get())[0] == 503
        await made.target(replies(b"x"), state)
        status, body = await made.get()
        assert status == 503
        assert b"<h1>503 Service Temporarily Unavailable</h1>" in body

    run(scenario)


def test_only_unhealthy_targets_get_requests_all_the_same() -> None:
    async def scenario(made: Rig) -> None:
        await made.target(replies(b"sick"), "unhealthy")
        assert await made.get() == (200, b"sick")
        await made.target(replies(b"well"))
        assert {await made.get() for _ in range(4)} == {(200, b"well")}

    run(scenario)


def test_one_of_two_nodes_goes_on_with_a_draining_target_for_the_skew() -> None:
    async def scenario(made: Rig) -> None:
        old = await made.target(replies(b"old"))
        await made.target(replies(b"new"))
        await made.drain(old)
        answers = [(await made.get())[1] for _ in range(12)]
        assert b"old" in answers
        assert answers.count(b"new") > answers.count(b"old")
        await made.drain(old, ago=700.0)
        assert {await made.get() for _ in range(4)} == {(200, b"new")}

    run(scenario, skew=600.0)


def test_a_target_that_was_never_healthy_drains_without_requests() -> None:
    async def scenario(made: Rig) -> None:
        old = await made.target(replies(b"old"), "initial")
        await made.drain(old)
        assert {(await made.get())[0] for _ in range(4)} == {503}

    run(scenario, skew=600.0)


def test_a_request_on_a_draining_target_is_finished_and_cut_after_the_delay() -> None:
    release = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await release.wait()
        writer.write(answer(b"late"))
        await reader.read()

    async def scenario(made: Rig) -> None:
        target = await made.target(behave)
        client = asyncio.create_task(made.get())
        await until(lambda: target.in_flight == 1)
        await made.drain(target)
        release.set()
        assert await client == (200, b"late")
        release.clear()
        target.state, target.draining_since = "healthy", None
        client = asyncio.create_task(made.get())
        await until(lambda: target.in_flight == 1)
        await made.drain(target, ago=made.group.deregistration_delay + 1)
        assert (await made.steps_until(client))[0] == 502
        assert target.in_flight == 0

    run(scenario)


def test_the_delay_passes_as_quickly_as_everything_else() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # never answers

    async def scenario(made: Rig) -> None:
        made.world.profile = replace(made.world.profile, delay_scale=0.01)
        target = await made.target(behave)
        client = asyncio.create_task(made.get())
        await until(lambda: target.in_flight == 1)
        await made.drain(target, ago=made.group.deregistration_delay * 0.011)
        assert (await made.steps_until(client))[0] == 502

    run(scenario)


def test_a_client_that_leaves_frees_the_target() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()  # until the balancer gives up

    async def scenario(made: Rig) -> None:
        target = await made.target(behave)
        _, writer = await made.connect()
        writer.write(request("/"))
        await until(lambda: target.in_flight == 1)
        writer.transport.abort()
        await until(lambda: target.in_flight == 0)

    run(scenario)


def test_silence_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecs_local.balancer_proxy.IDLE_TIMEOUT", 0.2)

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)  # takes everything, says nothing

    async def scenario(made: Rig) -> None:
        target = await made.target(behave)
        status, body = await made.get()
        assert (status, target.in_flight) == (504, 0)
        assert b"504 Gateway Time-out" in body

    run(scenario)


def test_listeners_follow_the_world() -> None:
    async def scenario(made: Rig) -> None:
        port = made.listener.bound_port
        assert port is not None
        await made.balancer.reconcile(time.time())
        assert made.listener.bound_port == port
        del made.world.listeners[made.listener.arn]
        await made.balancer.reconcile(time.time())
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection("127.0.0.1", port)

    run(scenario)
