"""The outermost layer of the API: faults and request limits meet a caller before any handler does.

What the engine asks of itself (CloudFormation, the balancer's records) does not pass here.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from difflib import get_close_matches
from typing import Any

from ecs_local import faults, faults_refusals, faults_scaler
from ecs_local.api import dispatch, models, protocol
from ecs_local.api.protocol import Request, Response, Wanted
from ecs_local.engine import Engine
from ecs_local.faults import Fault, FaultError, strike_call
from ecs_local.faults_stale import Past
from ecs_local.limits import Limits, rate_exceeded

_READS = ("Describe", "List", "Get")
_STRONG = ("ssm",)  # reads after writes are seen there; a fault that names the operation makes them stale too


class Outside:
    """How the API of one engine looks from outside. `answer` is what a client gets, None a cut connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._past, self._limits = Past(), Limits()
        self._scalers: set[asyncio.Task[None]] = set()
        self._cleared = asyncio.Event()  # each clearing has one of its own

    def plant(self, wish: Any) -> Fault:
        """Plants the fault that a page describes: kind, service, operation, count, seconds."""
        engine = self._engine
        fault = faults.plant(engine.world.faults, now=engine.now(), **_checked(wish))
        if fault.kind == "scaler-to-zero":
            scaler = asyncio.create_task(faults_scaler.run(engine, fault))
            self._scalers.add(scaler)
            scaler.add_done_callback(self._scalers.discard)
        self._watch()
        return fault

    def clear(self) -> int:
        """Takes every fault away; how many there were. What they have done stays done; late answers come now."""
        count = len(self._engine.world.faults)
        self._cleared.set()
        self._cleared = asyncio.Event()
        self._engine.world.faults.clear()
        self._past.forget()
        return count

    async def answer(self, request: Request) -> Response | None:
        """The answer to one request, after whatever was planted for it."""
        engine = self._engine
        wanted = protocol.identify(request)
        if wanted is None or not (engine.world.faults or engine.world.profile.limits_second):
            return await dispatch.answer(engine, request)
        self._watch()
        planted = engine.world.faults
        named = tuple(_texts(wanted, request.body))
        operation = wanted.operation
        if late := strike_call(planted, "slow-answers", operation, named):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._cleared.wait(), late.seconds)
        refusal = None if self._admitted(wanted) else rate_exceeded(wanted.service.name)
        if refusal or (refusal := faults_refusals.refusal(planted, wanted, named)):
            return protocol.failure(wanted, refusal, str(uuid.uuid4()))
        if strike_call(planted, "drop-before", operation, named):
            return None
        response = await dispatch.answer(self._seen_by(wanted, named), request)
        return None if strike_call(planted, "drop-after", operation, named) else response

    def _admitted(self, wanted: Wanted) -> bool:
        world = self._engine.world
        forced = any(fault.kind == "published-limits" for fault in world.faults)
        second = world.profile.limits_second or (1.0 if forced else None)
        if second is None or wanted.service.name != "ecs":
            return True
        return self._limits.admit(wanted.operation, self._engine.now(), second)

    def _seen_by(self, wanted: Wanted, named: tuple[str, ...]) -> Engine:
        """The engine, or for a read that lags behind the same with an earlier world."""
        engine, operation = self._engine, wanted.operation
        if not operation.startswith(_READS):
            return engine
        meant = [one for one in engine.world.faults if one.operation or wanted.service.name not in _STRONG]
        fault = strike_call(meant, "stale-reads", operation, named)
        world = None if fault is None else self._past.before(engine.now(), fault.seconds)
        if world is None:
            return engine
        earlier = copy(engine)
        earlier.world = world
        return earlier

    def _watch(self) -> None:
        """Keeps a record of the world for as long as reads are to lag behind."""
        stale = [fault.seconds for fault in self._engine.world.faults if fault.kind == "stale-reads"]
        if stale:
            self._past.remember(self._engine.world, self._engine.now(), max(stale))


_MEMBERS: dict[str, type | tuple[type, ...]] = {
    "kind": str,
    "service": str,
    "operation": str,
    "count": int,
    "seconds": (int, float),
}


def _checked(wish: Any) -> dict[str, Any]:
    """The members of a wish, each of its type. Raises `FaultError`."""
    if not isinstance(wish, dict) or "kind" not in wish:
        raise FaultError(f"A fault has a kind.\nKnown: {', '.join(faults.KINDS)}.")
    given = {name: value for name, value in wish.items() if value is not None}
    for name, value in given.items():
        if name not in _MEMBERS:
            raise FaultError(f"A fault has no {name}.\nIt has: {', '.join(_MEMBERS)}.")
        if not isinstance(value, _MEMBERS[name]) or isinstance(value, bool):
            raise FaultError(f"{value!r} is not usable as the {name} of a fault.")
    if (operation := given.get("operation")) is not None and operation not in (known := _operations()):
        near = get_close_matches(operation, known, n=1)
        guess = f"Did you mean {near[0]}?" if near else "Name one as AWS does, such as UpdateService."
        raise FaultError(f"The embedded ECS has no operation {operation!r}.\n{guess}")
    return given


def _operations() -> set[str]:
    """What the services can be asked that pass here."""
    spoken = {one.name for one in (*models.BY_TARGET.values(), *models.BY_SCOPE.values())}
    return {operation for name in spoken for operation in models.model(name).operation_names}


def _texts(wanted: Wanted, body: bytes) -> Iterator[str]:
    """Every text in a request's input: one of them may name a service."""
    if wanted.form:
        yield from wanted.form.values()
        return
    try:
        waiting = [json.loads(body or b"{}")]
    except ValueError:
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
