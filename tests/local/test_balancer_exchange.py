"""The load balancer over real sockets: requests and answers as they travel, body, framing and flow."""

from __future__ import annotations

import asyncio

import pytest

from tests.local.balancer_rig import Rig, answer, read_answer, replies, request, run, until


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
