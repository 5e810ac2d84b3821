"""What CloudFormation remembers: stacks, what each is made of, their events and change sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecs_local.cfn_template import Template
from ecs_local.world import Content

BUSY = "_IN_PROGRESS"
GONE = "DELETE_COMPLETE"
REVIEWED = "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Made:
    """What creating a resource gave: its physical id, what Ref gives where that is another, its attributes."""

    physical: str
    attributes: Content = field(default_factory=dict)
    ref: str = ""

    @property
    def reference(self) -> str:
        """What Ref gives."""
        return self.ref or self.physical


@dataclass
class Resource:
    """One resource of a stack. `properties` are worked out; `deletion` and `replacement` are the two policies."""

    logical: str
    type: str
    made: Made
    properties: Content
    status: str
    updated_at: float
    reason: str | None = None
    deletion: str = "Delete"
    replacement: str = "Delete"


@dataclass(frozen=True)
class Version:
    """A template with its parameters: what a stack is, or is to become."""

    body: str
    template: Template
    parameters: dict[str, str]


@dataclass(frozen=True)
class Change:
    """What would happen to one resource. `details` by property, as DescribeChangeSet tells them."""

    action: str  # Add, Modify, Remove
    logical: str
    type: str
    physical: str = ""
    replacement: str = ""  # True, False, Conditional; for Modify
    policy: str = ""  # what becomes of the old one: Delete, Retain
    details: tuple[Content, ...] = ()
    scope: tuple[str, ...] = ()


@dataclass
class ChangeSet:
    id: str
    name: str
    kind: str  # CREATE, UPDATE
    version: Version
    created_at: float
    changes: tuple[Change, ...]
    status: str = "CREATE_COMPLETE"
    reason: str | None = None
    execution: str = "AVAILABLE"
    on_failure: str = "ROLLBACK"
    capabilities: list[str] = field(default_factory=list)
    tags: list[Content] = field(default_factory=list)
    description: str | None = None


@dataclass
class Stack:
    """A stack; `version` is what it is made from, None while it only has a change set to be reviewed."""

    id: str
    name: str
    created_at: float
    status: str
    version: Version | None = None
    reason: str | None = None
    updated_at: float | None = None
    deleted_at: float | None = None
    on_failure: str = "ROLLBACK"
    resources: dict[str, Resource] = field(default_factory=dict)  # in the order of creation
    outputs: list[Content] = field(default_factory=list)
    events: list[Content] = field(default_factory=list)  # newest first
    change_sets: dict[str, ChangeSet] = field(default_factory=dict)  # by id
    capabilities: list[str] = field(default_factory=list)
    tags: list[Content] = field(default_factory=list)
    token: str | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being done to it."""
        return self.status.endswith(BUSY) and self.status != REVIEWED


def living(stacks: Mapping[str, Stack], name: str) -> Stack | None:
    """The stack of that name or ARN that has not been deleted."""
    for stack in stacks.values():
        if name in (stack.name, stack.id) and stack.status != GONE:
            return stack
    return None
