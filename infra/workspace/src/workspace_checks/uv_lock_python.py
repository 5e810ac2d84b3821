"""requires-python as a range, and what the members of a workspace share of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from workspace_checks.uv_lock_markers import Bounds

Python = Bounds

_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?")


def bounds_of(written: str) -> Python | None:
    """`>=3.11, <3.14` as ((3, 11), (3, 14)): at least, and below. Nothing for what is no plain range."""
    least: tuple[int, ...] = (0,)
    end: tuple[int, ...] | None = None
    for part in written.split(","):
        match = _CLAUSE.fullmatch(part.strip())
        if match is None:
            return None
        op, star = match[1], bool(match[3])
        version = tuple(int(number) for number in match[2].split("."))
        low, high = _clause(op, version, star=star)
        if low is None and high is None:
            return None
        least = max(least, trimmed(low)) if low is not None else least
        end = high if end is None or (high is not None and trimmed(high) < trimmed(end)) else end
    return trimmed(least), None if end is None else trimmed(end)


def intersection(ranges: Iterable[Python]) -> Python:
    """What all of them allow."""
    least: tuple[int, ...] = (0,)
    end: tuple[int, ...] | None = None
    for low, high in ranges:
        least = max(least, low)
        if high is not None:
            end = high if end is None else min(end, high)
    return least, end


def trimmed(version: tuple[int, ...]) -> tuple[int, ...]:
    """3.11 and 3.11.0 are one version."""
    while len(version) > 1 and version[-1] == 0:
        version = version[:-1]
    return version


def _clause(
    op: str, version: tuple[int, ...], *, star: bool
) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    after = (*version[:-1], version[-1] + 1)
    if op == ">=" and not star:
        return version, None
    if op == "<" and not star:
        return None, version
    if op == "==" and star:
        return version, after
    if op == "~=" and not star and len(version) > 1:
        return version, (*version[:-2], version[-2] + 1)
    return None, None  # `>`, `<=`, `!=` and `==` name single releases: uv's to judge
