"""What a handler of an API call is given: the world, the time, and the way to the passive registers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ecs_local.world import Content, World

if TYPE_CHECKING:
    from ecs_local.api.passive import Passive


class Inside(Protocol):
    """The engine, for handlers that ask it in turn or whose work outlasts the call."""

    def now(self) -> float:
        """The engine's clock."""

    async def ask(self, service: str, operation: str, params: Content) -> Content:
        """Calls an operation as a client would, by botocore's names. Raises `AwsError`."""


@dataclass(frozen=True)
class Call:
    """One API call in progress. `now` is the engine's clock; `base_url` is where the engine listens."""

    world: World
    now: float
    passive: Passive
    base_url: str
    inside: Inside | None = None


Handler = Callable[[Call, Content], Content | Awaitable[Content]]
"""Takes the checked input of an operation, gives its output; raises `AwsError`."""


def without_none(**members: Any) -> Content:
    """The members that have a value: AWS leaves out what is not set."""
    return {name: value for name, value in members.items() if value is not None}
