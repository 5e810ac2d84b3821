"""What the world says of the journal and of borrowed things: live values, found values, entries, debts."""

from __future__ import annotations

from typing import Any

from ecs_deployment import debts
from ecs_deployment.debts import Debt
from ecs_deployment.journal import Entry
from ecs_deployment.journal_entry import decode
from ecs_local.world import World

from tests.simulation.account import CLUSTER, NAME, RESOURCE

_PATHS: dict[str, tuple[str, ...]] = {
    debts.FLOOR: ("minimumHealthyPercent",),
    debts.CEILING: ("maximumPercent",),
    debts.BREAKER: ("deploymentCircuitBreaker", "enable"),
    debts.BREAKER_ROLLBACK: ("deploymentCircuitBreaker", "rollback"),
    debts.ALARM_ROLLBACK: ("alarms", "rollback"),
    debts.EARLY_SUCCESS: ("earlySuccessCriteria", "healthyPercent"),
}
_KINDS = (*_PATHS, debts.SUSPENSION)


class Books:
    """Kept beside the world, from the world alone."""

    def __init__(self, world: World, path: str) -> None:
        self._world, self._path = world, path
        self._service = world.services[CLUSTER, NAME]
        self._found: dict[str, list[Any]] = {what: [self.live(what)] for what in _KINDS}
        self._entries: dict[str, tuple[int, Entry]] = {}
        self._seen: dict[int, float] = {}
        self._awake: float | None = None

    def live(self, what: str) -> Any:
        """The value that the thing has now."""
        if what == debts.SUSPENSION:
            target = self._world.scalable_targets.get(RESOURCE)
            flags = target.suspended if target else None
            return flags and {
                "in": flags["DynamicScalingInSuspended"],
                "out": flags["DynamicScalingOutSuspended"],
                "scheduled": flags["ScheduledScalingSuspended"],
            }
        value: Any = self._service.configuration
        for name in _PATHS[what]:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def learn(self) -> None:
        """Somebody else has set what is live now: that may be found."""
        for what in _KINDS:
            if not self.was_found(what, now := self.live(what)):
                self._found[what].append(now)

    def was_found(self, what: str, value: Any) -> bool:
        """Whether the service had that value by somebody else than us."""
        return value in self._found[what]

    def borrowed(self) -> list[str]:
        """What has a value that only we put there."""
        return [what for what in _KINDS if not self.was_found(what, self.live(what))]

    def read(self, name: str) -> Entry | None:
        """The entry of that parameter; every version is read once."""
        stored = self._world.parameters.get(name)
        if stored is None:  # pruned, or taken back by one that was cut off before it had the lock
            self._seen.pop(int(name.rsplit("/", 1)[-1]), None)
            self._entries.pop(name, None)
            return None
        known = self._entries.get(name)
        if known is None or known[0] != stored.version or known[1].number not in self._seen:
            entry = decode(int(name.rsplit("/", 1)[-1]), stored.value)
            self._seen.setdefault(entry.number, stored.modified_at)
            self._entries[name] = known = (stored.version, entry)
        return known[1]

    def first_seen(self, number: int) -> float:
        """When the entry of that number was created; where there is none: infinity."""
        return self._seen.get(number, float("inf"))

    def written_at(self, number: int) -> float:
        """When the entry of that number was last written."""
        stored = self._world.parameters.get(f"{self._path}/{number:08d}")
        return stored.modified_at if stored else 0.0

    def closed(self, number: int) -> bool:
        """Whether the entry of that number has its outcome."""
        entry = self.read(f"{self._path}/{number:08d}")
        return entry is None or bool(entry.outcome)

    def owed(self) -> tuple[Debt, ...]:
        """All debts that the next one to look would find."""
        names = [name for name in self._world.parameters if name.startswith(self._path)]
        if not names:
            return ()
        entry = self.read(max(names))
        found: dict[str, Debt] = {}
        while entry is not None:
            for debt in entry.debts:
                found.setdefault(debt.what, debt)
            entry = self.read(f"{self._path}/{entry.overtook:08d}") if entry.overtook else None
        return tuple(found.values())

    def awake_since(self, now: float) -> float:
        """For how many seconds the service has not been at 0."""
        return now - (self._awake if self._awake is not None else now - 1e9)

    def slept(self, now: float) -> None:
        """The service is at 0."""
        self._awake = now
