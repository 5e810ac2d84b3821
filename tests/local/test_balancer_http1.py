"""The wire: the same messages come out however the bytes are cut, and what is no message is an error."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from ecs_local.http1 import BadMessageError, Head, Mark, Wire, WireError
from hypothesis import given, settings
from hypothesis import strategies as st

_STREAM = (
    b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody"
    b"GET /b?c HTTP/1.1\r\nhost: x\r\n\r\n"
    b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
)


def _events(wire: Wire) -> list[tuple[bytes, bytes]]:
    """(target, body) of every complete message that waits."""

    async def read() -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        target, body = b"", b""
        while wire.ready:
            event = await wire.read()
            if isinstance(event, Head):
                target, body = event.target or str(event.status).encode(), b""
            elif isinstance(event, bytes):
                body += event
            elif event is Mark.END:
                found.append((target, body))
        return found

    return asyncio.run(read())


@settings(deadline=None)  # two busy cores
@given(st.lists(st.integers(1, len(_STREAM)), max_size=30))
def test_messages_do_not_depend_on_how_the_bytes_are_cut(cuts: list[int]) -> None:
    wire = Wire(responses=False)
    edges = sorted({0, len(_STREAM), *cuts})
    for start, end in pairwise(edges):
        wire.data_received(_STREAM[start:end])
    assert _events(wire) == [(b"/a", b"body"), (b"/b?c", b""), (b"/c", b"abcde")]
    assert wire.silent


@settings(deadline=None)  # two busy cores
@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_an_error(data: bytes) -> None:
    wire = Wire(responses=False)
    wire.data_received(data)
    wire.connection_lost(None)
    _events(wire)

    async def end() -> None:
        with suppress(WireError):
            assert await wire.read() is Mark.CLOSED

    asyncio.run(end())


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"GET / HTTP/1.1\r\nhost", WireError),
        (b"POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nab", WireError),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, BadMessageError),
        (b"\x16\x03\x01\x02\x00\x01", BadMessageError),
    ],
)
def test_half_messages_and_other_protocols(data: bytes, error: type[WireError]) -> None:
    wire = Wire(responses=False)
    for start in range(0, len(data), 4096):
        wire.data_received(data[start : start + 4096])
    wire.connection_lost(None)

    async def to_the_end() -> None:
        while await wire.read() is not Mark.CLOSED:
            continue

    with pytest.raises(error):
        asyncio.run(to_the_end())


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    wire = Wire(responses=True)
    wire.data_received(b"HTTP/1.1 200 OK\r\n\r\nsome")
    wire.data_received(b" more")
    assert not wire.silent
    wire.connection_lost(None)
    assert _events(wire) == [(b"200", b"some more")]


def test_an_answer_to_head_has_no_body_and_what_follows_makes_the_connection_unfit() -> None:
    wire = Wire(responses=True)
    wire.bodiless = True
    wire.data_received(b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    assert _events(wire) == [(b"103", b""), (b"200", b"")]
    assert wire.silent
    wire.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    assert not wire.silent
