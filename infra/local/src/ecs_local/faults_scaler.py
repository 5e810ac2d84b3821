"""The external scaler: a scheduled function, say, that sets idle services to 0 by UpdateService.

ECS gives no protection against it (only Application Auto Scaling is held off during a deployment), so it can put
a service to sleep in the middle of a rollout.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from ecs_local import faults, transitions
from ecs_local.faults import Fault
from ecs_local.world import World


class Account(Protocol):
    """The engine, as far as a scaler knows it."""

    world: World

    def now(self) -> float:
        """The engine's clock."""

    def wake(self) -> None:
        """Something changed."""


def look(world: World, fault: Fault, now: float) -> bool:
    """Sets every service that the fault means and that is above 0 to 0; whether there was one."""
    found = [
        service
        for service in world.services.values()
        if service.status == "ACTIVE" and service.desired_count and fault.service in (None, service.name)
    ]
    if not found or not faults.use(fault):
        return False
    for service in found:
        transitions.set_desired_count(world, service, 0, now)
    return True


async def run(account: Account, fault: Fault) -> None:
    """Looks every `fault.seconds` seconds until the fault is used up or cleared."""
    while fault.left != 0:
        await asyncio.sleep(fault.seconds)
        if all(fault is not one for one in account.world.faults):
            return
        if look(account.world, fault, account.now()):
            account.wake()
