"""Whether a stack can be changed as it stands; what it means where it cannot, and the way out."""

from __future__ import annotations

from collections.abc import Iterable

from ecs_deployment.clock import Clock
from ecs_deployment.errors import CloudError, Refused

from ecs_provisioning.calls import Aws, Tell
from ecs_provisioning.errors import StackFailed, StackRolledBack
from ecs_provisioning.names import stack_name
from ecs_provisioning.stack import WELL, Stack, causes, read

_PAUSE = 2.0  # seconds from one look at a stack to the next

_MEANINGS = {
    "ROLLBACK_COMPLETE": "its creation failed and everything that had been made was taken away again",
    "ROLLBACK_FAILED": "its creation failed, and not everything that had been made could be taken away again",
    "CREATE_FAILED": "its creation failed, and what had been made is still there",
    "DELETE_FAILED": "it could not be taken away completely",
    "UPDATE_FAILED": "an update failed and was not undone",
    "UPDATE_ROLLBACK_FAILED": "an update failed and could not be undone completely",
}
_CONTINUE = "Remove the cause, then: aws cloudformation continue-update-rollback --stack-name {name}"
_ANEW = (
    "Remove the cause, then: inv infra.destroy --env {env} --confirm {env}, and inv infra.apply --env {env}."
)


def check(aws: Aws, stack: Stack, environment: str) -> None:
    """Refuse what CloudFormation would refuse, in words that help, with the first failure that led there."""
    if stack.status in WELL:
        return
    check_free(stack)
    meaning = _MEANINGS.get(stack.status, "it cannot be changed as it stands")
    failed = causes(aws, stack.id, "")
    why = f" The cause: {failed[0].logical}: {failed[0].reason}" if failed else ""
    raise Refused(f"Stack {stack.name} is {stack.status}: {meaning}.{why}", _cure(stack, environment))


def check_free(stack: Stack) -> None:
    """Refuse while CloudFormation is at work on it: it takes one change at a time."""
    if stack.busy:
        raise Refused(
            f"Stack {stack.name} is being changed just now ({stack.status}).",
            "Wait until that is over, then repeat.",
        )


def at_rest(
    aws: Aws, environment: str, services: Iterable[str], clock: Clock, tell: Tell, patience: float = 0.0
) -> None:
    """Wait up to `patience` seconds until CloudFormation is at work on none of these services' stacks.

    Refuse then. An `infra.apply` that was killed holds no lock, and its update goes on: it would put back the
    revision that it knows. Who may not see the stack, or has none, is not held up.
    """
    deadline, told = clock.boottime() + patience, False
    for service in services:
        while (found := _seen(aws, stack_name(environment, service))) and found.busy:
            what = f"CloudFormation is at work on stack {found.name} ({found.status})"
            if clock.boottime() >= deadline:
                raise Refused(
                    f"{what}, and may still change service {service}.",
                    f"Wait until that is over (--wait-for-lock 600 does), then repeat. inv infra.plan --env "
                    f"{environment} says whether it is.",
                )
            if not told:
                tell(f"{what}: waiting until that is over.")
                told = True
            clock.sleep(min(_PAUSE, max(0.0, deadline - clock.boottime())))


def _seen(aws: Aws, name: str) -> Stack | None:
    try:
        return read(aws, name)
    except CloudError:
        return None


def judge(aws: Aws, stack: Stack, mark: str, environment: str) -> None:
    """Raise for a change that did not come to a good end; the cause is the first failure after the mark."""
    if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"):
        return
    failed = causes(aws, stack.id, mark)
    cause = f"{failed[0].logical}: {failed[0].reason}" if failed else stack.reason or stack.status
    if stack.status == "UPDATE_ROLLBACK_COMPLETE":
        raise StackRolledBack(
            f"{cause}\nStack {stack.name} is as it was before: {stack.status}.",
            f"Remove the cause, then repeat inv infra.apply --env {environment}.",
        )
    meaning = _MEANINGS.get(stack.status, "it is not as it should be")
    raise StackFailed(f"{cause}\nStack {stack.name} is {stack.status}: {meaning}.", _cure(stack, environment))


def _cure(stack: Stack, environment: str) -> str:
    text = _CONTINUE if stack.status == "UPDATE_ROLLBACK_FAILED" else _ANEW
    return text.format(name=stack.name, env=environment)
