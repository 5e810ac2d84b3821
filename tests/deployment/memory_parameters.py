"""The journal's SSM in memory, with what AWS is allowed to do: lists that lag behind, answers that get lost."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal

from ecs_deployment.cloud import Stored
from ecs_deployment.debts import Debt
from ecs_deployment.errors import CloudError, Unreachable
from ecs_deployment.journal import Held, Owner, Taking, Waiting, take
from ecs_deployment.journal_entry import Entry, decode

Fault = Literal["answer_lost", "never_arrived"] | CloudError


class VirtualClock:
    """Time that passes only when somebody sleeps or a test says so. The wall clock may jump by itself."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall_offset = 1_700_000_000.0
        self.on_sleep: Callable[[], None] | None = None

    def time(self) -> float:
        return self.now + self.wall_offset

    def boottime(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(0.0, seconds)
        if self.on_sleep:
            self.on_sleep()


class MemoryParameters:
    """`Parameters` in memory. Changes are atomic; `calls` holds (operation, name) of all that were made.

    `list_lag`: a new parameter is missing from that many listings, and a listing shows values that old.
    `faults`: what happens to the next changes, one each. `before`: called before each call, outside the lock.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.calls: list[tuple[str, str]] = []
        self.list_lag = 0
        self.faults: deque[Fault | None] = deque()
        self.before: Callable[[str, str], None] | None = None
        self._stored: dict[str, tuple[str, int, float]] = {}  # name -> value, version, written at
        self._past: deque[dict[str, tuple[str, int, float]]] = deque(maxlen=40)  # at earlier listings
        self._lock = threading.RLock()

    def __deepcopy__(self, memo: dict[int, Any]) -> MemoryParameters:
        other = MemoryParameters(memo.get(id(self.clock), self.clock))
        memo[id(self)] = other
        other._stored = dict(self._stored)
        other._past = deque(self._past, maxlen=40)
        return other

    def list_parameters(self, path: str) -> Sequence[Stored]:
        self._arrive("list", path)
        with self._lock:
            self._past.append(dict(self._stored))
            seen = self._past[max(0, len(self._past) - 1 - self.list_lag)] if self.list_lag else self._stored
            return [self._shown(name, seen[name]) for name in seen if name.startswith(path + "/")]

    def read_parameter(self, name: str) -> Stored | None:
        self._arrive("read", name)
        with self._lock:
            return self._shown(name, self._stored[name]) if name in self._stored else None

    def create_parameter(self, name: str, value: str) -> bool:
        return bool(self._change("create", name, lambda: self._create(name, value)))

    def overwrite_parameter(self, name: str, value: str) -> int:
        return self._change("overwrite", name, lambda: self._put(name, value))

    def delete_parameter(self, name: str) -> None:
        self._change("delete", name, lambda: self._delete(name))

    def plant(self, name: str, value: str) -> None:
        """Put a value there as a stranger would."""
        self._put(name, value)

    def names(self) -> list[str]:
        return sorted(self._stored)

    def value(self, name: str) -> str:
        return self._stored[name][0]

    def _create(self, name: str, value: str) -> int:
        return 0 if name in self._stored else self._put(name, value)

    def _put(self, name: str, value: str) -> int:
        assert len(value.encode()) <= 4096
        assert "{{" not in value
        version = self._stored[name][1] + 1 if name in self._stored else 1
        self._stored[name] = (value, version, self.clock.now)
        return version

    def _delete(self, name: str) -> int:
        return 1 if self._stored.pop(name, None) else 0

    def _change(self, operation: str, name: str, effect: Callable[[], int]) -> int:
        self._arrive(operation, name)
        with self._lock:
            fault = self.faults.popleft() if self.faults else None
            if isinstance(fault, CloudError):
                raise fault
            if fault == "never_arrived":
                raise Unreachable("cut", effect_unknown=True)
            done = effect()
            if fault == "answer_lost":
                raise Unreachable("cut", effect_unknown=True)
            return done

    def _arrive(self, operation: str, name: str) -> None:
        self.calls.append((operation, name))
        if self.before:
            self.before(operation, name)

    def _shown(self, name: str, stored: tuple[str, int, float]) -> Stored:
        value, version, written = stored
        return Stored(name, value, version, self.clock.now - written)


PATH = "/deploys/main/app"
FLOOR = Debt("floor", 0, 100)


class Room:
    """One journal, and deployers of our making."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.parameters = MemoryParameters(self.clock)
        self.ended: set[int] = set()
        self.waits: list[Waiting] = []

    def take(self, pid: int = 1, **options: Any) -> Held:
        request = Taking("deploy", "staging", "app", tag="v1", run_url="https://ci/1", owner=owner(pid))
        return take(
            self.parameters,
            PATH,
            request,
            clock=self.clock,
            gone=self.gone,
            **{"on_wait": self.waits.append, **options},
        )

    def gone(self, machine: str, pid: int, _: str) -> bool:
        return machine == "here" and pid in self.ended

    def entry(self, number: int) -> Entry:
        return decode(number, self.parameters.value(f"{PATH}/{number:08d}"))


def owner(pid: int) -> Owner:
    return Owner("ann", "laptop", pid, "here", f"born {pid}")
