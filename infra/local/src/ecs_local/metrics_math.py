"""CloudWatch's metric math, as far as alarms use it: + - * / ^, comparisons, AND, OR, FILL, IF, SUM, MAX, MIN, AVG.

A value is a number, a time series (a list with None where there is no point), or an array of time series. An
operation on a missing point is missing. FILL gives its value for every period, also where the metric has no point at
all (what CloudWatch's maintainers advise for metrics that are only reported when not zero; not documented).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from ecs_local.metrics import Points


class MathError(ValueError):
    """An expression that cannot be read or evaluated; the text says why, in words for its author."""


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    name: str


@dataclass(frozen=True)
class Apply:
    """An operator or a function with its operands."""

    name: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Listed:
    items: tuple[Node, ...]


Node: TypeAlias = Number | Name | Apply | Listed
Value: TypeAlias = float | Points | list[Points]

_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(<=|>=|==|!=|&&|\|\||[-+*/^<>(),\[\]]))"
)
_LEVELS: tuple[dict[str, str], ...] = (
    {"||": "OR", "OR": "OR"},
    {"&&": "AND", "AND": "AND"},
    {each: each for each in ("==", "!=", "<", "<=", ">", ">=")},
    {"+": "+", "-": "-"},
    {"*": "*", "/": "/"},
    {"^": "^"},
)
"""Operators by how tightly they bind, the loosest first."""


def _power(base: float, exponent: float) -> float:
    """Not a number where there is no real result, or none that a number can hold."""
    try:
        result = base**exponent
    except (OverflowError, ZeroDivisionError):
        return math.nan
    return result if isinstance(result, float) else math.nan


_BINARY: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else math.nan,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}
_UNARY: dict[str, Callable[[float], float]] = {
    "NEGATE": operator.neg,
    "ABS": abs,
    "CEIL": lambda a: float(math.ceil(a)),
    "FLOOR": lambda a: float(math.floor(a)),
}
_GATHER: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: sum(values) / len(values),
}
_FUNCTIONS = (
    {"FILL": 2, "IF": 3, "METRICS": 0} | dict.fromkeys(_GATHER, 1) | dict.fromkeys(list(_UNARY)[1:], 1)
)


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The expression as a tree. Raises `MathError`."""
    reader = _Reader(text)
    try:
        node = reader.level(0)
    except RecursionError:
        raise MathError("the expression is nested too deeply") from None
    if reader.ahead:
        raise MathError(f"{reader.ahead!r} is not expected in {text!r}")
    return node


def names_in(node: Node) -> set[str]:
    """The identifiers that an expression refers to; METRICS() stands for itself."""
    match node:
        case Number():
            return set()
        case Name(name):
            return {name}
        case Apply("METRICS", _):
            return {"METRICS()"}
        case Apply("FILL", (series, Name("REPEAT"))):
            return names_in(series)
        case Apply(_, parts) | Listed(parts):
            return set().union(*(names_in(part) for part in parts))


def evaluate(node: Node, values: Mapping[str, Points], length: int) -> Points:
    """The expression as a time series of `length` points. Raises `MathError`."""
    return _series(_value(node, values), length)


def _value(node: Node, values: Mapping[str, Points]) -> Value:
    match node:
        case Number(value):
            return value
        case Name(name):
            if name not in values:
                raise MathError(f"{name} is not the id of a metric or expression")
            return values[name]
        case Listed(items):
            return [_only_series(_value(item, values)) for item in items]
        case Apply("METRICS", _):
            return list(values.values())
        case Apply("FILL", (series, by)):
            return _fill(_only_series(_value(series, values)), by, values)
        case Apply("IF", operands):
            return _choose([_value(each, values) for each in operands])
        case Apply(name, (operand,)) if name in _GATHER:
            return _gather(_GATHER[name], _value(operand, values))
        case Apply(name, (operand,)):
            return _each(_UNARY[name], _value(operand, values))
        case Apply(name, (left, right)):
            return _each(_BINARY[name], _value(left, values), _value(right, values))
    raise MathError(f"{node} cannot be evaluated")


def _fill(series: Points, by: Node, values: Mapping[str, Points]) -> Points:
    if by == Name("REPEAT"):
        filled: Points = []
        for point in series:
            filled.append(point if point is not None else filled[-1] if filled else None)
        return filled
    other = _series(_value(by, values), len(series))
    return [spare if point is None else point for point, spare in zip(series, other, strict=True)]


def _choose(operands: list[Value]) -> Value:
    """IF(condition, then, else): without `else`, periods that do not meet the condition are missing."""
    length = max((len(_only_series(each)) for each in operands if isinstance(each, list)), default=1)
    condition, chosen, *otherwise = [_series(each, length) for each in operands]
    other: Points = otherwise[0] if otherwise else [None] * length
    found: Points = [
        None if holds is None else (yes if holds else no)
        for holds, yes, no in zip(condition, chosen, other, strict=True)
    ]
    if not any(isinstance(each, list) for each in operands) and found[0] is not None:
        return found[0]
    return found


def _gather(how: Callable[[Sequence[float]], float], value: Value) -> Value:
    """Of one series: a number. Of an array: a series, period by period, without what is missing."""
    if isinstance(value, float):
        raise MathError("a function over a series was given a number")
    if value and isinstance(value[0], list):
        rows = zip(*(_only_series(each) for each in value), strict=True)
        present = [[point for point in row if point is not None] for row in rows]
        return [how(row) if row else None for row in present]
    points = [point for point in _only_series(value) if point is not None]
    missing: Points = [None] * len(value)
    return how(points) if points else missing


def _each(how: Callable[..., float], *operands: Value) -> Value:
    if all(isinstance(each, float) for each in operands):
        return how(*operands)
    length = max(len(_only_series(each)) for each in operands if isinstance(each, list))
    rows = zip(*(_series(each, length) for each in operands), strict=True)
    return [None if None in row else _finite(how(*row)) for row in rows]


def _finite(value: float) -> float | None:
    """A division by zero gives no point."""
    return value if math.isfinite(value) else None


def _series(value: Value, length: int) -> Points:
    return [_finite(value)] * length if isinstance(value, float) else _only_series(value)


def _only_series(value: object) -> Points:
    if not isinstance(value, list) or (value and isinstance(value[0], list)):
        raise MathError("one time series is expected here")
    return value


class _Reader:
    """Reads tokens one after the other; `ahead` is the next, empty at the end."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, place = text, list[str](), 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise MathError(f"{text[place:].strip()!r} cannot be read in {text!r}")
            self._tokens.append(found[0].strip())
            place = found.end()
        self._tokens.reverse()

    @property
    def ahead(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def take(self, expected: str | None = None) -> str:
        if not self._tokens or (expected is not None and self.ahead != expected):
            wanted = f"{expected!r} is missing" if expected else "the expression ends too early"
            raise MathError(f"{wanted} in {self._text!r}")
        return self._tokens.pop()

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self.single()
        node = self.level(number + 1)
        while self.ahead in _LEVELS[number]:
            name = _LEVELS[number][self.take()]
            node = Apply(name, (node, self.level(number + 1)))
        return node

    def single(self) -> Node:
        word = self.take()
        if word == "(":
            node = self.level(0)
            self.take(")")
            return node
        if word == "[":
            return Listed(self.items("]"))
        if word == "-":
            return Apply("NEGATE", (self.single(),))
        if word[0].isdigit():
            return Number(float(word))
        if not word[0].isalpha():
            raise MathError(f"{word!r} is not expected in {self._text!r}")
        if self.ahead != "(":
            return Name(word)
        self.take("(")
        return self.function(word, self.items(")"))

    def items(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while self.ahead != end:
            if found:
                self.take(",")
            found.append(self.level(0))
        self.take(end)
        return tuple(found)

    def function(self, name: str, operands: tuple[Node, ...]) -> Node:
        if name not in _FUNCTIONS:
            raise MathError(
                f"the embedded ECS has no function {name}; it knows {', '.join(sorted(_FUNCTIONS))}"
            )
        wanted = _FUNCTIONS[name]
        if len(operands) != wanted and (name, len(operands)) != ("IF", 2):
            raise MathError(f"{name} takes {wanted} operands, not {len(operands)}")
        return Apply(name, operands)
