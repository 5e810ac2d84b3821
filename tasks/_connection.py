"""A ready connection to an environment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecs_deployment.cloud import Cloud
    from ecs_deployment.settings import Environment
    from ecs_local.client import Engine
    from ecs_provisioning.calls import Aws


@dataclass(frozen=True)
class Connection:
    """An environment with every name filled in, and the port to it.

    `clients` makes boto3 clients that may repeat a request, `changes` such that send each once.
    """

    environment: Environment
    cloud: Cloud
    clients: Callable[[str], Any]
    changes: Callable[[str], Any]
    blind_patience: float
    engine: Engine | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def aws(self) -> Aws:
        """The account as `ecs_provisioning` wants it."""
        from ecs_provisioning.calls import Aws

        return Aws(self.clients, self.changes)

    @property
    def region(self) -> str:
        """Where the account is asked."""
        return self.environment.region or str(self.clients("ecs").meta.region_name)

    def spent(self) -> tuple[int, float]:
        """API calls and seconds so far."""
        return self.cloud.calls, time.monotonic() - self.began
