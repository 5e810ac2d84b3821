"""What an apply would do, as lines for people."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ecs_deployment.masking import masked_text
from ecs_deployment.reference import NEVER_DEPLOYED

from ecs_provisioning.changeset import Change, Property
from ecs_provisioning.prepare import Prepared

_LONGEST = 70
_MOST = 4  # differences inside one property
_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"  # what AWS writes for the id of something that is yet to be made
_WHOLE = 100
_VERBS = {"Add": "make", "Modify": "change", "Remove": "take away"}
_UNCERTAIN = "Conditional"
_REGISTRY = re.compile(r"^[^/]*[.:][^/]*/(?=.)")  # the host in front of a repository
_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
REPLACE = "replace"
INTERRUPTING = {
    "Balancer": "The service gets another address, and the old one answers no more.",
    "Cluster": "The service is made anew in it, and nothing answers in between.",
    "Service": "Nothing answers in between.",
}
"""What nobody can be served without, and what its replacement means for them."""
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
    found = [row for change in prepared.changes if not change.anew for row in _rows(change, prepared)]
    return [*found, *_service(prepared)]


def replacements(prepared: Prepared) -> list[tuple[str, str]]:
    """(`REPLACE`, which, why and what becomes of the old one) for everything that would be made anew."""
    found = []
    for change in prepared.changes:
        if not change.anew:
            continue
        causes = ", ".join(_told(one) for one in change.properties if one.recreates) or "a property of it"
        perhaps = " (perhaps)" if change.replaced == _UNCERTAIN else ""
        old = "The old one stays." if change.policy == "Retain" else "The old one is deleted."
        if change.logical in INTERRUPTING:
            old = f"{old} {INTERRUPTING[change.logical]}"
        found.append((REPLACE, f"{change.logical}{perhaps}: {causes}. {old}"))
    return found


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
    inside = list(_inside(_read(changed.before), _read(changed.after), changed.name))
    more = f" and {len(inside) - _MOST} more" if len(inside) > _MOST else ""
    told = (f"{path} {_short(before)} -> {_short(after)}" for path, before, after in inside[:_MOST])
    return ", ".join(told) + more


def _read(text: str) -> Any:
    """A value as AWS writes it: JSON where it has members."""
    try:
        return json.loads(text) if text[:1] in ("{", "[") else text
    except ValueError:
        return text


def _inside(before: Any, after: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """(dotted name, before, after) of what differs, not of what it stands in."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys([*before, *after]):
            yield from _inside(before.get(name), after.get(name), f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _inside(one, other, f"{path}.{place}")
    elif before != after:
        yield path, _written(before), _written(after)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    if _LATER in text:
        return "(known afterwards)"
    shown = masked_text(text) or "nothing"
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _service(prepared: Prepared) -> Iterator[tuple[str, str]]:
    """What would happen to what runs."""
    now, told = prepared.live, prepared.values
    for one in prepared.gone:
        yield "note", f"the stack has made {one.logical}, and somebody has deleted it by other means"
    if prepared.stack is None and told.get("IdlePeriods") != "0" and told.get("HostName") == "*":
        yield (
            "note",
            "any scanner that finds the load balancer wakes it: give the service a url in environments.toml",
        )
    if now is None:
        return
    asleep = " when it wakes" if now.desired == 0 else ""
    if prepared.rolls and now.image == NEVER_DEPLOYED:
        yield "service", "was never deployed: its first deploy takes the new revision"
    elif prepared.rolls:
        yield "service", f"rolls to a new revision with the image that runs now{asleep}: {_image(now.image)}"
        if not now.desired:
            yield "note", "nothing proves it before it is awake: inv app.wake"
        if now.desired and int(prepared.values.get("MinimumHealthyPercent", "100")) < _WHOLE:
            yield (
                "at risk",
                "with a floor below 100 percent ECS may stop the last task before the new one is well",
            )
    else:
        yield "service", f"keeps {now.revision.rsplit('/', 1)[-1]} and its desired count of {now.desired}"
    if prepared.lost:
        yield "is lost", f"what the running revision has and the stack's has not: {', '.join(prepared.lost)}"
    if now.rolling:
        yield "not now", "a deployment is under way; an apply waits for nobody and would be refused"


def _image(uri: str) -> str:
    """An image as one recognises it, short enough for a line."""
    return _DIGEST.sub(r"\1", _REGISTRY.sub("", uri))


def document(prepared: Prepared) -> dict[str, Any]:
    """The same for machines; what looks like a secret is masked."""
    return {
        "service": prepared.service.name,
        "stack": prepared.name,
        "action": "create" if prepared.stack is None else "update" if prepared.changes else "none",
        "changes": [
            {
                "action": _VERBS.get(change.action, change.action),
                "resource": change.logical,
                "type": change.kind,
                "replaced": {"True": "yes", _UNCERTAIN: "perhaps"}.get(change.replaced, "no"),
                "old_one_stays": change.policy == "Retain",
                "properties": [
                    {
                        "name": one.name,
                        "before": masked_text(one.before) or None,
                        "after": masked_text(one.after) or None,
                        "recreates": one.recreates,
                    }
                    for one in change.properties
                ],
            }
            for change in prepared.changes
        ],
        "running": None
        if prepared.live is None
        else {
            "revision": prepared.live.revision.rsplit("/", 1)[-1],
            "desired": prepared.live.desired,
            "rolls": prepared.rolls,
            "deployment_under_way": prepared.live.rolling,
            "lost": list(prepared.lost),
        },
    }
