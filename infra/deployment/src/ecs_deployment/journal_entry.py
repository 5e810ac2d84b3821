"""One entry of the journal, and its text in SSM: JSON of at most 4096 bytes that holds no "{{"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ecs_deployment.debts import Debt
from ecs_deployment.errors import DeployError

LIMIT = 4096
"""Bytes of a Standard parameter (AWS, Systems Manager user guide, "Managing parameter tiers")."""

DEPLOYMENTS_KEPT = 10
"""The newest deployment ids that an entry keeps: a chain of crashes must not fill it up."""

_SHORTENED = ("cause", "run_url", "owner", "host", "tag", "commit", "born", "machine")
"""Texts that may lose their end, the dearest last. Debts and what a rollback needs are never touched."""

_DEBTS = ("debts", "settled")


@dataclass(frozen=True)
class Entry:
    """What one run did to one service. `outcome` is "" while it is open. Times are epoch seconds."""

    number: int
    nonce: str = ""  # tells our own entry from a stranger's after a lost answer
    owner: str = ""  # user@host:pid
    host: str = ""
    pid: int = 0
    machine: str = ""  # this boot of this host, and its process namespace; "" where it cannot be told
    born: str = ""  # start of the owner's process, so that a reused pid does not fool anybody
    run_url: str = ""
    environment: str = ""
    service: str = ""
    action: str = ""  # deploy, rollback, resume, abort, wake, sleep, apply
    commit: str = ""
    tag: str = ""
    digest: str = ""
    revision: str = ""
    before: str = ""  # ARN of the task definition that ran before
    asleep: bool = False  # the service was at 0 before
    started: float = 0.0  # by the owner's clock
    overtook: int = 0  # an open entry whose last word has not been read yet; 0 for none
    debts: tuple[Debt, ...] = ()
    settled: tuple[
        Debt, ...
    ] = ()  # given back by this run: a look that shows `taken` may be from before that
    deployments: tuple[str, ...] = ()  # our deployment ids, oldest first
    outcome: str = ""
    proven: bool = False
    finished: float = 0.0
    cause: str = ""
    readable: bool = True  # false where the parameter holds no entry; then only `number` is known


def encode(entry: Entry) -> str:
    """The parameter's value. Long texts lose their end where it would be too long; debts never do."""
    fitting = replace(entry, deployments=entry.deployments[-DEPLOYMENTS_KEPT:])
    text = _dump(fitting)
    for name in _SHORTENED:
        while len(text) > LIMIT and (value := getattr(fitting, name)):
            # One character may take twelve bytes as JSON, so cut by halves and look again.
            keep = len(value) // 2
            cut: dict[str, Any] = {name: value[:keep].rstrip("…") + "…" if keep > 1 else ""}
            fitting = replace(fitting, **cut)
            text = _dump(fitting)
    if len(text) > LIMIT and fitting.settled:
        text = _dump(replace(fitting, settled=()))
    if len(text) > LIMIT:
        raise DeployError(
            f"The journal entry of {entry.service} needs {len(text)} bytes and a parameter holds {LIMIT}.",
            "Finish what is owed with `inv app.resume`, then deploy again.",
        )
    return text


def decode(number: int, text: str) -> Entry:
    """Read a parameter's value. What is no entry comes back as unreadable, never as an error.

    Keys that a newer version wrote are ignored, keys that an older one did not know have their default.
    """
    try:
        return _read(number, json.loads(text, parse_constant=_no_number))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Entry(number, outcome="unreadable", cause="This entry cannot be read.", readable=False)


def _dump(entry: Entry) -> str:
    content = {
        field.name: getattr(entry, field.name)
        for field in fields(entry)
        if field.name not in ("number", "readable", *_DEBTS)
    }
    content |= {name: [_debt_content(debt) for debt in getattr(entry, name)] for name in _DEBTS}
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    # SSM takes "{{" for a reference to another parameter. Outside of strings JSON never has it.
    return text.replace("{{", "{\\u007b")


def _read(number: int, content: Any) -> Entry:
    if not isinstance(content, Mapping) or "nonce" not in content:
        raise TypeError("not an entry")
    known: dict[str, Any] = {}
    for field in fields(Entry):
        if field.name in ("number", "readable") or field.name not in content:
            continue
        value = content[field.name]
        if field.name in _DEBTS:
            known[field.name] = tuple(_debt(item) for item in _list(value))
        elif field.name == "deployments":
            known["deployments"] = tuple(_checked(item, "") for item in _list(value))
        else:
            known[field.name] = _checked(value, field.default)
    return Entry(number, **known)


def _debt_content(debt: Debt) -> dict[str, Any]:
    content = {"what": debt.what, "before": debt.before, "taken": debt.taken}
    return content | {"earlier": debt.earlier} if debt.earlier else content


def _debt(content: Any) -> Debt:
    earlier = tuple(_list(content.get("earlier", [])))
    return Debt(_checked(content["what"], ""), content["before"], content["taken"], earlier)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _checked(value: Any, like: Any) -> Any:
    """`value` where it has the type of `like`; a whole number will do for a time, a bool never does."""
    kinds = (float, int) if isinstance(like, float) else (type(like),)
    if not isinstance(value, kinds) or (isinstance(value, bool) and not isinstance(like, bool)):
        raise TypeError("wrong type")
    # Half a surrogate pair is legal JSON and crashes whoever prints it.
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")
