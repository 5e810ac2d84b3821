"""What things are called, where the settings do not say: derived from environment and service."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StackNames:
    """The names of one service's resources, and what decides how they are made.

    `floor` and `ceiling` are minimumHealthyPercent and maximumPercent; `idle_minutes` None: it never sleeps.
    Seconds for `deregistration_delay`, `health_interval` and `stop_timeout`.
    """

    cluster: str
    service: str
    container: str
    repository: str
    region: str
    health_path: str = "/health"
    port: int = 8080
    idle_minutes: int | None = None
    floor: int = 100
    ceiling: int = 200
    deregistration_delay: int = 30
    health_interval: int = 5
    stop_timeout: int = 30

    @property
    def log_group(self) -> str:
        """Where the service's containers log."""
        return f"/ecs/{self.cluster}/{self.service}"

    @property
    def balancer(self) -> str:
        """Load balancer and target group; at most 32 letters, digits and hyphens (ELB's rule)."""
        return f"{self.cluster}-{self.service}"[:32].strip("-")
