"""The load balancer over real sockets: what clients see when targets behave, and when they do not."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.local.balancer_rig import Rig, answer, read_answer, replies, request, rig, until


def run(scenario: Callable[[Rig], Awaitable[None]], **options: float) -> None:
    async def main() -> None:
        async with rig(**options) as made:
            await scenario(made)

    asyncio.run(main())


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
        minute = next(iter(made.balancer.metrics.minutes.values()))
        assert minute.elb == {502: 1}

    run(scenario)


def test_a_refused_connection_is_a_502() -> None:
    async def scenario(made: Rig) -> None:
        target = await made.register(_unused_port())
        assert (await made.get())[0] == 502
        assert target.in_flight == 0

    run(scenario)


@pytest.mark.parametrize("state", ["initial", "unused"])
def test_no_target_that_takes_requests_is_a_503(state: str) -> None:
    async def scenario(made: Rig) -> None:
        assert (await made.get())[0] == 503
        await made.target(replies(b"x"), state)  # type: ignore[arg-type]
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
        assert (await client)[0] == 502
        assert target.in_flight == 0

    run(scenario)


def test_an_answer_that_breaks_off_is_cut_and_not_ended() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await writer.drain()
        await asyncio.sleep(0)

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        writer.write(request("/"))
        try:
            received = await asyncio.wait_for(reader.read(-1), 10)
        except ConnectionResetError:
            received = b""
        assert not received.endswith(b"0\r\n\r\n")
        writer.close()

    run(scenario)


def test_a_stream_arrives_piece_by_piece() -> None:
    go_on = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await go_on.wait()
        writer.write(b"3\r\ndef\r\n0\r\n\r\n")
        await writer.drain()

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        writer.write(request("/"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert await reader.readuntil(b"abc\r\n") == b"3\r\nabc\r\n"  # before the target goes on
        go_on.set()
        assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ndef\r\n0\r\n\r\n"
        writer.close()

    run(scenario)


def test_a_slow_client_slows_the_target_down() -> None:
    sent = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        writer.write(request("/"))
        await until(lambda: sent)
        before = -1
        while before != sent:  # nobody reads: it comes to a halt, long before the end
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 50_000_000
        got = 0
        while got < 100_000_000:
            got += len(await asyncio.wait_for(reader.read(1_000_000), 10))
        writer.close()

    run(scenario)


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_travels_to_the_target(chunked: bool) -> None:
    bodies: list[bytes] = []

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST"):
                if b"transfer-encoding: chunked" in head:
                    received = await reader.readuntil(b"0\r\n\r\n")
                else:
                    received = await reader.readexactly(5)
                bodies.append(received)
            writer.write(answer(b"thanks"))

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        framing = "transfer-encoding: chunked" if chunked else "content-length: 5"
        for _ in range(2):
            writer.write(request("/", framing, "expect: 100-continue", method="POST"))
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"5\r\nhello\r\n0\r\n\r\n" if chunked else b"hello")
            assert await read_answer(reader) == (200, b"thanks")
        writer.close()
        assert bodies == [b"5\r\nhello\r\n0\r\n\r\n" if chunked else b"hello"] * 2

    run(scenario)


def test_answers_without_a_body_leave_the_connection_in_step() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HEAD"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")
            elif b" /304 " in head:
                writer.write(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n")
            elif b" /204 " in head:
                writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
            else:
                writer.write(answer(b"body"))

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        for head, status in [
            (request("/", method="HEAD"), b"200"),
            (request("/304"), b"304"),
            (request("/204"), b"204"),
        ] * 2:
            writer.write(head)
            received = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert received.split(b" ")[1] == status
            writer.write(request("/"))
            assert await read_answer(reader) == (200, b"body")
        writer.close()

    run(scenario)


def test_an_old_client_and_an_answer_without_a_length() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        await writer.drain()

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        status, head, body = await made.exchange(b"GET / HTTP/1.0\r\n\r\n")
        assert (status, body) == (200, b"until the end")
        assert "chunked" not in head
        status, head, body = await made.exchange(request("/", "connection: close"))
        assert (status, body) == (200, b"d\r\nuntil the end\r\n0\r\n\r\n")

    run(scenario)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", 400),
        (request("/", "upgrade: websocket", "connection: upgrade, close"), 501),
    ],
)
def test_requests_that_are_refused(sent: bytes, status: int) -> None:
    async def scenario(made: Rig) -> None:
        await made.target(replies(b"never"))
        assert (await made.exchange(sent))[0] == status

    run(scenario)


def test_a_request_to_speak_http2_is_answered_in_http1() -> None:
    async def scenario(made: Rig) -> None:
        await made.target(replies(b"plain"))
        reader, writer = await made.connect()
        for _ in range(2):
            writer.write(
                request("/", "upgrade: h2c", "connection: upgrade, http2-settings", "http2-settings: a")
            )
            assert await read_answer(reader) == (200, b"plain")
        writer.close()

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


def test_an_answer_before_the_end_of_the_request_is_passed_on() -> None:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too large", status="413 Content Too Large"))
        await reader.read(-1)

    async def scenario(made: Rig) -> None:
        await made.target(behave)
        reader, writer = await made.connect()
        writer.write(request("/", "content-length: 1000000", method="POST") + b"x" * 1000)
        assert await read_answer(reader) == (413, b"too large")
        assert await reader.read(-1) == b""  # half a request is still to come: the connection ends
        writer.close()

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


def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
