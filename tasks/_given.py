"""Options as a task names them, and what it was given: text in, a value of the right type or a `UsageError` out.

    SINCE = seconds("since", "How far back, as in 90, 5m or 1h. Default: 10m.", 600.0)

    @task(ENV, SINCE)
    def logs(given: Given) -> int:
        ... given[SINCE]  # a float

An option that the task does not take has its default there, so that one function can serve several tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from tasks import _parse

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Option(Generic[T_co]):
    """One option: its name as it is typed, what its help says, what makes a value of the text (else a switch)."""

    __slots__ = ("about", "attribute", "default", "name", "parse")

    def __init__(self, name: str, about: str, default: T_co, parse: Callable[[str], T_co] | None) -> None:
        self.name, self.about, self.default, self.parse = name, about, default, parse
        self.attribute = name.replace("-", "_")


class Given:
    """What a task was given, parsed. `dry`: show what would be done and do nothing."""

    def __init__(self, taken: Sequence[Option[Any]], typed: Mapping[str, Any], *, dry: bool = False) -> None:
        if unknown := typed.keys() - {one.attribute for one in taken}:
            raise TypeError(f"no such option: {', '.join(sorted(unknown))}")
        self.dry = dry
        self._values: dict[str, Any] = {
            one.name: one.parse(typed.get(one.attribute, "")) if one.parse else bool(typed.get(one.attribute))
            for one in taken
        }

    def __getitem__(self, option: Option[T]) -> T:
        if option.name not in self._values:
            return option.default
        value: T = self._values[option.name]
        return value


def switch(name: str, about: str) -> Option[bool]:
    """On where it is typed."""
    return Option(name, about, default=False, parse=None)


def text(name: str, about: str) -> Option[str]:
    """Any text, "" where it was left out."""
    return Option(name, about, "", str.strip)


def needed(name: str, about: str, what: str) -> Option[str]:
    """Text that must be there; `what` says what it names, as in "the tag of an image"."""
    return Option(name, about, "", lambda typed: _parse.required(name, typed, what))


def names(name: str, about: str) -> Option[tuple[str, ...]]:
    """The names in `a,b`; empty means all."""
    return Option(name, about, (), lambda typed: _parse.names(name, typed))


def seconds(name: str, about: str, default: float) -> Option[float]:
    """A duration such as 300, 5m or 1h, in seconds."""
    return Option(name, about, default, lambda typed: _parse.seconds(name, typed, default))


def whole(name: str, about: str, default: T, *, least: int = 0, most: int = 1_000_000) -> Option[int | T]:
    """A whole number between `least` and `most`."""

    def parse(typed: str) -> int | T:
        return _parse.whole_number(name, typed, default, least=least, most=most)

    return Option(name, about, default, parse)


def number(name: str, about: str, default: T, *, least: float, most: float) -> Option[float | T]:
    """A number such as 2 or 0.5 between `least` and `most`."""

    def parse(typed: str) -> float | T:
        return _parse.number(name, typed, default, least=least, most=most)

    return Option(name, about, default, parse)


def choice(name: str, about: str, choices: Sequence[str], default: str) -> Option[str]:
    """One of `choices`."""
    return Option(name, about, default, lambda typed: _parse.choice(name, typed, choices, default))
