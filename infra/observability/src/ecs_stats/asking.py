"""What one look asks and may not get: kept answers, where each group of figures comes from, sentences on the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ecs_deployment.errors import CloudError, Denied, Refused

from ecs_stats.stats import Reading

T = TypeVar("T")
Trouble = CloudError | Refused


@dataclass(frozen=True)
class _Answer:
    at: float
    value: Any
    trouble: Trouble | None = None


class Asking:
    """Remembers answers between looks. Call `begin` before each look."""

    def __init__(self) -> None:
        self.now = 0.0
        self.notes: list[str] = []
        self.readings: dict[str, Reading] = {}
        self._answers: dict[str, _Answer] = {}

    def begin(self, now: float) -> None:
        """A new look."""
        self.now, self.notes = now, []

    def every(
        self,
        name: str,
        seconds: float,
        read: Callable[[], T],
        otherwise: T,
        *,
        group: str = "",
        quiet: bool = False,
    ) -> T:
        """What `read` gives, asked again only after some seconds; the last known answer where it fails.

        A missing permission is not tried again until then. `group` is what the answer gives figures to; `quiet`: it
        is not worth a sentence where it fails.
        """
        before = self._answers.get(name)
        if before is not None and self.now - before.at < seconds and not _worth_asking(before.trouble):
            if before.trouble is not None and not quiet:
                self.tell(before.trouble)
            known: T = before.value
            return known
        try:
            found = read()
        except (CloudError, Refused) as error:
            if not quiet:
                self.tell(error)
            if group:
                self.missing(group, error)
            known = before.value if before is not None else otherwise
            at = self.now if isinstance(error, Denied | Refused) or before is None else before.at
            self._answers[name] = _Answer(at, known, error)
            return known
        self._answers[name] = _Answer(self.now, found)
        return found

    def trouble(self, name: str) -> Trouble | None:
        """Why the newest asking for that failed; None where it did not."""
        answer = self._answers.get(name)
        return answer.trouble if answer is not None else None

    def at(self, name: str) -> float | None:
        """When that was last answered."""
        answer = self._answers.get(name)
        return answer.at if answer is not None else None

    def attempt(self, group: str, source: str, read: Callable[[], T], otherwise: T) -> T:
        """What `read` gives now; where it fails, the group's reading says why."""
        try:
            found = read()
        except (CloudError, Refused) as error:
            self.tell(error)
            self.missing(group, error, source)
            return otherwise
        self.readings[group] = Reading(source, self.now)
        return found

    def missing(self, group: str, error: Trouble, source: str = "") -> None:
        """A group of figures that could not be read; what was known before keeps its age."""
        before = self.readings.get(group, Reading(source, None))
        if isinstance(error, Denied):
            self.readings[group] = Reading(source or before.source, None, f"not permitted: {error.operation}")
        else:
            self.readings[group] = Reading(source or before.source, before.at, error.what)

    def tell(self, error: Trouble) -> None:
        """A sentence for the screen, once."""
        said = f"{error.what} {error.cure}".strip() if isinstance(error, Denied) else error.what
        if said not in self.notes:
            self.notes.append(said)


def _worth_asking(trouble: Trouble | None) -> bool:
    return trouble is not None and not isinstance(trouble, Denied | Refused)
