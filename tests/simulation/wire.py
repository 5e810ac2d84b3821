"""The way of one call from a process to the account and back, with all that may happen to it on the way.

Both transports use it: clients in memory, and boto3's own with the request taken off before it is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from ecs_local.simulate_client import READS

from tests.simulation.scenario import Weather

Answer = dict[str, Any]
Kind = Literal["throttled", "failing", "cut", "tls", "page", "refused connection", "expired", "denied"]
_CUTS: tuple[Kind, ...] = ("cut", "tls", "page")
"""How an answer is lost: the connection goes, its TLS breaks, or a proxy's page comes in its place, with status 200."""
LAG = {"DescribeServices": 6.0, "ListServiceDeployments": 6.0, "DescribeServiceDeployments": 6.0}
LAG |= {"DescribeScalableTargets": 1.5, "GetParametersByPath": 6.0}
"""Seconds that a read may be behind, by operation; the others are seen at once."""
LONGEST_LAG = max(LAG.values())
LONGEST_DELAY = 15.0
"""Seconds after which a request that its client has given up may still take effect."""


class Trouble(Exception):
    """A call that fails on its way; the transport turns it into what its client would raise."""

    def __init__(self, kind: Kind, operation: str) -> None:
        super().__init__(kind)
        self.kind, self.operation = kind, operation


@dataclass
class Past:
    """Earlier answers, for reads that lag behind. Kept only where the weather has any."""

    pictures: deque[tuple[float, dict[str, Answer]]] = field(default_factory=lambda: deque(maxlen=60))

    def before(self, operation: str, moment: float) -> Answer | None:
        """The newest answer that was true then, None where none is that old."""
        found = None
        for at, picture in self.pictures:
            if at > moment:
                break
            found = picture.get(operation, found)
        return found


@dataclass(frozen=True)
class Fate:
    """What happens to one call."""

    kind: Kind | None = None
    arrives: bool = True  # its effect takes place
    later: float = 0.0  # or does so that many seconds after the client gave it up
    there: float = 0.0
    back: float = 0.0
    lag: float = 0.0


def fate(chance: Random, weather: Weather, operation: str, since: float, latency: float) -> Fate:
    """Draw what happens to a call of a process that began `since` seconds ago."""
    there, back = latency * chance.random(), latency * chance.random()
    if weather.calm:
        return Fate(None, there=there, back=back)
    if since >= weather.expires:
        return Fate("expired", False, there=there, back=back)
    if operation in weather.denied:
        return Fate("denied", False, there=there, back=back)
    begin, length = weather.outage
    if begin <= since < begin + length:
        return Fate("refused connection", False, there=there, back=back)
    draw = chance.random()
    for name in ("throttled", "failing", "cut", "slow"):
        share = getattr(weather, name)
        if draw < share:
            if name == "throttled":
                return Fate("throttled", False, there=there, back=back)
            if name == "slow":
                return Fate(None, there=there, back=back + chance.uniform(1.0, 15.0))
            how = chance.random()
            kind = _CUTS[int(how * 6) % 3] if name == "cut" else "failing"
            return Fate(kind, how < 0.5, LONGEST_DELAY * (how - 0.75) * 4 if how > 0.75 else 0.0, there, back)
        draw -= share
    if weather.stale and operation in LAG and chance.random() < weather.stale:
        return Fate(None, there=there, back=back, lag=chance.uniform(0.1, LAG[operation]))
    return Fate(None, there=there, back=back)


def is_read(operation: str) -> bool:
    """Whether it changes nothing."""
    return operation.startswith((*READS, "Batch"))


Ask = Callable[[], Answer]
