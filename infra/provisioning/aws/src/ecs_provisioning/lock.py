"""Keeps deploys of a service out while its stack is being changed, by the deployer's own journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Parameters
from ecs_deployment.journal import Taking, journal_path, off, run_url, take
from ecs_deployment.settings import NO_JOURNAL, Environment, ServiceSettings

from ecs_provisioning.errors import Interrupted
from ecs_provisioning.live import Live


@contextmanager
def locked(
    parameters: Parameters,
    environment: Environment,
    service: ServiceSettings,
    live: Live | None,
    clock: Clock,
    *,
    action: str = "apply",
) -> Iterator[Callable[[], None]]:
    """Hold the lock of the service; the value is to be called while one waits. Raises `LockHeld`.

    Where there is no service (yet, or any more) there is nobody to be kept out.
    """
    if live is None or not service.cluster or not service.service:
        yield lambda: None
        return
    taking = Taking(
        action=action,
        environment=environment.name,
        service=service.name,
        revision=live.revision,
        before=live.revision,
        run_url=run_url(os.environ),
    )
    if environment.journal == NO_JOURNAL:
        held = off(taking, clock=clock)
    else:
        path = journal_path(environment.journal, service.cluster, service.service)
        held = take(parameters, path, taking, clock=clock)
    outcome = "failed"
    try:
        yield held.renew_if_due
        outcome = "applied" if action == "apply" else "destroyed"
    except (KeyboardInterrupt, Interrupted):
        outcome = "interrupted"
        raise
    finally:
        held.close(outcome)
        held.prune()
