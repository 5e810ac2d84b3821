"""The sample service: its images, its answers, and that it ends without losing what it has begun."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from ecs_local.sample import SampleImage, variants

from tests.bench.load import Answer, Connection
from tests.local.balancer_rig import PATIENCE, until


@contextmanager
def serving(sample: SampleImage) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The service as a process, and its port; it has said that it serves."""
    port = _unused_port()
    _, *arguments = sample.command
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=sample.directory,
        env={"PATH": os.defpath, "HOST": "127.0.0.1", "PORT": str(port), **sample.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == f"{sample.tag} serves on port {port}\n"
            yield process, port
        finally:
            process.kill()


def _unused_port() -> int:
    """Below those that the kernel gives to connections: nobody else gets it before the service does."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def test_three_versions_of_one_content() -> None:
    images = {tag: sample.build() for tag, sample in variants().items()}
    assert list(images) == ["demo", "demo-2", "demo-broken"]
    assert len({image.digest for image in images.values()}) == 3
    assert images["demo"] == variants()["demo"].build("X86_64")


@pytest.mark.parametrize("tag", ["demo", "demo-2"])
def test_the_good_ones_answer(tag: str) -> None:
    async def main(port: int) -> None:
        connection = await Connection.open("127.0.0.1", port)
        try:
            assert await connection.ask("/") == Answer(200, len(tag) + 1, stays=True)
            assert (await connection.ask("/health")).status == 200
            assert (await connection.ask("/slow?seconds=0.01")).status == 200
            assert (await connection.ask("/stream?seconds=0.15")).size > 10
            assert (await connection.ask("/fail")).status == 500
            assert await connection.ask("/none", stay=False) == Answer(404, 10, stays=False)
        finally:
            connection.close()

    with serving(variants()[tag]) as (_, port):
        asyncio.run(main(port))


def test_the_broken_one_says_what_it_lacks() -> None:
    sample = variants()["demo-broken"]
    _, *arguments = sample.command
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=sample.directory,
        env={"PATH": os.defpath, **sample.environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "the setting DATABASE_URL is missing" in done.stderr


def test_sigterm_finishes_what_was_begun_and_exits_with_0() -> None:
    async def main(process: subprocess.Popen[str], port: int) -> None:
        connections = [await Connection.open("127.0.0.1", port) for _ in range(4)]
        idle, slow, stream, last = connections
        await idle.ask("/")
        answers = [
            asyncio.create_task(slow.ask("/slow?seconds=0.5")),
            asyncio.create_task(stream.ask("/stream?seconds=0.5")),
        ]
        await last.ask("/")  # the others have arrived by now
        process.send_signal(signal.SIGTERM)
        await until(lambda: idle.closed)
        assert [answer.status for answer in await asyncio.gather(*answers)] == [200, 200]
        for connection in connections:
            connection.close()

    with serving(variants()["demo"]) as (process, port):
        asyncio.run(main(process, port))
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "demo stopped\n"
