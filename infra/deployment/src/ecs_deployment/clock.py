"""Time, handed in: the real one here, a virtual one in tests and in the simulation."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the deployer asks of time."""

    def time(self) -> float:
        """Seconds since the epoch by this machine's clock: for people to read, never to judge by."""

    def boottime(self) -> float:
        """Seconds since some fixed moment; never jumps, and goes on while a laptop sleeps."""

    def sleep(self, seconds: float) -> None:
        """Wait that long."""


# Linux stops CLOCK_MONOTONIC while the machine sleeps and has CLOCK_BOOTTIME; macOS has no BOOTTIME, and its
# CLOCK_MONOTONIC goes on (clock_gettime(3)), unlike the clock behind `time.monotonic`.
_BOOT = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class RealClock:
    """The clock of this machine."""

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def boottime(self) -> float:
        """Seconds since boot, sleep included where the platform can tell."""
        return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)

    def sleep(self, seconds: float) -> None:
        """Wait that long; nothing for zero and less."""
        time.sleep(max(0.0, seconds))  # the one real wait: everybody else is given a clock
