"""Many services in one run: each begins when AWS's limits have room for it, while those before it roll."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ecs_deployment.errors import LockHeld
from ecs_deployment.job import Job
from ecs_deployment.pace import Pace
from ecs_deployment.survey import Surveyed

_ASK_AGAIN = 5.0  # seconds, where somebody has taken the lock meanwhile


@dataclass
class Turns:
    """Those that wait. `begin` makes a job of one, or tells of its refusal and makes none.

    Where somebody holds the lock of one it may raise `LockHeld`: that one goes to the end of the queue, since others
    roll and cannot be waited with. After `patience`, a moment of the clock, `begin` hears that it is its last try.
    """

    pace: Pace
    waiting: deque[Surveyed]
    begin: Callable[[Surveyed, bool], Job | None]
    patience: float
    _not_before: float = 0.0

    def left(self) -> float | None:
        """Seconds until the next turn; None where nobody waits."""
        if not self.waiting:
            return None
        return max(self.pace.next_turn(), self._not_before - self.pace.clock.boottime())

    def next(self) -> Job | None:
        """The job whose turn has come, if there is one."""
        if (left := self.left()) is None or left > 0:
            return None
        one, now = self.waiting.popleft(), self.pace.clock.boottime()
        try:
            return self.begin(one, now >= self.patience)
        except LockHeld:
            self.waiting.append(one)
            self._not_before = now + _ASK_AGAIN / len(self.waiting)
            return None
