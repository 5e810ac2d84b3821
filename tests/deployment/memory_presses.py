"""Ctrl-C under a virtual clock."""

from __future__ import annotations

from tests.deployment.memory_parameters import VirtualClock


class Presses:
    """`Interrupts` under the virtual clock: the user presses Ctrl-C at the given moments, or from a test's hook."""

    def __init__(self, clock: VirtualClock, *at: float) -> None:
        self.clock = clock
        self.at = [clock.now + seconds for seconds in at]
        self.pressed = 0
        self.waits: list[float] = []

    def __enter__(self) -> Presses:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def count(self) -> int:
        return self.pressed + sum(moment <= self.clock.now for moment in self.at)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.sleep(seconds)
