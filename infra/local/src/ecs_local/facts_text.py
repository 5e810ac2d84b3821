"""What the engine says of itself, as `inv local.status` shows it: names for people, everything for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

_ELBV2 = ":loadbalancer/"  # .../app/NAME/ID: the only kind of ours whose name is not at the end


def as_json(facts: Mapping[str, object]) -> str:
    """The facts as one JSON object, ARNs in full."""
    return json.dumps({"outcome": "running", "exit_code": 0, **facts}, indent=2, default=str)


def table(facts: Mapping[str, object]) -> Iterator[str]:
    """Name and value in two columns, a line for each item of a list; what is not known is left out."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        if name == "uptime" and isinstance(value, float):
            value = f"{value:.0f} s"
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items or ["none"]):
            if item is not None:
                shown = name if index == 0 else ""
                yield f"{shown:<{width}}  {words(item)}"


def no_such_service(facts: Mapping[str, Any], name: str) -> str:
    """A note where the engine has no service of that name (yet); "" where it has one."""
    there = [one["service"] for one in facts["services"]]
    if name in there:
        return ""
    near = get_close_matches(name, there, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    has = f"It has {', '.join(there)}" if there else "It has none"
    return f"No service is called {name} yet, so nothing is struck before one is made. {guess}{has}."


def words(value: object) -> str:
    """One value in a line, an ARN by its name alone."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {words(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return " ".join(words(inner) for inner in value)
    if isinstance(value, float):
        return f"{round(value, 1):g}"
    text = str(value)
    if not text.startswith("arn:"):
        return text
    return text.split("/")[-2 if _ELBV2 in text else -1]
