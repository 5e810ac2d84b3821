"""Brings the stack of a service to what template and settings say, and takes it away again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ecs_deployment.clock import Clock
from ecs_deployment.errors import Refused

from ecs_provisioning import changeset, condition, live, stack
from ecs_provisioning.calls import Aws, Tell
from ecs_provisioning.changeset import ChangeSet
from ecs_provisioning.errors import Interrupted
from ecs_provisioning.names import stack_name
from ecs_provisioning.prepare import Prepared, Wish, adoption, prepare, worked_out
from ecs_provisioning.stack import Stack

Keep = Callable[[], None]
"""To be called while one waits, so that a lock stays ours."""

Lock = Callable[[Prepared], AbstractContextManager[Keep]]
"""Keeps deploys of the service out while it is being changed."""


@dataclass(frozen=True)
class Applied:
    """How it ended well: `outcome` is created, updated or unchanged."""

    name: str
    outcome: str
    stack: Stack


def apply(
    aws: Aws, wish: Wish, clock: Clock, tell: Tell, lock: Lock, *, discard_live_changes: bool = False
) -> Applied:
    """Do it, telling every event. Raises `Refused` before anything is changed, and `StackFailed` or
    `StackRolledBack` with the cause first where it did not come to a good end.
    """
    prepared = prepare(aws, wish, clock)
    if prepared.stack is None:
        return Applied(
            prepared.name, "created", _done(aws, worked_out(aws, prepared, clock), wish, tell, clock)
        )
    if not prepared.changes:
        return Applied(prepared.name, "unchanged", prepared.stack)
    _check_losses(prepared, discard_live_changes)
    with lock(prepared) as keep:
        _check_service(aws, prepared)
        if prepared.adopt:
            tell(f"{prepared.name} learns what the service runs now; that changes nothing.")
            _done(aws, adoption(aws, prepared, clock), wish, tell, clock, keep)
        done = _done(aws, worked_out(aws, prepared, clock), wish, tell, clock, keep)
    return Applied(prepared.name, "updated", done)


def destroy(aws: Aws, environment: str, found: Stack, clock: Clock, tell: Tell) -> None:
    """Take a stack away, telling every event."""
    mark = stack.last_event(aws, found.id)
    stack.delete(aws, found)
    ended = _followed(aws, found.id, mark, environment, tell, clock)
    condition.judge(aws, ended, mark, environment)


def existing(aws: Aws, environment: str, service: str) -> Stack | None:
    """The stack of a service, if there is one."""
    return stack.read(aws, stack_name(environment, service))


def _check_service(aws: Aws, prepared: Prepared) -> None:
    """What was worked out must still hold, now that no deploy can begin."""
    before = prepared.live
    if before is None:
        return
    service = prepared.service
    now = live.read(aws, service.cluster or "", service.service or "", service.containers[0])
    if now is None or now.rolling or now.revision != before.revision:
        raise Refused(
            f"Service {service.service} is being deployed just now, or was while this was worked out.",
            "Wait until that is over (inv app.status), then repeat.",
        )


def _check_losses(prepared: Prepared, discard_live_changes: bool) -> None:
    if prepared.lost and not discard_live_changes:
        raise Refused(
            f"The running revision of {prepared.service.service} differs from the stack's in more than its image: "
            f"{', '.join(prepared.lost)}. The new revision would lose that.",
            "Bring it into the template, or give it up with --discard-live-changes.",
        )


def _done(
    aws: Aws, change_set: ChangeSet, wish: Wish, tell: Tell, clock: Clock, keep: Keep | None = None
) -> Stack:
    if not change_set.changes:
        changeset.discard(aws, change_set)
        unchanged = stack.read(aws, change_set.stack_id)
        assert unchanged is not None  # a change set without changes is one of a stack that exists
        return unchanged
    mark = stack.last_event(aws, change_set.stack_id)
    changeset.execute(aws, change_set)
    ended = _followed(aws, change_set.stack_id, mark, wish.environment, tell, clock, keep)
    condition.judge(aws, ended, mark, wish.environment)
    return ended


def _followed(
    aws: Aws, identity: str, mark: str, environment: str, tell: Tell, clock: Clock, keep: Keep | None = None
) -> Stack:
    try:
        return stack.follow(aws, identity, mark, tell, clock, keep)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted; CloudFormation goes on with {identity.split('/')[1]} by itself.",
            f"See where it stands with: inv infra.plan --env {environment}",
        ) from None
