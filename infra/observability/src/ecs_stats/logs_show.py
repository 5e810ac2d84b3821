"""How a line of `app.logs` is written: for people on a terminal, for a pipe, as JSON. Pure."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from ecs_stats.logs import LogLine

_COLOURS = (36, 35, 34, 32, 33, 31)  # of ECMA-48: basic ones, which every palette makes readable
_NARROWEST = 20  # columns of text, however narrow the terminal is

Show = Callable[[LogLine], str]


def shown(*, width: int | None, colour: bool, service: bool, container: bool) -> Show:
    """A function that writes lines. `width`: columns of the terminal, None in a pipe: one line each, whole moments.

    `service`, `container`: several come, so each line names its own.
    """
    colours: dict[str, int] = {}

    def show(line: LogLine) -> str:
        named = [line.service] * service + [line.container] * container
        moment = datetime.fromtimestamp(line.at, UTC)
        if width is None:
            when = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return " ".join([when, line.task[:8], *named, line.text])
        head = " ".join([line.task[:8], *named])
        number = colours.setdefault(line.task, _COLOURS[len(colours) % len(_COLOURS)])
        when = moment.strftime("%H:%M:%S")
        room = max(_NARROWEST, width - len(head) - len(when) - 2)
        first, *others = _wrapped(line.text, room)
        painted = f"\x1b[{number}m{head}\x1b[0m" if colour else head
        indent = " " * (len(head) + len(when) + 2)
        return "\n".join([f"{painted} {when} {first}", *(f"{indent}{other}" for other in others)])

    return show


def as_json(line: LogLine) -> str:
    """One object on one line: a stream has no end at which one object could be whole."""
    moment = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({**asdict(line), "at": moment})


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, replace_whitespace=False, break_on_hyphens=False) or [""]
