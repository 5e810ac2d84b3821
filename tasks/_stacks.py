"""What the tasks of `infra` do to each stack: connect, call one function of `ecs_provisioning`, show what it says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tasks._confirm import answer, unconfirmed

if TYPE_CHECKING:
    from ecs_provisioning.prepare import Wish

    from tasks._connection import Connection


def plan(name: str, services: tuple[str, ...], wishes: Mapping[str, str], *, as_json: bool = False) -> None:
    """Show what would be done to each stack, and what it costs."""
    from ecs_deployment.clock import RealClock
    from ecs_provisioning import plan as room

    connection = _connected(name)
    told: list[dict[str, Any]] = []
    for wish in _wishes(connection, services, wishes):
        with room.planned(connection.aws, wish, RealClock()) as prepared:
            if as_json:
                told.append(room.document(prepared))
            else:
                room.show(prepared, name)
    if as_json:
        print(room.as_json(name, told, connection.spent()))


def apply(
    name: str, services: tuple[str, ...], wishes: Mapping[str, str], *, discard_live_changes: bool
) -> None:
    """Bring each stack to where it should be, one after the other."""
    from ecs_deployment.clock import RealClock
    from ecs_provisioning import ahead
    from ecs_provisioning.apply import apply as bring
    from ecs_provisioning.lock import locks

    connection, clock = _connected(name), RealClock()
    lock = locks(connection.cloud, connection.environment, clock)
    asked = _wishes(connection, services, wishes)
    ahead.check(connection.aws, connection.cloud, connection.environment, asked, clock)
    for wish in asked:
        done = bring(connection.aws, wish, clock, print, lock, discard_live_changes=discard_live_changes)
        print(f"{done.name}: {done.outcome}")
        if done.outcome != "unchanged":
            print("\n".join(f"  {line}" for line in done.told))
        if done.unproven:
            print(done.unproven)
        if done.outcome == "created":
            print(
                f"Nothing runs yet. Next: inv app.deploy --env {name} --service {wish.service.name} --tag TAG"
            )


def destroy(name: str, services: tuple[str, ...], confirm: str, *, dry: bool) -> None:
    """Take the stacks away, the last one first: the first may have made the cluster of the others.

    Everything is asked for, and every lock is held, before the first one goes.
    """
    from ecs_deployment.clock import RealClock
    from ecs_provisioning import apply, ending
    from ecs_provisioning.lock import locks

    asks = not confirm and not dry and sys.stdin.isatty()
    if confirm != name and not dry and not asks:
        raise unconfirmed(name, confirm)
    connection, clock = _connected(name), RealClock()
    lock = locks(connection.cloud, connection.environment, clock, action="destroy")
    stacks = {}
    for wish in reversed(_wishes(connection, services, {})):
        stack = apply.existing(connection.aws, name, wish.service.name)
        if stack is None:
            print(f"{wish.service.name}: there is no stack")
            continue
        kept, gone = ending.of(connection.aws, stack)
        print(f"{stack.name}: {len(gone)} resources {'would go' if dry or asks else 'go'}")
        for line in kept:
            print(f"It stays: {line}")
        if asks:
            typed = answer(f"Type the name of the environment to take {stack.name} away: ")
            if typed != name:
                raise unconfirmed(name, typed)
        stacks[wish.service.name] = stack
    if not dry:
        apply.destroy(connection.aws, name, stacks, clock, print, lock)


def _connected(name: str) -> Connection:
    """The connection to the right account, as it is: nothing is made that was not asked for."""
    from ecs_deployment.survey import check_account

    from tasks._connect import attach

    connection = attach(name, tell=lambda text: print(text, file=sys.stderr))
    check_account(connection.cloud, connection.environment)
    return connection


def _wishes(connection: Connection, services: tuple[str, ...], parameters: Mapping[str, str]) -> list[Wish]:
    from ecs_deployment.survey import chosen
    from ecs_provisioning import prepare

    environment = connection.environment
    return prepare.wishes(environment, chosen(environment, services), parameters)
