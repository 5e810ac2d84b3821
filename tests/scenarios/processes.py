"""`inv app.deploy` as a process of its own against an engine: started, waited for while it lives, gone at the end.

with deploying(place, "demo-2") as process:
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ecs_local import client

from tests.scenarios.place import Place
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def deploying(where: Place, tag: str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`inv app.deploy` as a process, once its UpdateService has been sent and is in the journal."""
    entries = where.entries()
    numbers = {entry.number for entry in entries}
    ids = {number for entry in entries for number in entry.deployments}  # a taker copies those of a dead run

    def under_way() -> bool:
        newest = where.entries()[0]
        return newest.number not in numbers and bool(set(newest.deployments) - ids)

    with started(where, command(tag, *options)) as process:
        until(process, under_way, "the deploy to be under way")
        yield process


def command(tag: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "invoke", "app.deploy", "--env", "local", "--tag", tag, *options]


@contextmanager
def started(where: Place, arguments: list[str], **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process, its output in one pipe; it is gone at the end."""
    process = subprocess.Popen(
        arguments,
        cwd=ROOT,
        env={**os.environ, **where.environ, **how.pop("environ", {})},
        **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **how},
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def until(process: subprocess.Popen[str], condition: Callable[[], Any], what: str) -> None:
    """Wait for it while the process lives."""

    def holds() -> Any:
        if process.poll() is not None:
            raise AssertionError(f"it ended before {what}: {process.communicate()}")
        return condition()

    wait_for(holds, what)


@contextmanager
def slow(where: Place, operation: str, seconds: float) -> Iterator[Callable[[], bool]]:
    """Calls of that operation are answered late, when this ends at the latest; the value says whether one arrived."""
    engine = client.running(where.home)
    assert engine is not None
    client.fault(engine, "slow-answers", operation=operation, seconds=seconds)
    try:
        yield lambda: any(fault["struck"] for fault in client.status(engine)["faults"])
    finally:
        client.clear_faults(engine)
