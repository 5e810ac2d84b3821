"""Every way a run can end, each with its exit code, and the record that is reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from ecs_deployment.model import Traffic


class Outcome(Enum):
    """How a deploy ended for one service. The value is the word in JSON and in the journal."""

    DEPLOYED = "deployed"
    DEPLOYED_WITH_LOSS = "deployed_with_loss"
    UNCHANGED = "unchanged"
    ASLEEP = "asleep"
    REFUSED = "refused"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    UNDECIDED = "undecided"
    INTERRUPTED = "interrupted"
    UNEXPECTED = "unexpected"

    @property
    def exit_code(self) -> int:
        """The exit code of this outcome, as the README lists them."""
        return _EXIT[self]


_EXIT = {
    Outcome.DEPLOYED: 0,
    Outcome.UNCHANGED: 0,
    Outcome.ASLEEP: 0,
    Outcome.UNEXPECTED: 1,
    Outcome.REFUSED: 2,
    Outcome.DEPLOYED_WITH_LOSS: 3,
    Outcome.ROLLED_BACK: 4,
    Outcome.FAILED: 5,
    Outcome.SUPERSEDED: 6,
    Outcome.UNDECIDED: 7,
    Outcome.INTERRUPTED: 130,
}
BY_A_SIGNAL = "Interrupted."
"""The cause of a rollout that only a signal ended."""

_WORST_FIRST = (130, 5, 1, 7, 6, 4, 2, 3, 0)


def worst(codes: Iterable[int]) -> int:
    """The exit code of a run over several services: the worst of theirs."""
    return min(codes, key=_WORST_FIRST.index, default=0)


@dataclass(frozen=True)
class Stage:
    """A named part of a deploy and how long it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Result:
    """How one service ended. `cause`, `advice` and `evidence` are empty where all went well."""

    service: str
    outcome: Outcome
    digest: str = ""
    revision: str = ""  # family:revision
    before: str = ""  # family:revision that ran before
    before_digest: str = ""  # of the image that ran before, "" where its definition does not pin it
    deployment_id: str = ""
    was_asleep: bool = False
    sleeps_again: bool = False  # something takes it back to 0 by itself
    probe: Traffic | None = None
    seconds: float = 0.0
    cause: str = ""
    advice: str = ""
    evidence: tuple[str, ...] = ()  # stop reasons grouped, target health, last log lines
    action: str = "deploy"
    tag: str = ""
    handed_back: tuple[str, ...] = ()  # what was borrowed and is back
    owed: tuple[str, ...] = ()  # what could not be handed back, and why
    summary: str = ""  # one sentence: the state things are in now
    stages: tuple[Stage, ...] = ()
    notes: tuple[str, ...] = ()  # what could not be checked, what to consider
    unchecked: tuple[str, ...] = ()  # what a good verdict does not rest on, and why
    proven: bool = False  # the revision was seen well, whatever came after
    kept: bool = True  # whether a journal keeps the run; without one nothing goes on with it or undoes it
    unsettled: bool = False  # it may still roll, or something is owed: a run that goes on or undoes it is due


@dataclass(frozen=True)
class Report:
    """A whole run."""

    environment: str
    tag: str
    seconds: float
    api_calls: int
    services: tuple[Result, ...] = field(default_factory=tuple)
    action: str = "deploy"
    to: str = ""  # what a rollback was asked to go to by name
    chosen: tuple[str, ...] = ()  # the services that were asked for by name; empty: all

    @property
    def exit_code(self) -> int:
        """The worst of the services'."""
        return worst(result.outcome.exit_code for result in self.services)

    @property
    def outcome(self) -> Outcome:
        """The outcome that decided the exit code; the first service's where several share it."""
        return next(r.outcome for r in self.services if r.outcome.exit_code == self.exit_code)
