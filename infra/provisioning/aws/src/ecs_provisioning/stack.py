"""A stack: what it is, what goes on with it, why it failed, and its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_deployment.clock import Clock
from ecs_deployment.errors import Refused

from ecs_provisioning.calls import Aws, Tell, call, missing

REVIEWED = "REVIEW_IN_PROGRESS"
GONE = "DELETE_COMPLETE"
WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_BUSY = "_IN_PROGRESS"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
_LONG_SILENCE = 30.0  # seconds without an event after which it is said what AWS is waiting for
_STACK = "AWS::CloudFormation::Stack"
_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")


@dataclass(frozen=True)
class Stack:
    """A stack as CloudFormation describes it; `id` is its ARN."""

    id: str
    name: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def busy(self) -> bool:
        """Whether CloudFormation is at work on it."""
        return self.status.endswith(_BUSY) and self.status != REVIEWED


@dataclass(frozen=True)
class Event:
    """One line of a stack's history."""

    id: str
    logical: str
    kind: str
    status: str
    reason: str

    @property
    def failed(self) -> bool:
        """Whether it is a failure of a resource, and not of one that was cancelled because of another."""
        own = not self.reason.startswith(_CONSEQUENCES)
        return self.status.endswith("_FAILED") and self.kind != _STACK and own


def read(aws: Aws, name: str) -> Stack | None:
    """The stack of that name or id; None where there is none, or only one that was never made."""
    try:
        answer = call(aws.read("cloudformation"), "describe_stacks", StackName=name)
    except Refused as error:
        if missing(error):
            return None
        raise
    row = answer["Stacks"][0]
    return None if row["StackStatus"] in (GONE, REVIEWED) else _stack(row)


def taken_away(aws: Aws, name: str) -> bool:
    """Whether there was a stack of that name, and there is none any more (AWS lists it for 90 days: ListStacks)."""
    if read(aws, name) is not None:
        return False
    token: dict[str, Any] = {}
    while True:
        page = call(aws.read("cloudformation"), "list_stacks", StackStatusFilter=[GONE], **token)
        if any(one["StackName"] == name for one in page["StackSummaries"]):
            return True
        if not page.get("NextToken"):
            return False
        token = {"NextToken": page["NextToken"]}


def last_event(aws: Aws, name: str) -> str:
    """The id of the newest event, as a mark; "" where there is none."""
    rows = call(aws.read("cloudformation"), "describe_stack_events", StackName=name)["StackEvents"]
    return rows[0]["EventId"] if rows else ""


def events_since(aws: Aws, name: str, mark: str) -> list[Event]:
    """The events after a mark, oldest first."""
    found: list[Event] = []
    token: dict[str, Any] = {}
    while True:
        answer = call(aws.read("cloudformation"), "describe_stack_events", StackName=name, **token)
        for row in answer["StackEvents"]:
            if row["EventId"] == mark:
                return found[::-1]
            found.append(_event(row))
        if not answer.get("NextToken"):
            return found[::-1]
        token = {"NextToken": answer["NextToken"]}


def follow(
    aws: Aws,
    identity: str,
    mark: str,
    tell: Tell,
    clock: Clock,
    each: Callable[[], None] | None = None,
    interrupted: Callable[[], None] | None = None,
) -> Stack:
    """Tell every event after the mark until CloudFormation is done; the stack as it is then.

    `each`, if given, is called at every look: to keep a lock, for example. `interrupted`, if given, is called at
    the first interrupt, and the wait goes on; the second one ends it. There is no limit of time: CloudFormation
    has its own for every resource, and goes on when nobody looks.
    """
    watched, pause = _Watched(aws, identity, mark, tell, clock), _FIRST_PAUSE
    while True:
        try:
            found, news = watched.look()
            if not found.busy:
                return found
            if each is not None:
                each()
            pause = _FIRST_PAUSE if news else min(pause * 1.5, _LONGEST_PAUSE)
            clock.sleep(pause)
        except KeyboardInterrupt:
            if interrupted is None:
                raise
            told, interrupted = interrupted, None
            told()


class _Watched:
    """A stack whose events are told, each once, and named where nothing is heard of it for long."""

    def __init__(self, aws: Aws, identity: str, mark: str, tell: Tell, clock: Clock) -> None:
        self._aws, self._identity, self._mark = aws, identity, mark
        self._tell, self._clock = tell, clock
        self._under_way: dict[str, float] = {}  # since when, by logical id
        self._quiet = clock.boottime()

    def look(self) -> tuple[Stack, bool]:
        """The stack, and whether there was news of it."""
        row = call(self._aws.read("cloudformation"), "describe_stacks", StackName=self._identity)["Stacks"][0]
        fresh = events_since(self._aws, self._identity, self._mark)
        now = self._clock.boottime()
        for event in fresh:
            self._mark, self._quiet = event.id, now
            self._tell(_line(event))
            if event.status.endswith(_BUSY) and event.kind != _STACK:
                self._under_way.setdefault(event.logical, now)
            else:
                self._under_way.pop(event.logical, None)
        if self._under_way and now - self._quiet >= _LONG_SILENCE:
            self._quiet = now
            waited = ", ".join(f"{name} ({now - since:.0f} s)" for name, since in self._under_way.items())
            self._tell(f"AWS is still at work on {waited}")
        return _stack(row), bool(fresh)


def causes(aws: Aws, identity: str, mark: str) -> list[Event]:
    """The failures after a mark, the first of them first: it is the cause of the others."""
    return [event for event in events_since(aws, identity, mark) if event.failed]


def delete(aws: Aws, stack: Stack) -> None:
    """Begin to take a stack away."""
    call(aws.change("cloudformation"), "delete_stack", changes=True, StackName=stack.id)


def resources(aws: Aws, stack: Stack) -> list[tuple[str, str, str]]:
    """(logical id, type, physical id) of everything that is there."""
    pages = call(aws.read("cloudformation"), "list_stack_resources", StackName=stack.id)
    rows = list(pages["StackResourceSummaries"])
    while token := pages.get("NextToken"):
        pages = call(aws.read("cloudformation"), "list_stack_resources", StackName=stack.id, NextToken=token)
        rows += pages["StackResourceSummaries"]
    return [
        (row["LogicalResourceId"], row["ResourceType"], row.get("PhysicalResourceId", ""))
        for row in rows
        if row["ResourceStatus"] != GONE
    ]


def physical(aws: Aws, stack: Stack, logical: str) -> str:
    """The physical id of one resource; "" where the stack has none."""
    return next((found for name, _, found in resources(aws, stack) if name == logical), "")


def _line(event: Event) -> str:
    return f"{event.logical}: {event.status}{f' ({event.reason})' if event.reason else ''}"


def _stack(row: Mapping[str, Any]) -> Stack:
    return Stack(
        id=row["StackId"],
        name=row["StackName"],
        status=row["StackStatus"],
        reason=row.get("StackStatusReason", ""),
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in row.get("Parameters", ())},
        outputs={one["OutputKey"]: one["OutputValue"] for one in row.get("Outputs", ())},
    )


def _event(row: Mapping[str, Any]) -> Event:
    return Event(
        row["EventId"],
        row["LogicalResourceId"],
        row["ResourceType"],
        row["ResourceStatus"],
        row.get("ResourceStatusReason", ""),
    )
