"""What planning starts from: the user's request and everything that was read for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecs_deployment import model


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    environment: str
    tag: str
    supersede: bool = False  # replace whoever deploys or rolls right now


@dataclass(frozen=True)
class Known:
    """What was read before planning.

    `image` is None where the registry has no such tag; `unchecked` says why the registry could not be asked.
    `proven` are the task definition ARNs that ended a deploy proven, newest first; `proven_at` says when, in words.
    `inherited` are the deployment ids of all runs in the journal: none of them has an owner once we hold the lock.
    `unfinished` are the revisions of runs that never ended: one may roll without its id being in the journal.
    """

    snapshot: model.Snapshot
    current: model.TaskDefinition
    image: model.Image | None
    unchecked: str = ""
    proven: tuple[str, ...] = ()
    proven_at: Mapping[str, str] = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()
    unfinished: frozenset[str] = frozenset()
    idle: model.IdleAlarm | None = None
