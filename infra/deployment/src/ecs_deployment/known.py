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
    force: bool = False  # roll even where the same revision runs already


@dataclass(frozen=True)
class Known:
    """What was read before planning.

    `image` is None where the registry has no such tag; `unchecked` says why the registry could not be asked.
    `proven` are the task definition ARNs that ended a deploy proven, newest first, `proven_digests` their digests.
    `inherited` are the deployment ids of all runs in the journal: none of them has an owner once we hold the lock.
    """

    snapshot: model.Snapshot
    current: model.TaskDefinition
    image: model.Image | None
    unchecked: str = ""
    proven: tuple[str, ...] = ()
    proven_digests: Mapping[str, str] = field(default_factory=dict)  # digest -> when, in words
    inherited: frozenset[str] = frozenset()
    idle: model.IdleAlarm | None = None
