"""Earlier states of the account, for reads that lag behind (AWS: "an eventual consistency model")."""

from __future__ import annotations

from collections import deque
from copy import deepcopy

from ecs_local.world import World

_APART = 0.1  # seconds between two pictures, at least


class Past:
    """Pictures of the world, taken as calls arrive while a fault asks for them."""

    def __init__(self) -> None:
        self._pictures: deque[tuple[float, World]] = deque()
        self._of: World | None = None

    def remember(self, world: World, now: float, longest: float) -> None:
        """Takes a picture now, and forgets those that no read `longest` seconds back needs."""
        if self._of is not world:  # the account was reset
            self._of = world
            self._pictures.clear()
        if not self._pictures or now - self._pictures[-1][0] >= _APART:
            self._pictures.append((now, deepcopy(world)))
        while len(self._pictures) > 1 and self._pictures[1][0] <= now - longest:
            self._pictures.popleft()

    def before(self, now: float, seconds: float) -> World | None:
        """The newest picture that is at least `seconds` old, else the oldest there is; None without any."""
        known = [world for at, world in self._pictures if at <= now - seconds]
        if known:
            return known[-1]
        return self._pictures[0][1] if self._pictures else None

    def forget(self) -> None:
        """Lets go of all pictures: no fault asks for them any more."""
        self._pictures.clear()
