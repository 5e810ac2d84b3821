"""One HTTP/1.1 request at a time over a plain socket, answered completely or not: nothing is tried twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

_READ = 64 * 1024


class BrokenError(Exception):
    """A request that got no complete answer; the text says how it broke."""


@dataclass(frozen=True)
class Answer:
    """A complete answer. `stays`: the server keeps the connection open."""

    status: int
    size: int
    stays: bool


class Connection:
    """A connection to a server. `fresh` until the first answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.fresh = True
        self._reader, self._writer, self._host = reader, writer, host

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connects. Raises BrokenError where that is refused."""
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            raise BrokenError(f"connection refused: {error}") from error
        return cls(reader, writer, f"{host}:{port}")

    @property
    def closed(self) -> bool:
        """Whether the server has ended it: between two requests it may."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        self._writer.close()

    async def ask(self, path: str, *, stay: bool = True) -> Answer:
        """Sends a GET and reads the answer to its end. Raises BrokenError."""
        connection = "keep-alive" if stay else "close"
        try:
            self._writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: {connection}\r\n\r\n".encode()
            )
            await self._writer.drain()
            return await self._answer()
        except asyncio.IncompleteReadError as error:
            raise BrokenError("cut: the connection ended before the answer was complete") from error
        except OSError as error:
            raise BrokenError(f"cut: {error}") from error
        except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
            raise BrokenError(f"not HTTP: {error}") from error
        finally:
            self.fresh = False

    async def _answer(self) -> Answer:
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            size = await self._chunks()
        elif "content-length" in headers:
            size = int(headers["content-length"])
            await self._read(size)
        else:
            raise BrokenError("an answer without length or chunks cannot be known to be complete")
        return Answer(status, size, headers.get("connection", "").lower() != "close")

    async def _chunks(self) -> int:
        total = 0
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            await self._read(size)
            if await self._reader.readexactly(2) != b"\r\n":
                raise ValueError("a chunk of another size than it says")
            total += size
        if await self._reader.readexactly(2) != b"\r\n":
            raise ValueError("no end after the last chunk")
        return total

    async def _read(self, size: int) -> None:
        while size:
            size -= len(await self._reader.readexactly(min(size, _READ)))
