"""Keeps deploys of a service out while its stack is being changed, by the deployer's own journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from ecs_deployment import observe, verify
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import DeployError
from ecs_deployment.journal import Held, Taking, journal_path, last_proven, off, run_url, take
from ecs_deployment.settings import NO_JOURNAL, Environment, ServiceSettings

from ecs_provisioning.errors import Interrupted
from ecs_provisioning.live import Live


@contextmanager
def locked(
    cloud: Cloud,
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
        held = take(cloud, path, taking, clock=clock)
    outcome, proven = "failed", False
    try:
        yield held.renew_if_due
        outcome = "applied" if action == "apply" else "destroyed"
        if action == "apply":
            with suppress(
                DeployError
            ):  # what could not be looked at is not proven, and was applied all the same
                proven = _proven(cloud, service, held)
    except (KeyboardInterrupt, Interrupted):
        outcome = "interrupted"
        raise
    finally:
        held.close(outcome, proven=proven)
        held.prune()


def locks(
    cloud: Cloud, environment: Environment, clock: Clock, *, action: str = "apply"
) -> Callable[[ServiceSettings, Live | None], AbstractContextManager[Callable[[], None]]]:
    """The lock of any service of an environment, for whoever finds out later which one."""
    return lambda service, live: locked(cloud, environment, service, live, clock, action=action)


def _proven(cloud: Cloud, service: ServiceSettings, held: Held) -> bool:
    """Whether the service rolled to a new revision and is well on it: then one may sleep on it, and go back to it."""
    cluster, name = observe.named(service)
    snapshot = observe.whole(cloud, cluster, name)
    revision = snapshot.service.task_definition
    if revision == held.entry.before:
        return False
    current = cloud.task_definition(revision)
    found = verify.verify(service, snapshot, current, None, held.others, locked=True)
    image = last_proven(held.others, found.digest)
    of_it = {"tag": image.tag, "commit": image.commit} if image else {}
    held.record(revision=revision, digest=found.digest, **of_it)
    return snapshot.service.desired > 0 and not found.findings
