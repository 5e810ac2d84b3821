"""Processes that cannot outlive the engine, not even one that is killed.

A small process of its own (the guard) knows every process group the engine has started. When the engine's end
of their pipe closes, for whatever reason, it kills them all. A new process waits for one line on its standard
input before it becomes the command, so that none runs that the guard does not know of.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SHELL = ("/bin/sh", "-c", 'read -r go || exit 125; exec "$@" </dev/null', "sh")


@dataclass(frozen=True)
class Spawned:
    """A running process group. `output` is a pipe of our own: asyncio's would keep `process.wait()` waiting for
    every child that has inherited it."""

    process: asyncio.subprocess.Process
    output: asyncio.StreamReader
    pipe: asyncio.ReadTransport


class Guard:
    """Starts process groups and sees to it that they end with this process."""

    def __init__(self) -> None:
        self._pipe: asyncio.StreamWriter | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()

    async def spawn(
        self, command: Sequence[str], *, directory: Path, environment: Mapping[str, str]
    ) -> Spawned:
        """Starts `command` as a process group of its own; output and errors come through one pipe.

        Raises OSError. Hand it to `end` when it is gone.
        """
        await self._start()
        reading, writing = os.pipe()
        output = asyncio.StreamReader()
        try:
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb", buffering=0)
            )
            try:
                process = await asyncio.create_subprocess_exec(
                    *_SHELL,
                    *command,
                    cwd=directory,
                    env=dict(environment),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=writing,
                    stderr=writing,
                    start_new_session=True,
                )
            except BaseException:
                pipe.close()
                raise
        finally:
            os.close(writing)
        self._order(f"+{process.pid}")
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.close()
        return Spawned(process, output, pipe)

    def end(self, spawned: Spawned) -> None:
        """Kills what is left of the group, closes its pipe and forgets it."""
        kill_group(spawned.process.pid, signal.SIGKILL)
        spawned.pipe.close()
        self._order(f"-{spawned.process.pid}")

    async def stop(self) -> None:
        """Ends the guard; it kills what it still knows."""
        if self._pipe is not None and self._process is not None:
            self._pipe.close()
            await self._process.wait()
            self._pipe = self._process = None

    async def _start(self) -> None:
        async with self._starting:
            if self._process is not None:
                return
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", __file__),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            self._pipe = self._process.stdin

    def _order(self, line: str) -> None:
        if self._pipe is not None:
            self._pipe.write(line.encode() + b"\n")


def kill_group(group: int, signum: int) -> bool:
    """Sends a signal to a process group that this engine started; False where nothing is left of it."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: a group of zombies only is not permitted
        os.killpg(group, signum)
        return True
    return False


def watch(descriptor: int) -> None:
    """The guard itself: takes orders until the pipe closes, then kills what is left."""
    known: set[int] = set()
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        rest = b""
        while received := pipe.read(65536):
            *lines, rest = (rest + received).split(b"\n")
            for line in lines:
                group = int(line[1:])
                (known.add if line.startswith(b"+") else known.discard)(group)
    for group in known:
        kill_group(group, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(0)
