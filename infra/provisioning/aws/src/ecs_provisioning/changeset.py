"""Change sets: what CloudFormation would do, before it does it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecs_deployment.clock import Clock
from ecs_deployment.errors import Refused

from ecs_provisioning.calls import Aws, call

KEEP = object()
"""As a parameter's value: the one that the stack has."""

_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_EMPTY = ("didn't contain changes", "No updates are to be performed")
_TAGS = [{"Key": "managed-by", "Value": "inv infra.apply"}]


@dataclass(frozen=True)
class Property:
    """One property that changes; before and after "" where AWS does not tell."""

    name: str
    before: str
    after: str
    recreates: bool


@dataclass(frozen=True)
class Change:
    """What would happen to one resource. `action`: Add, Modify, Remove; `replaced`: True, False, Conditional."""

    action: str
    logical: str
    kind: str
    replaced: str = "False"
    policy: str = ""  # Retain: the old one stays
    properties: tuple[Property, ...] = ()

    @property
    def anew(self) -> bool:
        """Whether another one is made in its place, for sure or perhaps."""
        return self.action == "Modify" and self.replaced in ("True", "Conditional")


@dataclass(frozen=True)
class ChangeSet:
    """A change set that stands ready. Without changes it cannot be executed."""

    id: str
    stack_id: str
    changes: tuple[Change, ...]

    def touches(self, logical: str) -> bool:
        """Whether something would happen to that resource."""
        return any(change.logical == logical for change in self.changes)


def create(
    aws: Aws,
    stack: str,
    parameters: Mapping[str, Any],
    clock: Clock,
    *,
    body: str | None = None,
    new: bool = False,
) -> ChangeSet:
    """Have a change set worked out, and wait for it; without a body the stack's own template stays.

    Raises `Refused` where template or parameters will not do.
    """
    template = {"UsePreviousTemplate": True} if body is None else {"TemplateBody": body}
    made = call(
        aws.change("cloudformation"),
        "create_change_set",
        changes=True,
        StackName=stack,
        ChangeSetName=f"inv-{secrets.token_hex(6)}",
        ChangeSetType="CREATE" if new else "UPDATE",
        Parameters=[_given(name, value) for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
        Tags=_TAGS,
        **template,
    )
    try:
        found = _worked_out(aws, made["Id"], clock)
    except KeyboardInterrupt:
        discard(aws, ChangeSet(made["Id"], made["StackId"], ()), new=new)
        raise
    if found["Status"] == "CREATE_COMPLETE":
        return ChangeSet(made["Id"], made["StackId"], tuple(map(_change, found["Changes"])))
    reason = found.get("StatusReason", "")
    if any(text in reason for text in _EMPTY):
        return ChangeSet(made["Id"], made["StackId"], ())
    discard(aws, ChangeSet(made["Id"], made["StackId"], ()), new=new)
    raise Refused(f"CloudFormation cannot do this to {stack}: {reason}", "Nothing was changed.")


def execute(aws: Aws, change_set: ChangeSet) -> None:
    """Begin what it says."""
    call(aws.change("cloudformation"), "execute_change_set", changes=True, ChangeSetName=change_set.id)


def discard(aws: Aws, change_set: ChangeSet, *, new: bool = False) -> None:
    """Throw it away, and with `new` the empty shell of a stack that came with it."""
    client = aws.change("cloudformation")
    call(client, "delete_change_set", changes=True, ChangeSetName=change_set.id)
    if new:
        call(client, "delete_stack", changes=True, StackName=change_set.stack_id)


def _worked_out(aws: Aws, identity: str, clock: Clock) -> dict[str, Any]:
    """The change set as soon as AWS has an opinion of it."""
    pause = _PAUSE
    while True:
        found = _described(aws, identity)
        if found["Status"] in ("CREATE_COMPLETE", "FAILED"):
            return found
        clock.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _given(name: str, value: Any) -> dict[str, Any]:
    if value is KEEP:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}


def _described(aws: Aws, identity: str) -> dict[str, Any]:
    client = aws.read("cloudformation")
    first: dict[str, Any] = call(
        client, "describe_change_set", ChangeSetName=identity, IncludePropertyValues=True
    )
    changes, token = list(first.get("Changes", ())), first.get("NextToken")
    while token:
        more = call(
            client,
            "describe_change_set",
            ChangeSetName=identity,
            IncludePropertyValues=True,
            NextToken=token,
        )
        changes += more.get("Changes", ())
        token = more.get("NextToken")
    return first | {"Changes": changes}


def _change(row: Mapping[str, Any]) -> Change:
    inner = row["ResourceChange"]
    targets = [detail.get("Target", {}) for detail in inner.get("Details", ())]
    found = {
        target["Name"]: Property(
            target["Name"],
            target.get("BeforeValue", ""),
            target.get("AfterValue", ""),
            target.get("RequiresRecreation", "Never") != "Never",
        )
        for target in targets
        if target.get("Name")
    }
    return Change(
        inner["Action"],
        inner["LogicalResourceId"],
        inner["ResourceType"],
        inner.get("Replacement", "False"),
        inner.get("PolicyAction", ""),
        tuple(found.values()),
    )
