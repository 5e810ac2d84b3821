"""HTTP/1.1 on the wire: one connection as a stream of heads and pieces of bodies, with back-pressure both ways.

`httptools` parses. A `Wire` reads requests (the client's side) or responses (a target's side) and writes bytes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

import httptools

HEAD_LIMIT = 64 * 1024  # bytes of one head, as a load balancer of AWS has it
_READ_AHEAD = 64 * 1024  # bytes that wait to be read before the peer is slowed down

Headers = list[tuple[bytes, bytes]]


class WireError(Exception):
    """The connection ended in the middle of a message, or what came is not HTTP."""

    exit_code = 1


class BadMessageError(WireError):
    """What came is not HTTP/1."""


class Mark(Enum):
    """END closes a message; CLOSED is a peer that has nothing more to send, between two messages."""

    END = "end"
    CLOSED = "closed"


@dataclass(frozen=True)
class Head:
    """The head of a request (`method`, `target`) or of a response (`status`). Header names as they came."""

    version: str  # "1.0", "1.1"
    headers: Headers
    keep_alive: bool
    method: bytes = b""
    target: bytes = b""
    status: int = 0

    def get(self, name: bytes) -> bytes | None:
        """The first header of that (lower case) name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks."""
        return b"chunked" in (self.get(b"transfer-encoding") or b"").lower()


@dataclass
class Meter:
    """Bytes over all connections that count into it."""

    received: int = 0
    sent: int = 0


class Wire(asyncio.Protocol):
    """One connection. `read` gives a Head, then pieces of its body, then Mark.END, and so on.

    `responses=True` for the side of a target. `on_lost` is called once, when the connection is gone.
    """

    def __init__(
        self,
        *,
        responses: bool,
        on_made: Callable[[Wire], None] | None = None,
        on_lost: Callable[[Wire], None] | None = None,
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.on_made, self.on_lost = on_made, on_lost
        self.lost = False
        self.meter: Meter | None = None
        self.bodiless = False  # the next response has no body, whatever its head says (HEAD)
        self._responses = responses
        self._parser = self._new_parser()
        self._events: deque[Head | bytes | Mark] = deque()
        self._waiting_bytes = 0
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._paused = self._ended = self._full = False
        self._error: WireError | None = None
        self._begun, self._in_head, self._head_bytes = False, False, 0
        self._target, self._headers, self._status = b"", Headers(), 0
        self._until_close = False

    # reading

    async def read(self) -> Head | bytes | Mark:
        """The next event. Raises WireError where a message breaks off, BadMessageError where it is not HTTP."""
        while not self._events:
            if self._error is not None:
                raise self._error
            if self._ended or self.lost:
                return Mark.CLOSED
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        event = self._events.popleft()
        if isinstance(event, bytes):
            self._waiting_bytes -= len(event)
        if self._paused and self._waiting_bytes < _READ_AHEAD and self.transport is not None:
            self._paused = False
            self.transport.resume_reading()
        return event

    @property
    def ready(self) -> bool:
        """Whether `read` has something without waiting."""
        return bool(self._events)

    @property
    def silent(self) -> bool:
        """Whether the connection is open and nothing has come since the last END: fit to be used again."""
        return not (self.lost or self._ended or self._begun or self._events or self._error)

    # writing

    def write(self, data: bytes) -> None:
        """Queues bytes; nothing happens on a connection that is gone."""
        if self.transport is not None and not self.lost:
            self.transport.write(data)
            if self.meter is not None:
                self.meter.sent += len(data)

    async def drain(self) -> None:
        """Waits while the peer is slow. Raises WireError when it is gone."""
        if self._full and not self.lost:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None
        if self.lost:
            raise WireError("the peer has gone")

    def close(self) -> None:
        """Ends the connection after what is queued was sent."""
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Ends the connection at once."""
        if self.transport is not None:
            self.transport.abort()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.on_made is not None:
            self.on_made(self)

    def data_received(self, data: bytes) -> None:
        if self.meter is not None:
            self.meter.received += len(data)
        in_head = self._in_head
        try:
            self._feed(data)
        except httptools.HttpParserError as error:
            self._error = self._error or BadMessageError(str(error))
        if in_head and self._in_head:  # still the same head: it takes more than one piece
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT:
                self._error = self._error or BadMessageError("the head is too long")
        waits = self._waiting_bytes >= _READ_AHEAD or len(self._events) > 64
        if waits and not self._paused and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:  # who closes one half has gone: the transport closes the other
        self._end_of_input()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.lost = True
        self._end_of_input()
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)
        if self.on_lost is not None:
            self.on_lost(self)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _end_of_input(self) -> None:
        if not self._ended:
            self._ended = True
            if self._until_close and not self._in_head:
                self._finish()  # a body without a length ends with the connection
            elif self._begun:
                self._error = self._error or WireError("the connection ended in the middle of a message")
        self._wake()

    # the parser's side

    def _new_parser(self) -> httptools.HttpRequestParser | httptools.HttpResponseParser:
        return httptools.HttpResponseParser(self) if self._responses else httptools.HttpRequestParser(self)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # asked to speak something else: we go on in HTTP/1
            self._parser = self._new_parser()
            if rest := data[upgrade.args[0] :]:
                self._feed(rest)

    def on_message_begin(self) -> None:
        self._begun, self._in_head, self._head_bytes = True, True, 0
        self._target, self._headers = b"", Headers()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser, status, method = self._parser, 200, b""
        if isinstance(parser, httptools.HttpResponseParser):
            status = parser.get_status_code()
        else:
            method = parser.get_method()
        head = Head(
            parser.get_http_version(), self._headers, parser.should_keep_alive(), method, self._target, status
        )
        if len(self._target) + sum(len(name) + len(value) for name, value in self._headers) > HEAD_LIMIT:
            raise ValueError("the head is too long")
        self._in_head, self._status = False, status
        self._events.append(head)
        bodiless = self.bodiless or status in (204, 304) or 100 <= status < 200
        self._until_close = (
            self._responses and not bodiless and not head.chunked and head.get(b"content-length") is None
        )
        if self.bodiless and status >= 200:
            self._finish()
            self._parser = self._new_parser()  # the old one would wait for the body that the head announces

    def on_body(self, body: bytes) -> None:
        if not self._begun:
            raise ValueError("a body where none belongs")
        self._waiting_bytes += len(body)
        self._events.append(body)

    def on_message_complete(self) -> None:
        if self._begun:
            self._finish()

    def _finish(self) -> None:
        self._begun = self._until_close = False
        if self._status >= 200:
            self.bodiless = False
        self._events.append(Mark.END)


def encode(first: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A head as bytes: the first line and the headers."""
    return b"\r\n".join([first, *(name + b": " + value for name, value in headers), b"", b""])


def chunk(body: bytes) -> bytes:
    """One piece of a body that comes in chunks."""
    return b"%x\r\n%b\r\n" % (len(body), body)


LAST_CHUNK = b"0\r\n\r\n"
