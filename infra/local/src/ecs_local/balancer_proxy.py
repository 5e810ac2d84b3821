"""One client connection at a time: request in, request out to one target, answer back. Nothing is sent twice.

A refused connection or a broken answer is a 502, silence a 504; once the answer has begun, what breaks it
cuts the client's connection. All of these are what a client of AWS would see.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import count

from ecs_local.balancer_answers import has_body, refusal, request_bytes, response_bytes, write_own
from ecs_local.balancer_metrics import Metrics
from ecs_local.balancer_pool import IDLE_TIMEOUT, Pool
from ecs_local.balancer_routing import choose_action, eligible, redirect_location
from ecs_local.http1 import LAST_CHUNK, BadMessageError, Head, Mark, Wire, WireError, chunk
from ecs_local.world import Content, World
from ecs_local.world_balancer import Listener, Target, TargetGroup

_FLUSH = 64 * 1024  # bytes of an answer that gather before they are sent
_LINGER = 2.0  # seconds to read what a client still sends after it was answered

TargetKey = tuple[str, str, int, float]
"""Target group ARN, address, port, registered at."""


def key_of(group: TargetGroup, target: Target) -> TargetKey:
    """One registration of a target: the same address registered again is another."""
    return group.arn, target.id, target.port, target.registered_at


class Proxy:
    """Serves clients. `active` holds the connections to targets that work on a request."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self.metrics, self.pool = Metrics(world), Pool()
        self.active: dict[TargetKey, set[Wire]] = {}
        self.was_healthy: set[TargetKey] = set()  # their last state before draining
        self.last_request_at: float | None = None
        self._world, self._clock = world, clock
        self._nodes, self._turns = count(), Counter[tuple[str, int]]()

    async def serve(self, wire: Wire, listener: Listener, peer: str) -> None:
        """Answers the requests of one connection, in their order, until it ends."""
        try:
            while True:
                async with asyncio.timeout(IDLE_TIMEOUT):
                    event = await wire.read()
                if not isinstance(event, Head):
                    return
                if not await self._answer(wire, listener, event, peer):
                    return
        except BadMessageError:
            write_own(wire, 400, stays=False)
        except (WireError, TimeoutError):
            return  # the client has gone, or said nothing for a minute
        finally:
            wire.close()

    async def _answer(self, wire: Wire, listener: Listener, head: Head, peer: str) -> bool:
        """One request; whether the connection stays."""
        self.last_request_at = self._clock()
        status = refusal(head)
        action: Content = choose_action(listener, head) or {"type": "none"}
        if status is None and action["type"] == "forward":
            group = self._world.target_groups.get(action["group"])
            target = self._choose(group) if group is not None else None
            if group is not None and target is not None:
                return await self._forward(wire, listener, head, peer, group, target)
            self.metrics.record(listener.load_balancer, None, self._clock(), 503, 0.0, by_target=False)
            return await self._own(wire, head, 503)
        if status is None and action["type"] == "fixed-response":
            body = (action.get("MessageBody") or "").encode()
            kind = action.get("ContentType") or "text/plain"
            return await self._own(wire, head, int(action["StatusCode"]), body, kind)
        if status is None and action["type"] == "redirect":
            location = redirect_location(action, head, listener.bound_port or listener.port)
            code = int(action.get("StatusCode", "HTTP_302").removeprefix("HTTP_"))
            return await self._own(wire, head, code, b"", "text/html", location)
        return await self._own(wire, head, status or 503)

    async def _own(
        self,
        wire: Wire,
        head: Head,
        status: int,
        body: bytes | None = None,
        content_type: str = "text/html",
        location: str | None = None,
    ) -> bool:
        """An answer of the balancer's own, after the request was read to its end."""
        stays = head.keep_alive and head.get(b"expect") is None
        if stays:
            await _discard(wire)
        write_own(
            wire,
            status,
            stays=stays,
            body=body,
            content_type=content_type,
            headers=[(b"location", location.encode())] if location is not None else None,
            bodiless=head.method == b"HEAD",
        )
        await wire.drain()
        return stays

    def _choose(self, group: TargetGroup) -> Target | None:
        """The next target of the group, by turns, as one of the two nodes sees the group."""
        node = next(self._nodes) % 2
        skew = self._world.profile.routing_skew if node else 0.0
        targets = eligible(
            group, self._clock(), skew, lambda target: key_of(group, target) in self.was_healthy
        )
        if not targets:
            return None
        self._turns[group.arn, node] += 1
        return targets[self._turns[group.arn, node] % len(targets)]

    async def _forward(
        self, wire: Wire, listener: Listener, head: Head, peer: str, group: TargetGroup, target: Target
    ) -> bool:
        """One request to one target; counted there while it lasts."""
        began = self._clock()
        target.in_flight += 1
        port = listener.bound_port or listener.port
        exchange = _Exchange(wire, head, request_bytes(head, peer, port))
        try:
            working = self.active.setdefault(key_of(group, target), set())
            failed = await exchange.run(self.pool, (target.id, target.port), working)
            now = self._clock()
            status = exchange.status if failed is None else failed
            self.metrics.record(
                listener.load_balancer, group.arn, now, status, now - began, by_target=failed is None
            )
            if failed is None:
                return exchange.stays
            write_own(wire, failed, stays=False, bodiless=head.method == b"HEAD")
            await wire.drain()
            if has_body(head):
                await _linger(wire)
            return False
        finally:
            target.in_flight -= 1
            if target.in_flight == 0:
                target.idle_since = self._clock()
                self.active.pop(key_of(group, target), None)


class _Exchange:
    """One request and its answer over one connection to a target."""

    def __init__(self, client: Wire, head: Head, request: bytes) -> None:
        self.status = 0
        self.stays = head.keep_alive
        self._client, self._head, self._request = client, head, request
        self._begun = False  # some of the answer has been sent

    async def run(self, pool: Pool, address: tuple[str, int], working: set[Wire]) -> int | None:
        """None when the target has answered, else the status that the client is owed (502, 504).

        Raises WireError when the client's connection cannot be used any more.
        """
        try:
            target = await pool.take(address)
        except TimeoutError:
            return 504
        except OSError:
            return 502
        working.add(target)
        fit = False
        upload = None
        try:
            target.bodiless = self._head.method == b"HEAD"
            target.write(self._request)
            upload = await self._upload(target)
            answer = await self._answer_head(target, upload)
            self.status = answer.status
            await self._relay(target, answer, upload)
            fit = answer.keep_alive and _sent(upload)
        except TimeoutError:
            return self._failed(504)
        except WireError:
            return self._failed(502)
        finally:
            working.discard(target)
            if upload is not None:
                upload.cancel()
                await asyncio.gather(upload, return_exceptions=True)
            if fit:
                pool.give(address, target)
            else:
                target.abort()
        return None

    def _failed(self, status: int) -> int:
        if not self._begun and not self._client.lost:
            return status
        self._client.abort()
        raise WireError("the answer broke off")

    async def _upload(self, target: Wire) -> asyncio.Task[None] | None:
        """Sends the body of the request beside the answer; None where it has none."""
        if not has_body(self._head):
            await self._client.read()  # the end of the request
            return None
        if (self._head.get(b"expect") or b"").lower() == b"100-continue":
            self._client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        upload = asyncio.create_task(self._send_body(target))

        def done(_: asyncio.Task[None]) -> None:
            if not _sent(upload):
                target.abort()  # half a request is never answered

        upload.add_done_callback(done)
        return upload

    async def _send_body(self, target: Wire) -> None:
        chunked = self._head.chunked
        while True:
            event = await self._client.read()
            if isinstance(event, bytes):
                target.write(chunk(event) if chunked else event)
            elif event is Mark.END:
                target.write(LAST_CHUNK if chunked else b"")
                return
            else:
                raise WireError("the client has gone")
            await target.drain()

    async def _answer_head(self, target: Wire, upload: asyncio.Task[None] | None) -> Head:
        """The head of the final answer; interim ones (1xx) end here."""
        while True:
            try:
                async with asyncio.timeout(IDLE_TIMEOUT):
                    event = await target.read()
            except TimeoutError:
                if upload is not None and not upload.done():
                    continue  # the request itself is still on its way
                raise
            if event is Mark.CLOSED:
                raise WireError("the target closed the connection without an answer")
            if isinstance(event, Head) and event.status >= 200:
                return event

    async def _relay(self, target: Wire, answer: Head, upload: asyncio.Task[None] | None) -> None:
        """Passes the answer on, as fast as the client takes it."""
        client, head = self._client, self._head
        bodiless = head.method == b"HEAD" or answer.status in (204, 304)
        unknown = not bodiless and answer.get(b"content-length") is None
        chunked = unknown and head.version == "1.1"
        self.stays = self.stays and _sent(upload) and (chunked or not unknown)
        gathered = bytearray(response_bytes(answer, chunked=chunked, stays=self.stays))
        while True:
            if gathered and (not target.ready or len(gathered) > _FLUSH):
                self._begun = True
                client.write(bytes(gathered))
                gathered.clear()
                await client.drain()
            async with asyncio.timeout(IDLE_TIMEOUT):
                event = await target.read()
            if isinstance(event, bytes):
                gathered += chunk(event) if chunked else event
            elif event is Mark.END:
                break
            else:
                raise WireError("the target broke off")
        self._begun = True
        client.write(bytes(gathered) + (LAST_CHUNK if chunked else b""))
        await client.drain()


def _sent(upload: asyncio.Task[None] | None) -> bool:
    """Whether the request has been read and sent to its end."""
    return upload is None or (upload.done() and not upload.cancelled() and upload.exception() is None)


async def _discard(wire: Wire) -> None:
    """Reads the rest of a request."""
    while True:
        async with asyncio.timeout(IDLE_TIMEOUT):
            event = await wire.read()
        if event is Mark.END:
            return
        if event is Mark.CLOSED:
            raise WireError("the client has gone")


async def _linger(wire: Wire) -> None:
    """Reads on for a moment: closing with unread bytes would take the answer away from the client."""
    try:
        async with asyncio.timeout(_LINGER):
            while await wire.read() not in (Mark.END, Mark.CLOSED):
                continue
    except (TimeoutError, WireError):
        return
