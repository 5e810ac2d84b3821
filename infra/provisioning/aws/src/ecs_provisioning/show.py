"""What an apply would do, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_deployment.masking import masked_text

from ecs_provisioning.changeset import Change, Property
from ecs_provisioning.prepare import Prepared

_LONGEST = 70
_VERBS = {"Add": "make", "Modify": "change", "Remove": "take away"}
_UNCERTAIN = "Conditional"
_KEPT_FOR_THE_SERVICE = ("TaskDefinition", "DesiredCount")
"""Properties of the service that only differ because a deploy has moved on: `prepare` keeps what is live."""


def heading(prepared: Prepared) -> str:
    """One line: what would become of the stack."""
    if prepared.stack is None:
        return f"{prepared.name}: would be made, {len(prepared.changes)} resources"
    count = len(prepared.changes)
    if not count:
        return f"{prepared.name}: nothing to change"
    return f"{prepared.name}: {count} resource{'' if count == 1 else 's'} would change"


def rows(prepared: Prepared) -> list[tuple[str, str]]:
    """(what, which) for every change that replaces nothing, and what it means for the service that runs."""
    found = [row for change in prepared.changes if not _replaces(change) for row in _rows(change, prepared)]
    return [*found, *_service(prepared)]


def replacements(prepared: Prepared) -> list[tuple[str, str, str]]:
    """(which, what, what becomes of the old one) for everything that would be made anew."""
    found = []
    for change in prepared.changes:
        if not _replaces(change):
            continue
        causes = ", ".join(_told(one) for one in change.properties if one.recreates) or "a property of it"
        may = "may be" if change.replaced == _UNCERTAIN else "is"
        old = "The old one stays." if change.policy == "Retain" else "The old one is deleted."
        found.append((change.logical, f"{may} replaced: {causes}.", old))
    return found


def _replaces(change: Change) -> bool:
    return change.action == "Modify" and change.replaced in ("True", _UNCERTAIN)


def _rows(change: Change, prepared: Prepared) -> Iterator[tuple[str, str]]:
    verb = _VERBS.get(change.action, change.action)
    if change.action != "Modify":
        kept = ", but it stays" if change.policy == "Retain" else ""
        yield verb, f"{change.logical} ({change.kind}){kept}"
        return
    hidden = _KEPT_FOR_THE_SERVICE if change.logical == "Service" and prepared.live is not None else ()
    told = [_told(one) for one in change.properties if one.name not in hidden]
    if told or change.logical != "Service":
        yield verb, f"{change.logical}: {', '.join(told)}" if told else change.logical


def _told(changed: Property) -> str:
    if not changed.before and not changed.after:
        return changed.name
    return f"{changed.name} {_short(changed.before)} -> {_short(changed.after)}"


def _short(text: str) -> str:
    shown = masked_text(text) or "nothing"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _service(prepared: Prepared) -> Iterator[tuple[str, str]]:
    """What would happen to what runs."""
    now = prepared.live
    if now is None:
        return
    asleep = " when it wakes" if now.desired == 0 else ""
    if prepared.rolls:
        yield "service", f"rolls to a new revision with the image that runs now{asleep}: {now.image}"
    else:
        yield "service", f"keeps {now.revision.rsplit('/', 1)[-1]} and its desired count of {now.desired}"
    if prepared.lost:
        yield "is lost", f"what the running revision has and the stack's has not: {', '.join(prepared.lost)}"
    if now.rolling:
        yield "not now", "a deployment is under way; an apply waits for nobody and would be refused"
