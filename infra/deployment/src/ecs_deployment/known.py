"""What planning starts from: the user's request and everything that was read for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ecs_deployment import model
from ecs_deployment.commits import Order
from ecs_deployment.goal import Goal

Action = Literal["deploy", "rollback", "resume", "abort", "wake", "sleep"]


@dataclass(frozen=True)
class Request:
    """What the user asked for. All but a deploy find out from the journal which revision that means."""

    environment: str
    tag: str = ""
    supersede: bool = False  # replace whoever deploys or rolls right now
    action: Action = "deploy"
    to: str = ""  # for a rollback: the tag or revision, "" for the last proven one
    force: bool = False  # for a deploy: an older commit, too
    leave: bool = False  # what fails stays as it is


@dataclass(frozen=True)
class Known:
    """What was read before planning.

    `image` is None where the registry has no such tag; `unchecked` says why the registry could not be asked.
    `proven` are the task definition ARNs that ended a deploy proven, newest first; `proven_at` says when, in words.
    `inherited` are the deployment ids of all runs in the journal: none of them has an owner once we hold the lock.
    `wanted` is the revision that shall run, None where it is made of `current` and the image.
    `unfinished` are the revisions of runs that never ended: one may roll without its id being in the journal.
    """

    snapshot: model.Snapshot
    current: model.TaskDefinition
    image: model.Image | None
    unchecked: str = ""
    tags: tuple[str, ...] = ()  # what the repository has where it has no such image, newest first
    proven: tuple[str, ...] = ()
    proven_at: Mapping[str, str] = field(default_factory=dict)
    kept: bool = True  # whether there is a journal that could know of a proof
    inherited: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    idle: model.IdleAlarm | None = None
    goal: Goal = field(default_factory=Goal)
    wanted: model.TaskDefinition | None = None
    commit: str = ""  # of what will run, "" where it is not known
    order: Order | None = None  # to the running one's; None where nothing of ours runs

    @property
    def base(self) -> model.TaskDefinition:
        """The revision whose content will run, but for the image of a deploy."""
        return self.wanted or self.current
