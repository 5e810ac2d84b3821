"""The work on stacks that goes on after the call that asked for it: one piece for each stack at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from ecs_local.cfn_records import Stack

_log = logging.getLogger(__name__)
_at_work: dict[str, asyncio.Task[None]] = {}  # by stack id: a task that nobody holds may be collected


def start(stack: Stack, work: Coroutine[Any, Any, None]) -> None:
    """Lets the work on a stack go on after the call that asked for it, in place of what is being done to it."""
    if (before := _at_work.get(stack.id)) is not None:
        before.cancel()
    task = _at_work[stack.id] = asyncio.create_task(_guarded(work))

    def over(_: asyncio.Task[None]) -> None:
        if _at_work.get(stack.id) is task:
            del _at_work[stack.id]

    task.add_done_callback(over)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - a bug of ours is logged; the stack stays where it is, and the engine goes on
        _log.exception("work on a stack stumbled")
