"""AWS's request limits, kept by ourselves: in a run over many services each waits for its turn, and is not refused.

Where others use the account too, AWS refuses all the same; then `patience` and the journal's own tries stand.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Parameters, Stored

MANY = 3
"""Services that may all begin at once. Above that they take turns."""

_NOTHING = 1e-6
_TO_BEGIN = 2  # writes of the journal before a rollout: the entry, and its revision with what is owed


@dataclass
class Bucket:
    """A token bucket: so many at once, and so many a second for as long as one likes."""

    burst: float
    rate: float
    _level: float = field(init=False)
    _since: float | None = None

    def __post_init__(self) -> None:
        self._level = self.burst

    def room(self, now: float, wanted: float = 1.0) -> float:
        """Seconds until so many may be sent; 0 where they may be sent now."""
        missing = wanted - self._filled(now)
        # A wait for a rounding error would never end on a clock that cannot tell so little.
        return missing / self.rate if missing > _NOTHING else 0.0

    def take(self, now: float) -> None:
        """One is sent. Below nothing it is paid for by those after it."""
        self._level, self._since = self._filled(now) - 1.0, now

    def _filled(self, now: float) -> float:
        if self._since is None:
            return self._level
        return min(self.burst, self._level + (now - self._since) * self.rate)


@dataclass
class Pace:
    """The limits that many services meet, as this run has used them so far."""

    clock: Clock
    # Amazon ECS API reference, "Request throttling".
    registering: Bucket = field(default_factory=lambda: Bucket(20, 1.0))
    # What an account has of SSM's PutParameter; believed, see the design.
    writing: Bucket = field(default_factory=lambda: Bucket(3, 3.0))

    def next_turn(self) -> float:
        """Seconds until another service may begin."""
        now = self.clock.boottime()
        return max(self.registering.room(now), self.writing.room(now, _TO_BEGIN))

    def registered(self) -> None:
        """A revision was registered."""
        self.registering.take(self.clock.boottime())

    def may_write(self) -> bool:
        """Whether the journal can be written without a wait; what can wait a little asks first."""
        return self.writing.room(self.clock.boottime()) <= 0


@dataclass(frozen=True)
class Paced:
    """The journal's parameters, each write at its turn. Reads do not wait."""

    parameters: Parameters
    pace: Pace

    def list_parameters(self, path: str) -> list[Stored]:
        """As it is."""
        return list(self.parameters.list_parameters(path))

    def read_parameter(self, name: str) -> Stored | None:
        """As it is."""
        return self.parameters.read_parameter(name)

    def create_parameter(self, name: str, value: str) -> bool:
        """Create it in its turn."""
        self._wait()
        return self.parameters.create_parameter(name, value)

    def overwrite_parameter(self, name: str, value: str) -> int:
        """Overwrite it in its turn."""
        self._wait()
        return self.parameters.overwrite_parameter(name, value)

    def delete_parameter(self, name: str) -> None:
        """Delete it in its turn."""
        self._wait()
        self.parameters.delete_parameter(name)

    def _wait(self) -> None:
        pace = self.pace
        if wait := pace.writing.room(pace.clock.boottime()):
            pace.clock.sleep(wait)
        pace.writing.take(pace.clock.boottime())
