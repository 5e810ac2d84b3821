"""What a handler of an API call is given: the world, the time, and the way to the passive registers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecs_local.world import Content, World

if TYPE_CHECKING:
    from ecs_local.api.passive import Passive


@dataclass
class Records:
    """What the API only writes down: nothing in the world depends on it."""

    activities: list[Content] = field(default_factory=list)  # scaling activities, newest first
    policies: dict[tuple[str, str], Content] = field(default_factory=dict)  # by (resource id, policy name)


@dataclass(frozen=True)
class Call:
    """One API call in progress. `now` is the engine's clock; `base_url` is where the engine listens."""

    world: World
    records: Records
    now: float
    passive: Passive
    base_url: str


Handler = Callable[[Call, Content], Content | Awaitable[Content]]
"""Takes the checked input of an operation, gives its output; raises `AwsError`."""


def without_none(**members: Any) -> Content:
    """The members that have a value: AWS leaves out what is not set."""
    return {name: value for name, value in members.items() if value is not None}
