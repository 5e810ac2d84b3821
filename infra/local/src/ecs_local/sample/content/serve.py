"""A small web service that behaves as one behind a load balancer should.

    /                    its version
    /health              200 as long as it serves
    /slow?seconds=N      answers after N seconds
    /stream?seconds=N    a chunked answer over N seconds
    /fail                500

On SIGTERM it closes the connections that wait, finishes the requests it works on, and exits with 0.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from typing import NamedTuple

_LONGEST = 300.0  # seconds a caller can ask for
_HEAD_LIMIT = 64 * 1024
_BETWEEN_CHUNKS = 0.1  # seconds
_LINGER = 0.05  # seconds in which a request that is on its way at SIGTERM is still answered


class Settings(NamedTuple):
    """Where it listens and what it calls itself."""

    version: str
    host: str
    port: int


def load(environment: Mapping[str, str]) -> Settings:
    """The settings, from the environment. `REQUIRED_SETTINGS` names those that have no default."""
    for name in environment.get("REQUIRED_SETTINGS", "").split():
        if name not in environment:
            raise RuntimeError(f"the setting {name} is missing: set it in the task definition's environment")
    return Settings(
        environment.get("VERSION", "unknown"),
        environment.get("HOST", "127.0.0.1"),
        int(environment.get("PORT", "8080")),
    )


class Service:
    """The open connections and whether it is still taking requests."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._busy: dict[asyncio.Task[None], bool] = {}  # the task of each connection -> works on a request
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends idle connections; busy ones end with the answer they are at."""
        self._closing.set()
        asyncio.get_running_loop().call_later(_LINGER, self._end_idle)

    def _end_idle(self) -> None:
        for connection, busy in self._busy.items():
            if not busy:
                connection.cancel()

    async def run(self) -> None:
        """Serves until `close`, then until the last answer is out."""
        server = await asyncio.start_server(
            self._connection, self._settings.host, self._settings.port, limit=_HEAD_LIMIT, backlog=512
        )
        _say(f"{self._settings.version} serves on port {self._settings.port}")
        await self._closing.wait()
        server.close()
        while self._busy:
            await asyncio.wait(self._busy)
        _say(f"{self._settings.version} stopped")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None
        self._busy[me] = False
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._busy[me] = True
                if not await self._answer(head, reader, writer) or self._closing.is_set():
                    break
                self._busy[me] = False
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass  # the peer has gone, or does not speak HTTP: nobody to answer
        except asyncio.CancelledError:
            pass  # idle at the end of the service
        finally:
            del self._busy[me]
            writer.close()

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; whether the connection stays."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, protocol = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        await _read_body(headers, reader)
        stays = protocol == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        path, _, query = target.partition("?")
        seconds = _seconds(query)
        if path == "/stream" and method != "HEAD":
            await self._stream(writer, seconds)
            return stays and not self._closing.is_set()
        status, body = "200 OK", f"{self._settings.version}\n"
        if path == "/slow":
            await asyncio.sleep(seconds)
        elif path == "/fail":
            status, body = "500 Internal Server Error", "failed as asked\n"
        elif path == "/health":
            body = "ok\n"
        elif path != "/":
            status, body = "404 Not Found", "not found\n"
        stays = stays and not self._closing.is_set()
        content = b"" if method == "HEAD" else body.encode()
        writer.write(
            f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: {'keep-alive' if stays else 'close'}\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        return stays

    async def _stream(self, writer: asyncio.StreamWriter, seconds: float) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
        end = asyncio.get_running_loop().time() + seconds
        while (rest := end - asyncio.get_running_loop().time()) > 0:
            piece = f"{rest:.1f} s left\n".encode()
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
            await asyncio.sleep(min(_BETWEEN_CHUNKS, rest))
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read_body(headers: dict[str, str], reader: asyncio.StreamReader) -> None:
    """Reads and forgets what a request carries."""
    if headers.get("transfer-encoding", "").lower() != "chunked":
        left = int(headers.get("content-length", "0"))
        while left > 0:
            left -= len(await reader.readexactly(min(left, _HEAD_LIMIT)))
        return
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        await reader.readexactly(size + 2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        continue  # trailers


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _seconds(query: str) -> float:
    """`seconds=N` of a query, within bounds; 1 where it is not given."""
    values = dict(part.partition("=")[::2] for part in query.split("&"))
    return min(max(float(values.get("seconds", "1")), 0.0), _LONGEST)


async def main() -> None:
    """Serves until SIGTERM or Ctrl-C."""
    service = Service(load(os.environ))
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, service.close)
    await service.run()


if __name__ == "__main__":
    asyncio.run(main())
