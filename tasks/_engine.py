"""The embedded ECS of this clone, for the tasks that need it to run already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks._parse import UsageError
from tasks._place import engine_home

if TYPE_CHECKING:
    from ecs_local.client import Engine


def running() -> Engine:
    """The embedded ECS of this clone, which must run."""
    from ecs_local import client

    engine = client.running(engine_home())
    if engine is None:
        raise UsageError("The embedded ECS is not running.", "Start it with: inv local.up")
    return engine
