"""Our options as Invoke wants them, and cheap to copy: it copies the whole tree before it parses a word."""

from __future__ import annotations

from typing import Any, TypeVar

from invoke.exceptions import Exit
from invoke.parser.argument import Argument

from tasks._given import Option

T = TypeVar("T")


def same(whole: T) -> T:
    """Another one of the same parts: none of them changes."""
    made = object.__new__(type(whole))
    made.__dict__.update(whole.__dict__)
    return made


class Switch(Argument):
    """An option without a value. Invoke copies those of the whole tree before it parses a word."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Switch:
        return same(self)


class Text(Switch):
    """An option with a value. Invoke cannot tell `--service ""` from no `--service`, which would mean all."""

    def __repr__(self) -> str:  # Invoke names an option this way when its value is missing
        return f"--{self.names[0]}"

    def set_value(self, value: Any, cast: bool = True) -> None:
        name = f"--{self.names[0]}"
        if not str(value).strip():
            raise Exit(f"{name} was given an empty value.\nGive it a value or leave it out.", code=2)
        if str(value).startswith("--"):
            raise Exit(
                f"{name} was given {value!r}, which looks like an option.\nGive {name} a value.", code=2
            )
        super().set_value(value, cast)


def argument(option: Option[Any]) -> Argument:
    kind, value, left_out = (Text, str, "") if option.parse else (Switch, bool, False)
    attribute = (
        option.attribute if option.attribute != option.name else None
    )  # Invoke trips over an equal one
    return kind(names=(option.name,), kind=value, default=left_out, help=option.about, attr_name=attribute)
