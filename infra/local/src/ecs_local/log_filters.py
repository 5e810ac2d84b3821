"""Filter patterns of CloudWatch Logs for JSON events: `{ $.Type = "Container" && $.CpuUtilized > 10 }`. Pure.

Source: CloudWatch Logs user guide, "Filter pattern syntax". Fields are compared with strings ("*" stands for anything)
and numbers, or by `IS NULL`, `NOT EXISTS`, `IS TRUE`, `IS FALSE`; && and || and brackets join them. An event that is
no JSON object matches none.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

Matches = Callable[[Any], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<join>&&|\|\|)|(?P<bracket>[()])|(?P<compare>!=|<=|>=|=|<|>)"
    r'|(?P<field>\$(?:\.[\w-]+|\[\d+\])+)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<word>[^\s()&|=<>!"]+))'
)
_NUMBERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MISSING = object()
_KNOWN: dict[tuple[str, str], Matches] = {
    ("IS", "NULL"): lambda value: value is None,
    ("IS", "TRUE"): lambda value: value is True,
    ("IS", "FALSE"): lambda value: value is False,
    ("NOT", "EXISTS"): lambda value: value is _MISSING,
}


class PatternError(ValueError):
    """A pattern that cannot be read; the text says why."""


def is_json(pattern: str) -> bool:
    """Whether a pattern is for JSON events, and not for words of a line."""
    return pattern.strip().startswith("{")


def compiled(pattern: str) -> Callable[[str], bool]:
    """A function that says whether a message matches. Raises `PatternError`."""
    text = pattern.strip()
    if not text.endswith("}"):
        raise PatternError("the pattern does not end with }")
    matches = _Reader(text[1:-1]).whole()

    def match(message: str) -> bool:
        try:
            event = json.loads(message)
        except ValueError:
            return False
        return isinstance(event, dict) and matches(event)

    return match


class _Reader:
    """Recursive descent: || binds less than &&."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place, text = 0, text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise PatternError(f"it cannot be read from {text[place:].strip()[:20]!r} on")
            kind = str(found.lastgroup)
            self._tokens.append((kind, found[kind]))
            place = found.end()

    def whole(self) -> Matches:
        made = self._either()
        if self._tokens:
            raise PatternError(f"{self._tokens[0][1]!r} stands where nothing is expected")
        return made

    def _either(self) -> Matches:
        parts = [self._both()]
        while self._next("join", "||"):
            parts.append(self._both())
        return lambda event: any(part(event) for part in parts)

    def _both(self) -> Matches:
        parts = [self._one()]
        while self._next("join", "&&"):
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self) -> Matches:
        if self._next("bracket", "("):
            inner = self._either()
            if not self._next("bracket", ")"):
                raise PatternError("a bracket is not closed")
            return inner
        path = _path(self._take("field"))
        if self._tokens and self._tokens[0][0] == "word":
            words = (self._take("word").upper(), self._take("word").upper())
            if words not in _KNOWN:
                raise PatternError(f"{' '.join(words)} is not known")
            known = _KNOWN[words]
            return lambda event: known(_value(event, path))
        compare = self._take("compare")
        kind = self._tokens[0][0] if self._tokens else ""
        return _comparison(
            path, compare, self._take("text" if kind == "text" else "word"), quoted=kind == "text"
        )

    def _next(self, kind: str, text: str) -> bool:
        if self._tokens and self._tokens[0] == (kind, text):
            del self._tokens[0]
            return True
        return False

    def _take(self, kind: str) -> str:
        if not self._tokens or self._tokens[0][0] != kind:
            found = repr(self._tokens[0][1]) if self._tokens else "the end"
            raise PatternError(f"{found} stands where a {kind} is expected")
        return self._tokens.pop(0)[1]


def _path(field: str) -> list[str | int]:
    return [int(index) if index else name for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", field)]


def _value(event: Any, path: list[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            event = event[step] if isinstance(event, list) and step < len(event) else _MISSING
        else:
            event = event.get(step, _MISSING) if isinstance(event, dict) else _MISSING
    return event


def _comparison(path: list[str | int], compare: str, wanted: str, *, quoted: bool) -> Matches:
    number = None if quoted else as_number(wanted)
    if compare in _NUMBERS:
        if number is None:
            raise PatternError(f"{compare} needs a number, not {wanted!r}")
        ordered = _NUMBERS[compare]
        return lambda event: (value := as_number(_value(event, path))) is not None and ordered(value, number)
    if number is not None:
        return lambda event: (as_number(_value(event, path)) == number) is (compare == "=")

    def text(event: Any) -> bool:
        value = _value(event, path)
        same = isinstance(value, str) and fnmatchcase(value, re.sub(r"[\[?]", r"[\g<0>]", wanted))
        return value is not _MISSING and same is (compare == "=")

    return text


def as_number(value: Any) -> float | None:
    """The value as a number, if it is one."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
