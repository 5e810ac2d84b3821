"""What the user typed, checked: text in, a value or a `UsageError` (exit 2) out.

An option that was left out arrives as `""`; one that was typed with an empty value is refused by `_task.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_DURATION = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?|([0-9]{1,9})")
_DAY = 24 * 60 * 60


class UsageError(Exception):
    """The command line cannot be used as it is."""

    exit_code = 2

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(what)
        self.what = what
        self.cure = cure


def required(option: str, value: str, what: str) -> str:
    """The text of an option that must be there; `what` says what it names, as in "the tag of an image"."""
    if not value.strip():
        raise UsageError(f"--{option} is missing.", f"Add --{option} with {what}.")
    return value.strip()


def seconds(option: str, value: str, default: float) -> float:
    """Seconds from `300`, `300s`, `5m`, `1h` or `1m30s`; more than none, at most a day."""
    text = value.strip()
    if not text:
        return default
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise UsageError(f"--{option} {value} is no duration.", "Write it as 300, 300s, 5m or 1h.")
    hours, minutes, rest, plain = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + rest + plain
    if not 0 < total <= _DAY:
        raise UsageError(f"--{option} {value} is out of range.", "It must be more than 0 and at most 24h.")
    return float(total)


def whole_number(option: str, value: str, default: T, *, least: int = 0, most: int = 1_000_000) -> int | T:
    """A whole number between `least` and `most`, in plain digits."""
    text = value.strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,15}", text) or not least <= int(text) <= most:
        raise UsageError(f"--{option} {value} is not usable.", f"Give a whole number from {least} to {most}.")
    return int(text)


def number(option: str, value: str, default: T, *, least: float, most: float) -> float | T:
    """A number such as `2` or `0.5` between `least` and `most`."""
    text = value.strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or not least <= float(text) <= most:
        raise UsageError(f"--{option} {value} is not usable.", f"Give a number from {least:g} to {most:g}.")
    return float(text)


def choice(option: str, value: str, choices: Sequence[str], default: str) -> str:
    """One of `choices`; a refusal names them and the nearest."""
    text = value.strip()
    if not text:
        return default
    if text in choices:
        return text
    from difflib import get_close_matches

    near = get_close_matches(text, choices, n=1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"--{option} {value} is not known.", f"Choose from {', '.join(choices)}.{guess}")


def names(option: str, value: str) -> tuple[str, ...]:
    """The names in `a,b`, each once; empty when the option was left out, which means all."""
    if not value:
        return ()
    found = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    if "" in found:
        raise UsageError(f"--{option} {value!r} has an empty name in it.", f"Write it as --{option} a,b.")
    return found


def assignments(option: str, value: str) -> dict[str, str]:
    """The pairs in `A=1 B=x,y`, split as a shell splits: a value with spaces stands in quotes."""
    import shlex

    try:
        parts = shlex.split(value)
    except ValueError as error:
        raise UsageError(f"--{option} {value!r} cannot be read: {error}.", "Close the quotes.") from None
    found = dict(part.partition("=")[::2] for part in parts)
    if any(not name or "=" not in part for name, part in zip(found, parts, strict=False)) or len(found) < len(
        parts
    ):
        raise UsageError(
            f"--{option} {value!r} is no list of assignments.",
            f'Write it as --{option} "NAME=VALUE OTHER=VALUE".',
        )
    return found
