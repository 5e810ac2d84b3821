"""Faults on demand: what can be planted, and whom it strikes. Plain data in the world, no effect by itself.

Who carries them out: `worker` (tasks), `balancer_health` (checks of targets), `faults_calls` (API calls),
`faults_scaler` (the external scaler). A fault lasts until it has struck `count` times or is cleared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from ecs_local.errors import EngineError

Strikes = Literal["task", "call", "service"]


@dataclass(frozen=True)
class Kind:
    """One kind of fault. `seconds` is the default of what `meaning` says; None: it has no seconds."""

    strikes: Strikes
    what: str
    seconds: float | None = None
    meaning: str = ""


KINDS: dict[str, Kind] = {
    "crash-at-start": Kind("task", "the first container exits with code 1 at once"),
    "crash-after": Kind("task", "the first container is killed", 5.0, "after its start"),
    "out-of-memory": Kind("task", "the first container is killed for its memory", 1.0, "after its start"),
    "failing-health": Kind("task", "health checks fail", 0.0, "that it is well before"),
    "slow-health": Kind("task", "health checks time out", 3.0, "until they pass"),
    "unpullable-image": Kind("task", "the image is not found"),
    "missing-secret": Kind("task", "a secret of the first container is not found"),
    "no-capacity": Kind("task", "Fargate has no capacity"),
    "start-throttling": Kind("task", "AWS throttles the start of tasks"),
    "throttling": Kind("call", "refused with Rate exceeded"),
    "published-limits": Kind("call", "AWS's published limits are in force (always, under fargate)"),
    "too-many-revisions": Kind("call", "registrations are refused: too many at once of one family"),
    "access-denied": Kind("call", "refused: no policy allows it"),
    "expired-credentials": Kind("call", "refused: the credentials have run out"),
    "server-error": Kind("call", "answered with an error 500, without effect"),
    "drop-before": Kind("call", "the connection is cut before the call has any effect"),
    "drop-after": Kind("call", "the call has its effect, but the connection is cut"),
    "slow-answers": Kind("call", "answered late", 5.0, "of waiting before"),
    "stale-reads": Kind("call", "reads show an earlier state", 5.0, "ago"),
    "scaler-to-zero": Kind(
        "service", "an external scaler sets the desired count to 0", 5.0, "between two looks"
    ),
}
"""What `inv local.fault --kind` takes."""


class FaultError(EngineError):
    """The fault cannot be planted as it was described."""


@dataclass
class Fault:
    """A planted fault. `left` is how often it still strikes, None for always; `struck` how often it did."""

    kind: str
    planted_at: float
    service: str | None = None  # name; None: all
    operation: str | None = None  # None: all
    left: int | None = None
    seconds: float = 0.0
    struck: int = 0
    tasks: set[str] = field(default_factory=set)  # ARNs of those it has struck: it stays with them


def plant(
    faults: list[Fault],
    kind: str,
    now: float,
    *,
    service: str | None = None,
    operation: str | None = None,
    count: int | None = None,
    seconds: float | None = None,
) -> Fault:
    """Adds a fault. It strikes tasks that are created, and calls that arrive, from now on.

    Raises `FaultError` for an unknown kind, naming the known ones, and for what the kind does not have.
    """
    known = KINDS.get(kind)
    if known is None:
        near = get_close_matches(kind, KINDS, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise FaultError(f"There is no fault {kind!r}.\n{guess}Known: {', '.join(KINDS)}.")
    if operation is not None and known.strikes != "call":
        raise FaultError(f"The fault {kind} strikes no API calls.\nLeave the operation out.")
    if seconds is not None and (known.seconds is None or not 0 <= seconds < float("inf")):
        raise FaultError(
            f"The fault {kind} has no seconds.\nLeave them out."
            if known.seconds is None
            else f"{seconds:g} seconds are not usable for {kind}.\nGive 0 or more."
        )
    if count is not None and count < 1:
        raise FaultError(f"A count of {count} is not usable.\nGive 1 or more, or leave it out for always.")
    if kind == "published-limits" and (service or operation or count):
        raise FaultError("published-limits holds for the whole account.\nLeave the other options out.")
    if kind == "scaler-to-zero" and seconds == 0:
        raise FaultError("scaler-to-zero needs a pause between two looks.\nGive more than 0 seconds.")
    chosen = (known.seconds or 0.0) if seconds is None else seconds
    fault = Fault(kind, now, service, operation, count, chosen)
    faults.append(fault)
    return fault


def strike_task(
    faults: Iterable[Fault], kinds: Iterable[str], task: str, service: str, created_at: float
) -> Fault | None:
    """The first of these faults that holds for a task; it counts when it is met for the first time."""
    for fault in faults:
        if fault.kind not in kinds or fault.service not in (None, service):
            continue
        if task in fault.tasks:
            return fault
        if created_at >= fault.planted_at and use(fault):
            fault.tasks.add(task)
            return fault
    return None


def strike_start(faults: Iterable[Fault], service: str) -> bool:
    """Whether a start of the service's tasks is throttled; it counts."""
    meant = (one for one in faults if one.kind == "start-throttling" and one.service in (None, service))
    return any(use(one) for one in meant)


def strike_call(
    faults: Iterable[Fault], kind: str, operation: str, named: Iterable[str] | None = None
) -> Fault | None:
    """The first fault of the kind that holds for a call; it counts.

    `named` are the texts of the request; a fault for one service holds where one of them names it.
    """
    texts = tuple(named or ())
    for fault in faults:
        if (
            fault.kind == kind
            and fault.operation in (None, operation)
            and (fault.service is None or any(names(text, fault.service) for text in texts))
            and use(fault)
        ):
            return fault
    return None


def use(fault: Fault) -> bool:
    """Counts one strike; False where the fault is used up."""
    if fault.left == 0:
        return False
    fault.struck += 1
    if fault.left is not None:
        fault.left -= 1
    return True


def names(text: str, service: str) -> bool:
    """Whether a name, a resource id or an ARN in a request means the service."""
    return text == service or text.endswith(f"/{service}") or f"/{service}/" in text


def well(fault: Fault, age: float) -> bool:
    """Whether a task with a fault of its health passes its checks `age` seconds after it was RUNNING."""
    return age < fault.seconds if fault.kind == "failing-health" else age >= fault.seconds


def shown(fault: Fault) -> dict[str, Any]:
    """A fault as the status shows it; what was not given is left out."""
    members = {
        "kind": fault.kind,
        "service": fault.service,
        "operation": fault.operation,
        "seconds": fault.seconds if KINDS[fault.kind].seconds is not None else None,
        "left": fault.left,
        "struck": fault.struck,
    }
    return {name: value for name, value in members.items() if value is not None}
