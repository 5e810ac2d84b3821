"""What a user is told while somebody else holds the lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ecs_deployment.cloud import Stored
from ecs_deployment.errors import LockHeld
from ecs_deployment.journal_entry import Entry
from ecs_deployment.journal_lease import LEASE


@dataclass(frozen=True)
class Waiting:
    """Why taking the lock takes longer. `waited` is in seconds, `entry` the holder's."""

    entry: Entry
    why: str
    waited: float

    def __str__(self) -> str:
        return f"waiting for the lock of {self.entry.owner or 'somebody'} ({self.waited:.0f} s): {self.why}"


def command(entry: Entry, task: str) -> str:
    """The task that goes on with a run, for its service alone: "inv app.resume --env staging --service app"."""
    service = f" --service {entry.service}" if entry.service else ""
    return f"inv app.{task} --env {entry.environment or 'ENV'}{service}"


def held_by(entry: Entry, stored: Stored) -> LockHeld:
    """The refusal while a living holder is at work: who, which run, since when, and what helps."""
    tag = f" of {entry.tag}" if entry.tag else ""
    run = f" Its run: {entry.run_url}." if entry.run_url else ""
    where = f" in {entry.environment}" if entry.environment else ""
    return LockHeld(
        f"{entry.owner or 'Somebody'} holds the lock of {entry.service or 'this service'}{where}: "
        f"{entry.action or 'run'}{tag} since {_moment(entry.started)}, "
        f"last sign of life {max(0.0, stored.age):.0f} s ago.{run}",
        "Wait for it with --wait-for-lock, replace it with --supersede (a deploy or a rollback), or undo it with "
        f"`{command(entry, 'abort')} --force`. Should it be dead, the lock is free "
        f"{LEASE:.0f} s after its last sign of life.",
    )


def _moment(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):  # the entry may hold any number
        return "an unknown time"
