"""A balancer over a world made by hand, targets that do as told, and raw clients: what the balancer's tests share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ecs_local.balancer import Balancer
from ecs_local.facts import TargetChecked
from ecs_local.profile import FAST
from ecs_local.world import Content, World
from ecs_local.world_balancer import Listener, ListenerRule, Target, TargetGroup, TargetState

PATIENCE = 60.0  # seconds; a bound, never a measure

T = TypeVar("T")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def until(condition: Callable[[], object]) -> None:
    """Waits until the condition holds, for at most `PATIENCE`."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with a content length."""
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def replies(body: bytes) -> Behaviour:
    """A target that answers every request on a connection the same."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer(body))

    return behave


@dataclass
class Rig:
    """One listener in front of one target group."""

    world: World
    group: TargetGroup
    listener: Listener
    balancer: Balancer
    facts: list[TargetChecked]
    servers: list[asyncio.Server] = field(default_factory=list)
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    clients: list[asyncio.StreamWriter] = field(default_factory=list)
    seen: int = 0  # connections that targets have got

    async def target(self, behave: Behaviour, state: TargetState = "healthy") -> Target:
        """Starts a target on loopback that serves each connection with `behave`, and registers it."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self.connections.add(task)
            self.seen += 1
            try:
                await behave(reader, writer)
            except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                pass  # the balancer, or the test, is done with it
            finally:
                self.connections.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.servers.append(server)
        return await self.register(server.sockets[0].getsockname()[1], state)

    async def register(self, port: int, state: TargetState = "healthy") -> Target:
        """Registers a port of loopback in a state that its checks would have found."""
        target = Target("127.0.0.1", port, "", time.time(), state)
        self.group.targets[target.id, port] = target
        await self.balancer.reconcile(time.time())
        return target

    async def drain(self, target: Target, ago: float = 0.0) -> None:
        """Deregisters a target, `ago` seconds ago."""
        target.state, target.draining_since = "draining", time.time() - ago
        await self.balancer.reconcile(time.time())

    async def steps_until(self, client: asyncio.Task[T]) -> T:
        """What a client gets in the end, while the balancer follows the world again and again, as in the engine."""
        async with asyncio.timeout(PATIENCE):
            while not client.done():
                await self.balancer.reconcile(time.time())
                await asyncio.sleep(0.005)
        return await client

    async def connect(self) -> Streams:
        """A client's connection to the listener; at the end it is closed, if it was not before."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listener.bound_port)
        self.clients.append(writer)
        return reader, writer

    async def get(self, path: str = "/", *headers: str) -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        status, _, body = await self.exchange(request(path, *headers, "connection: close"))
        return status, body

    async def exchange(self, sent: bytes) -> tuple[int, str, bytes]:
        """Status, head and everything behind it, after these bytes were sent and the connection has ended."""
        reader, writer = await self.connect()
        try:
            writer.write(sent)
            received = await asyncio.wait_for(reader.read(-1), PATIENCE)
        finally:
            writer.close()
        head, _, rest = received.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), head.decode().lower(), rest


def request(path: str, *headers: str, method: str = "GET") -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "host: app", *headers, "", ""]).encode()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of one answer with a content length, on a connection that goes on."""
    async with asyncio.timeout(PATIENCE):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length: ")[2].split("\r\n")[0])
        return int(head.split(" ")[1]), await reader.readexactly(length)


@asynccontextmanager
async def rig(action: Content | None = None, skew: float = 0.3) -> AsyncIterator[Rig]:
    """A running balancer; whatever was started is stopped at the end. Health checks are a minute apart."""
    group = TargetGroup("group", "group", health_path="/health", health_interval=600.0)
    rule = ListenerRule(1, [], [], action or {"type": "forward", "group": group.arn})
    listener = Listener("listener", "balancer", 80, rules=[rule])
    world = World(profile=replace(FAST, routing_skew=skew))
    world.target_groups[group.arn] = group
    world.listeners[listener.arn] = listener
    facts: list[TargetChecked] = []

    def report(fact: object) -> None:
        assert isinstance(fact, TargetChecked)
        facts.append(fact)

    balancer = Balancer(world, report)
    made = Rig(world, group, listener, balancer, facts)
    await balancer.reconcile(time.time())
    try:
        yield made
    finally:
        for writer in made.clients:
            writer.transport.abort()
        await balancer.stop()
        for server in made.servers:
            server.close()
        for task in made.connections:
            task.cancel()
        await asyncio.gather(*made.connections, return_exceptions=True)


def run(scenario: Callable[[Rig], Awaitable[None]], **options: float) -> None:
    """Plays a scenario on a balancer of its own; options as for `rig`."""

    async def main() -> None:
        async with rig(**options) as made:
            await scenario(made)

    asyncio.run(main())
