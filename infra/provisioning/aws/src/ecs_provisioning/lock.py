"""Keeps deploys of a service out while its stack is being changed, by the deployer's own journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from ecs_deployment import observe, verify
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.errors import DeployError, LockHeld, Refused
from ecs_deployment.journal import (
    LEASE,
    Held,
    Taking,
    is_held,
    journal_path,
    last_proven,
    name_of,
    off,
    read,
    run_url,
    take,
    unfinished,
)
from ecs_deployment.journal_say import held_by
from ecs_deployment.settings import NO_JOURNAL, Environment, ServiceSettings

from ecs_provisioning.errors import Interrupted
from ecs_provisioning.live import Live


class Ours(Protocol):
    """The lock of a service while it is held; a `Held` of the journal is one."""

    def renew_if_due(self) -> None:
        """To be called while one waits, so that it stays ours."""

    def fence(self) -> None:
        """To be called before a change that comes long after it was taken: raises where it is ours no more."""


class Unlocked:
    """What nobody has to be kept out of."""

    def renew_if_due(self) -> None:
        """Nothing has to be renewed."""

    def fence(self) -> None:
        """Nobody can have taken it."""


Lock = Callable[[ServiceSettings, Live | None], AbstractContextManager[Ours]]
"""Keeps deploys of the service out while it is being changed."""


def kept(ours: Ours, others: Iterable[Ours]) -> None:
    """Renew the lock of what is being changed, and those of what waits for its turn: who lost one of these is told
    by its fence then, and not in the middle of another change.
    """
    ours.renew_if_due()
    for other in others:
        if other is not ours:
            with suppress(DeployError):
                other.renew_if_due()


def check_free(cloud: Cloud, environment: Environment, service: ServiceSettings) -> None:
    """Look whether somebody is at work on the service, taking nothing. Raises `LockHeld`."""
    if environment.journal == NO_JOURNAL or not service.cluster or not service.service:
        return
    path = journal_path(environment.journal, service.cluster, service.service)
    entries = read(cloud, path)
    holder = unfinished(entries)
    if holder is None or not is_held(cloud, path, entries):
        return
    if stored := cloud.read_parameter(name_of(path, holder.number)):
        raise _wait(held_by(holder, stored), environment, service)


def _wait(error: LockHeld, environment: Environment, service: ServiceSettings) -> LockHeld:
    """The same refusal with the way on from here: whoever changes a stack does not take a lock away."""
    status = f"inv app.status --env {environment.name} --service {service.name}"
    return LockHeld(
        error.what,
        f"Wait until that is over (`{status}` tells), then repeat. Should it be dead, the lock is free {LEASE:.0f} s "
        "after its last sign of life.",
    )


@contextmanager
def locked(
    cloud: Cloud,
    environment: Environment,
    service: ServiceSettings,
    live: Live | None,
    clock: Clock,
    *,
    action: str = "apply",
) -> Iterator[Ours]:
    """Hold the lock of the service. Raises `LockHeld`.

    Where there is no service (yet, or any more) there is nobody to be kept out.
    """
    if live is None or not service.cluster or not service.service:
        yield Unlocked()
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
        try:
            held = take(cloud, path, taking, clock=clock)
        except LockHeld as error:
            raise _wait(error, environment, service) from None
    outcome, proven = "failed", False
    try:
        yield held
        outcome = "applied" if action == "apply" else "destroyed"
        if action == "apply":
            with suppress(
                DeployError
            ):  # what could not be looked at is not proven, and was applied all the same
                proven = _proven(cloud, service, held)
    except (KeyboardInterrupt, Interrupted):
        outcome = "interrupted"
        raise
    except Refused:
        outcome = "refused"
        raise
    finally:
        held.close(outcome, proven=proven)
        held.prune()


def locks(cloud: Cloud, environment: Environment, clock: Clock, *, action: str = "apply") -> Lock:
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
