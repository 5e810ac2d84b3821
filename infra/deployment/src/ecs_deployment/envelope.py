"""How many tasks a rolling update keeps and may start: ECS's own arithmetic.

Source: botocore's `ecs` model, DeploymentConfiguration: the floor is rounded up, the ceiling down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_FLOOR = 100
DEFAULT_CEILING = 200


@dataclass(frozen=True)
class Envelope:
    """The percentages of a deployment configuration."""

    floor: int
    ceiling: int

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> Envelope:
        """The live percentages, with the defaults of a REPLICA service where they are not told."""
        return cls(
            configuration.get("minimumHealthyPercent", DEFAULT_FLOOR),
            configuration.get("maximumPercent", DEFAULT_CEILING),
        )

    def keeps_all(self, desired: int) -> bool:
        """Whether no task may be missing during a rollout."""
        return -(-desired * self.floor // 100) >= desired

    def starts_first(self, desired: int) -> bool:
        """Whether a new task may start before an old one stops."""
        return desired * self.ceiling // 100 > desired

    def __str__(self) -> str:
        return f"{self.floor}/{self.ceiling}"
