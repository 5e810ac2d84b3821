"""How an engine and those who look for it find each other: three small files in the engine's home.

`engine.json` says where it listens; `engine.alive` is locked for as long as the process lives, so a leftover of
a killed engine is recognised whatever became of its pid; `engine.start` is locked while one is being started.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_PAUSE = 0.02  # seconds between two looks at a lock


@dataclass(frozen=True)
class Entry:
    """What `engine.json` holds. The nonce tells this engine from any other program on the port."""

    pid: int
    port: int
    url: str
    nonce: str


def read(home: Path) -> Entry | None:
    """The entry, or None where there is none that can be read."""
    try:
        return Entry(**json.loads((home / "engine.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(home: Path, entry: Entry) -> None:
    """Writes the entry so that nobody ever reads half of it."""
    draft = home / f"engine.json.{entry.pid}"
    draft.write_text(json.dumps(asdict(entry)))
    draft.replace(home / "engine.json")


def remove(home: Path) -> None:
    """Removes the entry. For who holds `engine.alive`: the entry is then its own or a leftover."""
    (home / "engine.json").unlink(missing_ok=True)


def hold(home: Path, patience: float = 1.0) -> int | None:
    """Locks `engine.alive` until this process ends; None while another engine holds it.

    It waits for up to `patience` seconds, because who only looks (`alive`) is in the way for a moment.
    """
    end = time.monotonic() + patience
    while (handle := _lock(home / "engine.alive", fcntl.LOCK_EX)) is None and time.monotonic() < end:
        time.sleep(_PAUSE)  # a lock of files has no wait with an end
    return handle


def alive(home: Path) -> bool:
    """Whether an engine of that home lives."""
    if not (home / "engine.alive").exists():
        return False
    handle = _lock(home / "engine.alive", fcntl.LOCK_SH)
    if handle is None:
        return True
    os.close(handle)
    return False


@contextmanager
def starting(home: Path, timeout: float) -> Iterator[None]:
    """Keeps others from starting an engine there meanwhile. Raises `TimeoutError` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while (handle := _lock(home / "engine.start", fcntl.LOCK_EX)) is None:
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(_PAUSE)  # a lock of files has no wait with an end
    try:
        yield
    finally:
        os.close(handle)


def _lock(path: Path, kind: int) -> int | None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
