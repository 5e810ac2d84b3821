"""Whether two environment markers mean the same: by their tidied text, else by trying every case they tell apart.

uv writes `python_version >= "3.12"` into the lock as `python_full_version >= '3.12'`, sorts what is joined by
one word, and drops what `requires-python` implies. Tidying follows the first two, exactly; the rest is tried.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import lru_cache

Bounds = tuple[tuple[int, ...], tuple[int, ...] | None]
"""Of a Python: at least, and below (or no end)."""

# Compiled where they are needed: most manifests have no marker.
_PIECE = r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<op>===|==|~=|!=|<=|>=|<|>)|(?P<paren>[()])|(?P<word>[A-Za-z_.]+))"
_ATOM = r"([a-z_.]+) (===|==|~=|!=|<=|>=|<|>) '([^']*)'"
_MINOR = r"(\d+)\.(\d+)"
_VERSIONS = {"python_version", "python_full_version"}
_WORDS = {
    "sys_platform",
    "os_name",
    "platform_system",
    "platform_machine",
    "implementation_name",
    "extra",
} | {"platform_python_implementation"}
_TIED = {"sys_platform", "os_name", "platform_system"}  # uv knows which of their values exclude one another
_MOST = 20_000  # cases


class Same(Enum):
    """Two texts mean the same, do not, or nobody but uv can tell."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@lru_cache(maxsize=4096)
def tidy(marker: str) -> str:
    """The marker with one spelling for quotes, spaces, names and plain order; its meaning is unchanged."""
    words = list(_words(marker))
    if not words:
        return " ".join(marker.split())
    for at in range(len(words) - 2):
        words[at : at + 3] = _atom(*words[at : at + 3])
    joints = {word for word in words if word in ("and", "or")}
    if len(joints) == 1 and "(" not in words:
        joint = f" {joints.pop()} "
        return joint.join(sorted(" ".join(words).split(joint)))
    return " ".join(words)


def same(left: str, right: str, python: Bounds) -> Same:
    """Whether two tidied markers (empty: always) hold in the same cases, for the Pythons in `python`."""
    return Same.YES if left == right else _tried(left, right, python)


@lru_cache(maxsize=4096)
def _tried(left: str, right: str, python: Bounds) -> Same:
    from packaging.markers import InvalidMarker, Marker

    atoms = [*re.findall(_ATOM, left), *re.findall(_ATOM, right)]
    if len(atoms) != len(re.findall(r"'[^']*'", left + right)):
        return Same.UNSURE  # `in`, a value on the left, or something that is no marker
    named = {name for name, _, _ in atoms}
    if not named <= _VERSIONS | _WORDS or "===" in {op for _, op, _ in atoms}:
        return Same.UNSURE
    try:
        markers = [Marker(text) if text else None for text in (left, right)]
    except InvalidMarker:
        return Same.UNSURE
    pythons = list(_pythons([atom for atom in atoms if atom[0] in _VERSIONS], python))
    others = sorted(named - _VERSIONS)
    values = [[*sorted({value for name, _, value in atoms if name == other}), "other"] for other in others]
    if len(pythons) * _product(len(v) for v in values) > _MOST or not pythons:
        return Same.UNSURE
    for release in pythons:
        version = ".".join(map(str, release))
        for case in itertools.product(*values):
            cell = {"extra": "", "python_full_version": version, "python_version": version.rpartition(".")[0]}
            cell.update(zip(others, case, strict=True))
            said = {marker is None or marker.evaluate(dict(cell)) for marker in markers}
            if len(said) == 2:
                return Same.UNSURE if len(named & _TIED) > 1 else Same.NO
    return Same.YES


def _pythons(atoms: Iterable[tuple[str, str, str]], python: Bounds) -> Iterator[tuple[int, ...]]:
    """A Python from each stretch between the versions that are named, and each of those."""
    edges = {_three(python[0])}
    for _, _, value in atoms:
        major, minor, patch = _three(_numbers(value))
        edges |= {(major, minor, patch), (major, minor + 1, 0)}
    points = set()
    for major, minor, patch in edges:
        below = (major, minor, patch - 1) if patch else (major, max(minor - 1, 0), 999)
        points |= {(major, minor, patch), (major, minor, patch + 1), below}
    least, end = _three(python[0]), python[1]
    yield from sorted(p for p in points if least <= p and (end is None or p < _three(end)))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3]) or (0,)


def _three(version: tuple[int, ...]) -> tuple[int, int, int]:
    return (*version, 0, 0, 0)[:3]  # type: ignore[return-value] # three of at least three


def _product(sizes: Iterable[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def _words(marker: str) -> Iterator[str]:
    """The tokens; nothing at all when it does not read as a marker."""
    found, at = [], 0
    marker = marker.strip()
    if not marker:
        return
    token = re.compile(_PIECE)
    while at < len(marker):
        match = token.match(marker, at)
        if match is None:
            return
        text = match["text"]
        found.append(f"'{text[1:-1]}'" if text and "'" not in text[1:-1] else match[0].strip())
        at = match.end()
    yield from found


def _atom(name: str, op: str, value: str) -> tuple[str, str, str]:
    """`python_version` is the first two numbers of `python_full_version`; an extra has one spelling."""
    inner = value.strip("'")
    if name == "extra" and value.startswith("'"):
        return name, op, f"'{re.sub(r'[-_.]+', '-', inner).lower()}'"
    match = re.fullmatch(_MINOR, inner)
    if name != "python_version" or match is None or not value.startswith("'"):
        return name, op, value
    after = f"'{match[1]}.{int(match[2]) + 1}'"
    known = {
        ">=": (">=", value),
        "<": ("<", value),
        ">": (">=", after),
        "<=": ("<", after),
        "==": ("==", f"'{inner}.*'"),
        "!=": ("!=", f"'{inner}.*'"),
    }
    return ("python_full_version", *known[op]) if op in known else (name, op, value)
