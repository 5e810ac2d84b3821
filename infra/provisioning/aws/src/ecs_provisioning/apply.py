"""Brings the stack of a service to what template and settings say, and takes it away again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from ecs_deployment.clock import Clock
from ecs_deployment.errors import CloudError, Denied, DeployError, Refused
from ecs_deployment.reference import NEVER_DEPLOYED
from ecs_deployment.settings import ServiceSettings

from ecs_provisioning import changeset, condition, live, stack
from ecs_provisioning.calls import Aws, Tell
from ecs_provisioning.changeset import ChangeSet
from ecs_provisioning.errors import Interrupted, Undecided
from ecs_provisioning.gone import given_up
from ecs_provisioning.live import Live
from ecs_provisioning.lock import Lock, Ours, kept
from ecs_provisioning.names import filled, stack_name
from ecs_provisioning.prepare import Prepared, Wish, adoption, prepare, surrender, worked_out
from ecs_provisioning.show import INTERRUPTING
from ecs_provisioning.stack import Stack

Keep = Callable[[], None]
"""To be called while one waits, so that a lock stays ours."""


@dataclass(frozen=True)
class Applied:
    """How it ended well: `outcome` is created, updated or unchanged.

    `unproven` is what nobody has seen well, since the service sleeps: a sentence, or empty.
    """

    name: str
    outcome: str
    stack: Stack
    unproven: str = ""

    @property
    def told(self) -> list[str]:
        """What one needs to know of a stack, a line each: where the service is reached, who may deploy it."""
        found = self.stack.outputs
        lines = {
            "Url": "reached at",
            "DeployRoleArn": "deployed from GitHub by",
            "DashboardName": "dashboard",
        }
        if shared := self.stack.parameters.get("DeployRoleName"):
            found = {**found, "DeployRoleArn": f"role {shared}, as its neighbour is"}
        here = found.get("Url", "").startswith("http://127.")  # the embedded ECS listens on another port
        return [
            f"{word} {found[name]}"
            for name, word in lines.items()
            if name in found and not (here and name == "Url")
        ]


def apply(
    aws: Aws, wish: Wish, clock: Clock, tell: Tell, lock: Lock, *, discard_live_changes: bool = False
) -> Applied:
    """Do it, telling every event. Raises `Refused` before anything is changed, and `StackFailed` or
    `StackRolledBack` with the cause first where it did not come to a good end.
    """
    prepared = prepare(aws, wish, clock)
    if prepared.stack is None:
        made = _done(aws, worked_out(aws, prepared, clock), wish, tell, clock, new=True)
        return Applied(prepared.name, "created", made)
    if not prepared.changes:
        return Applied(prepared.name, "unchanged", prepared.stack)
    _check_losses(prepared, discard_live_changes)
    _check_interruption(prepared, wish.service)
    with lock(prepared.service, prepared.live) as ours:
        keep = ours.renew_if_due
        _check_service(aws, prepared)
        if prepared.adopt:
            tell(f"{prepared.name} learns what the service runs now; that changes nothing.")
            _done(aws, adoption(aws, prepared, clock), wish, tell, clock, keep)
        if prepared.gone:
            done = _anew(aws, prepared, wish, tell, clock, keep)
        else:
            done = _done(aws, worked_out(aws, prepared, clock), wish, tell, clock, keep)
    return Applied(prepared.name, "updated", done, _unproven(prepared, wish))


def _anew(aws: Aws, prepared: Prepared, wish: Wish, tell: Tell, clock: Clock, keep: Keep) -> Stack:
    """Have the stack give up what somebody has deleted, and want it again; says how where it comes to that half."""
    names = ", ".join(one.logical for one in prepared.gone)
    tell(f"{names}: deleted by other means. {prepared.name} gives up what belongs to it and makes it anew.")
    try:
        _done(aws, surrender(aws, prepared, clock), wish, tell, clock, keep)
        return _done(aws, worked_out(aws, prepared, clock), wish, tell, clock, keep)
    except DeployError:
        wanted = [f"{name}={prepared.values[name]}" for name in given_up(prepared.gone)]
        again = f'inv infra.apply --env {wish.environment} --set "{" ".join(wanted)}"'
        tell(f"{prepared.name} may do without {names} now. To have it again: {again}")
        raise


def _unproven(prepared: Prepared, wish: Wish) -> str:
    """A new revision that a sleeping service will wake on, and nobody has seen."""
    asleep = prepared.live is not None and prepared.live.desired == 0
    if not (prepared.rolls and asleep and prepared.live and prepared.live.image != NEVER_DEPLOYED):
        return ""
    return (
        "The service sleeps, and nothing has run its new revision yet: app.verify calls it unproven (exit 3). "
        f"Prove it with: inv app.verify --env {wish.environment} --service {wish.service.name} --wake"
    )


def destroy(
    aws: Aws, environment: str, stacks: Mapping[str, Stack], clock: Clock, tell: Tell, lock: Lock
) -> None:
    """Take the stacks of these services away, in that order, telling every event.

    Raises `Refused` while something else is done to one of them, and `LockHeld` while one of the services is being
    deployed: all locks are taken before anything goes, and each is let go of with its stack.
    """
    for found in stacks.values():
        condition.check_free(found)
    with ExitStack() as all_locks:
        turns: list[tuple[Stack, ExitStack, Ours]] = []
        for name, found in stacks.items():
            one = all_locks.enter_context(ExitStack())
            turns.append((found, one, one.enter_context(lock(*_running(aws, name, found)))))
        for found, one, ours in turns:
            ours.fence()  # it may have waited long for its turn
            mark = stack.last_event(aws, found.id)
            stack.delete(aws, found)
            keep = partial(kept, ours, [others for _, _, others in turns])
            _ended_well(aws, found.id, mark, environment, tell, clock, keep)
            one.close()


def _running(aws: Aws, name: str, found: Stack) -> tuple[ServiceSettings, Live | None]:
    """The service of a stack under the names that it has there, and what it runs."""
    service = filled(ServiceSettings(name), found.outputs)
    if not (service.cluster and service.service and service.containers):
        return service, None
    return service, live.read(aws, service.cluster, service.service, service.containers[0])


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


def _check_interruption(prepared: Prepared, settings: ServiceSettings) -> None:
    """No change of ours takes a service away that somebody may be asking for something."""
    anew = [one.logical for one in prepared.changes if one.replaced == "True" and one.logical in INTERRUPTING]
    if not anew or (anew == ["Balancer"] and settings.interruption == "accepted"):
        return
    raise Refused(
        f"{anew[0]} would be made anew. {INTERRUPTING[anew[0]]}",
        'Accept it with interruption = "accepted" in environments.toml.'
        if anew == ["Balancer"]
        else "Add a service of another name to environments.toml, deploy it, and then take this one away with "
        "inv infra.destroy.",
    )


def _done(
    aws: Aws,
    change_set: ChangeSet,
    wish: Wish,
    tell: Tell,
    clock: Clock,
    keep: Keep | None = None,
    *,
    new: bool = False,
) -> Stack:
    if not change_set.changes:
        changeset.discard(aws, change_set)
        unchanged = stack.read(aws, change_set.stack_id)
        assert unchanged is not None  # a change set without changes is one of a stack that exists
        return unchanged
    mark = stack.last_event(aws, change_set.stack_id)
    try:
        changeset.execute(aws, change_set)
    except (Refused, Denied):
        changeset.discard(aws, change_set, new=new)
        raise
    return _ended_well(aws, change_set.stack_id, mark, wish.environment, tell, clock, keep)


def _ended_well(
    aws: Aws, identity: str, mark: str, environment: str, tell: Tell, clock: Clock, keep: Keep | None
) -> Stack:
    """The stack when CloudFormation is done; raises where that is no good end, or somebody has interrupted.

    While a lock is held the first interrupt does not end the wait: CloudFormation would go on, and might put back
    the revision that it knows after a deploy that nothing keeps out.
    """
    interrupts: list[str] = []

    def wait_all_the_same() -> None:
        interrupts.append("one")
        tell(
            "Interrupted. CloudFormation goes on whatever one does: this waits for it, and keeps deploys out until "
            "then. Interrupt once more to leave it alone."
        )

    ended = _followed(
        aws, identity, mark, environment, tell, clock, keep, wait_all_the_same if keep is not None else None
    )
    condition.judge(aws, ended, mark, environment)
    if interrupts:
        raise Interrupted(
            f"Interrupted, and waited for: {ended.name} is {ended.status}. Nothing more was begun.",
            _look(environment),
        )
    return ended


def _followed(
    aws: Aws,
    identity: str,
    mark: str,
    environment: str,
    tell: Tell,
    clock: Clock,
    keep: Keep | None,
    interrupted: Callable[[], None] | None,
) -> Stack:
    try:
        return stack.follow(aws, identity, mark, tell, clock, keep, interrupted)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted; {_GOES_ON.format(identity.split('/')[1])}", _look(environment)
        ) from None
    except CloudError as error:
        text = f"{error.what}\nUnknown how it ends; {_GOES_ON.format(identity.split('/')[1])}"
        raise Undecided(text, _look(environment)) from None


_GOES_ON = (
    "CloudFormation goes on with {} by itself, and nothing holds the lock. It may still change the service: "
    "until it has ended a deploy is refused, if it may see the stack."
)


def _look(environment: str) -> str:
    return f"See where it stands with: inv infra.plan --env {environment}"
