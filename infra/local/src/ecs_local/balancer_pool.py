"""Connections to targets, kept open between requests as a load balancer of AWS keeps them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from ecs_local.http1 import Meter, Wire

CONNECT_TIMEOUT = 10.0  # seconds (AWS: a target that does not establish a connection in 10 s is a 504)
IDLE_TIMEOUT = 60.0  # seconds (AWS's default idle_timeout.timeout_seconds)
_MOST_IDLE = 128  # connections a target

Address = tuple[str, int]


@dataclass
class Pool:
    """Idle connections by address of the target, the youngest last. `meters` count the bytes of each target."""

    meters: dict[Address, Meter] = field(default_factory=dict)
    _idle: dict[Address, list[tuple[Wire, float]]] = field(default_factory=dict)

    async def take(self, address: Address) -> Wire:
        """A connection to the target, an idle one if there is. Raises OSError, TimeoutError.

        One that the target closed is never handed out; one that it is about to close is: that request is lost,
        as in reality.
        """
        now = asyncio.get_running_loop().time()
        idle = self._idle.get(address, [])
        while idle:
            wire, since = idle.pop()
            if wire.silent and now - since < IDLE_TIMEOUT:
                wire.on_lost = None
                return wire
            wire.abort()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            loop = asyncio.get_running_loop()
            _, wire = await loop.create_connection(lambda: Wire(responses=True), *address)
            wire.meter = self.meters.setdefault(address, Meter())
            return wire

    def give(self, address: Address, wire: Wire) -> None:
        """Keeps a connection for the next request, unless it is not fit for one."""
        idle = self._idle.setdefault(address, [])
        if not wire.silent or len(idle) >= _MOST_IDLE:
            wire.abort()
            return
        entry = (wire, asyncio.get_running_loop().time())
        idle.append(entry)
        wire.on_lost = lambda _: idle.remove(entry) if entry in idle else None

    def sweep(self) -> None:
        """Closes what was idle for too long, and forgets targets without connections."""
        now = asyncio.get_running_loop().time()
        for address, idle in list(self._idle.items()):
            for wire, since in list(idle):
                if now - since >= IDLE_TIMEOUT:
                    wire.close()
            if not idle:
                del self._idle[address]

    def forget(self, addresses: set[Address]) -> None:
        """Drops the meters of all other addresses: a task that comes to one later begins at nothing."""
        for address in self.meters.keys() - addresses:
            del self.meters[address]

    def close(self) -> None:
        """Closes every idle connection."""
        for idle in self._idle.values():
            for wire, _ in list(idle):
                wire.on_lost = None
                wire.abort()
        self._idle.clear()
