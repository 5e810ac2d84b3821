"""The load balancer: listeners on loopback, health checks, and what happens to targets that drain.

    client -> listener (balancer) -> rule, target (balancer_routing) -> exchange (balancer_proxy) -> target

It learns of a dead task as a load balancer does: over TCP.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ecs_local.balancer_health import HealthChecks
from ecs_local.balancer_proxy import Proxy, TargetKey, key_of
from ecs_local.facts import Fact
from ecs_local.http1 import Wire
from ecs_local.world import Task, World
from ecs_local.world_balancer import Listener

_log = logging.getLogger(__name__)
_HOST = "127.0.0.1"
_FIRST_UNPRIVILEGED = 1024
_BACKLOG = 1024


class Balancer:
    """All load balancers of a world. Call `reconcile` after every step; it writes `Listener.bound_port`."""

    def __init__(
        self, world: World, report: Callable[[Fact], None], clock: Callable[[], float] = time.time
    ) -> None:
        self._world = world
        self._proxy = Proxy(world, clock)
        self._checks = HealthChecks(world, report, clock)
        self._servers: dict[tuple[str, int], asyncio.Server] = {}  # by listener and the port it asked for
        self._clients: dict[asyncio.Task[None], Wire] = {}

    @property
    def last_request_at(self) -> float | None:
        """When the last request of a client came, seconds since the epoch."""
        return self._proxy.last_request_at

    def moved(self, task: Task) -> tuple[int, int]:
        """Bytes of requests that went to a task, and of answers that came from it, so far."""
        meters = (self._proxy.pool.meters.get((task.address, port)) for port in task.ports.values())
        found = [one for one in meters if one is not None]
        return sum(one.sent for one in found), sum(one.received for one in found)

    async def reconcile(self, now: float) -> None:
        """Follows the world: opens and closes listeners, begins and ends checks, cuts what has drained too long."""
        wanted = {(listener.arn, listener.port): listener for listener in self._world.listeners.values()}
        for key in self._servers.keys() - wanted.keys():
            self._servers.pop(key).close()
        for key in wanted.keys() - self._servers.keys():
            self._servers[key] = await self._listen(wanted[key])
        self._remember_healthy()
        self._cut(now)
        self._proxy.pool.sweep()
        self._proxy.pool.forget(
            {(task.address, port) for task in self._world.tasks.values() for port in task.ports.values()}
        )
        self._checks.reconcile()

    async def stop(self) -> None:
        """Closes every listener and connection."""
        for server in self._servers.values():
            server.close()
        self._servers.clear()
        await self._checks.stop()
        clients = dict(self._clients)
        for task, wire in clients.items():
            wire.abort()
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        self._proxy.pool.close()

    async def _listen(self, listener: Listener) -> asyncio.Server:
        loop = asyncio.get_running_loop()

        def client() -> Wire:
            return Wire(responses=False, on_made=lambda wire: self._accept(wire, listener))

        if listener.port >= _FIRST_UNPRIVILEGED:
            try:
                server = await loop.create_server(client, _HOST, listener.port, backlog=_BACKLOG)
            except OSError:  # taken by another program
                server = await loop.create_server(client, _HOST, 0, backlog=_BACKLOG)
        else:
            server = await loop.create_server(client, _HOST, 0, backlog=_BACKLOG)
        listener.bound_port = server.sockets[0].getsockname()[1]
        return server

    def _accept(self, wire: Wire, listener: Listener) -> None:
        assert wire.transport is not None
        peer = str((wire.transport.get_extra_info("peername") or (_HOST,))[0])
        task = asyncio.create_task(self._proxy.serve(wire, listener, peer))
        self._clients[task] = wire

        def lost(_: Wire) -> None:
            task.cancel()

        wire.on_lost = lost
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        del self._clients[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a client's connection ended in an error of ours", exc_info=error)

    def _remember_healthy(self) -> None:
        """A node that lags behind goes on with what it knew: that a draining target was healthy."""
        there: set[TargetKey] = set()
        healthy = self._proxy.was_healthy
        for group in self._world.target_groups.values():
            for target in group.targets.values():
                key = key_of(group, target)
                there.add(key)
                if target.state == "healthy":
                    healthy.add(key)
                elif target.state != "draining":
                    healthy.discard(key)
        healthy &= there

    def _cut(self, now: float) -> None:
        """Ends requests on targets whose deregistration delay is over, or which are registered no more."""
        if not self._proxy.active:
            return
        scale = self._world.profile.delay_scale
        alive = {
            key_of(group, target)[:3]
            for group in self._world.target_groups.values()
            for target in group.targets.values()
            if target.draining_since is None
            or now - target.draining_since < group.deregistration_delay * scale
        }
        for key, wires in self._proxy.active.items():
            if key[:3] not in alive:
                for wire in list(wires):
                    wire.abort()
