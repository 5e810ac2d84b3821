"""What has to be known of several stacks before the first of them is changed."""

from __future__ import annotations

from collections.abc import Sequence

from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import LockHeld
from ecs_deployment.settings import Environment, ServiceSettings

from ecs_provisioning import stack
from ecs_provisioning.calls import Aws
from ecs_provisioning.lock import check_free
from ecs_provisioning.names import filled, stack_name
from ecs_provisioning.plan import planned
from ecs_provisioning.prepare import Wish


def check(aws: Aws, cloud: Cloud, environment: Environment, wishes: Sequence[Wish], clock: Clock) -> None:
    """Raise `LockHeld` where an apply would change some of the stacks and then find the service of another locked.

    A service whose stack stays as it is may be deployed meanwhile. For a single one its own lock tells.
    """
    if len(wishes) < 2:
        return
    for wish in wishes:
        found = stack.read(aws, stack_name(environment.name, wish.service.name))
        if found is None:
            continue  # nothing can run there yet
        try:
            check_free(cloud, environment, filled(ServiceSettings(wish.service.name), found.outputs))
        except LockHeld:
            with planned(aws, wish, clock) as prepared:
                if prepared.changes:
                    raise
