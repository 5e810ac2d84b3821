"""The few places where the deployer asks its own machine: answered by the simulated process that is at work."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch

from ecs_deployment import drive, journal_owner, journal_take


class Process(Protocol):
    """What a process knows of itself."""

    pid: int
    machine: str
    chance: random.Random

    def lives(self, pid: int) -> bool:
        """Whether a process of that number is alive on the same machine."""


class _Current:
    """Passes on to whichever process is at work: only one is, at any moment."""

    def __init__(self) -> None:
        self.process: Process | None = None

    @property
    def it(self) -> Process:
        assert self.process is not None
        return self.process


current = _Current()


def _kill(pid: int, _: int) -> None:
    if not current.it.lives(pid):
        raise ProcessLookupError


_SEAMS: dict[Any, dict[str, Any]] = {
    journal_owner: {
        "os": SimpleNamespace(getpid=lambda: current.it.pid, kill=_kill),
        "socket": SimpleNamespace(gethostname=lambda: current.it.machine),
        "this_machine": lambda: current.it.machine,
        "process_born": lambda pid: f"born {pid}",
        "_user": lambda: "ann",
    },
    journal_take: {
        "random": SimpleNamespace(uniform=lambda low, high: current.it.chance.uniform(low, high)),
        "secrets": SimpleNamespace(token_hex=lambda size: current.it.chance.randbytes(size).hex()),
    },
    drive: {"random": SimpleNamespace(uniform=lambda low, high: current.it.chance.uniform(low, high))},
}


@contextmanager
def seams() -> Iterator[None]:
    """While inside, owners, process ids, nonces and jitter come from the simulated process."""
    patches = [patch.multiple(module, **seam) for module, seam in _SEAMS.items()]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()
