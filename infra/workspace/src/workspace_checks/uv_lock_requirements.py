"""A requirement as a manifest spells it and as uv.lock spells it, brought to one form and compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from workspace_checks.uv_lock_markers import Bounds, Same, same, tidy

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?:@\s*(?P<url>[^;]*\S(?:\s+;)?)|(?P<bounds>[^;@]*))(?:;(?P<marker>.*))?",
    re.DOTALL,
)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*v?([0-9A-Za-z.!+*_-]+)")
_PLAIN = re.compile(r"\d+(?:\.\d+)*")
_KEYS = {"name", "extras", "marker", "specifier", "editable", "virtual", "directory"}


class Requirement(NamedTuple):
    """One requirement. Two that are equal mean the same; two that differ may still."""

    name: str
    extras: tuple[str, ...] = ()
    bounds: str = ""
    marker: str = ""
    local: str = ""
    """A member: how it is installed and where, as in `editable packages/one`."""
    odd: str = ""
    """What makes it one that only uv can compare: a URL, an index, an unknown field."""
    text: str = ""
    """As it was written, which makes no difference."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Requirement) and self[:6] == other[:6]

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:6])

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        at = f" ({self.local})" if self.local else ""
        marker = self.marker.replace("( ", "(").replace(" )", ")")
        return f"{self.name}{extras}{self.bounds}{at}{f' ; {marker}' if marker else ''}"


@lru_cache(maxsize=16384)
def name_of(text: str) -> str:
    """A name in its one spelling: lower case, single dashes."""
    return re.sub(r"[-_.]+", "-", text).lower()


@lru_cache(maxsize=16384)
def parse(text: str) -> Requirement | None:
    """From `name[extra]>=1; marker` as a manifest has it; nothing where it does not read as one."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        return None
    bounds = (match["bounds"] or "").strip().removeprefix("(").removesuffix(")")
    tidied = tidy_bounds(bounds)
    url = (match["url"] or "").strip()
    return Requirement(
        name=name_of(match["name"]),
        extras=_extras((match["extras"] or "").split(",")),
        bounds=bounds if tidied is None else tidied,
        marker=tidy(match["marker"] or ""),
        odd=f"the URL {url}" if url else ("" if tidied is not None else f"the bounds {bounds!r}"),
        text=text,
    )


Entry = tuple[tuple[str, str | tuple[str, ...]], ...]
"""An inline table of a lock: its fields with their texts, or lists of texts."""


def from_table(table: Mapping[str, object]) -> Requirement:
    """From an inline table of `[manifest]`."""
    return from_lock(tuple((k, tuple(v) if isinstance(v, list) else str(v)) for k, v in table.items()))


@lru_cache(maxsize=16384)
def from_lock(written: Entry) -> Requirement:
    """From an inline table of `requires-dist` or `requires-dev`."""
    entry = dict(written)
    bounds = str(entry.get("specifier", ""))
    tidied = tidy_bounds(bounds)
    extras = entry.get("extras", ())
    unknown = sorted(set(entry) - _KEYS)
    return Requirement(
        name=str(entry.get("name", "")),
        extras=_extras(extras if isinstance(extras, tuple) else ()),
        bounds=bounds if tidied is None else tidied,
        marker=tidy(str(entry.get("marker", ""))),
        local=next(
            (f"{kind} {entry[kind]}" for kind in ("editable", "virtual", "directory") if kind in entry), ""
        ),
        odd=f"the field {', '.join(unknown)}" if unknown else ("" if tidied is not None else "odd bounds"),
    )


@lru_cache(maxsize=16384)
def tidy_bounds(text: str) -> str | None:
    """`>=1,<2` for ` <2.0, >= 1`: sorted, without spaces and trailing zeros; nothing for what is odd."""
    if not text.strip():
        return ""
    clauses = []
    for part in text.split(","):
        match = _CLAUSE.fullmatch(part.strip())
        if match is None:
            return None
        version = match[2].lower()
        if match[1] not in ("~=", "===") and _PLAIN.fullmatch(version):
            version = re.sub(r"(?<=\d)(?:\.0+)+$", "", version)
        clauses.append(match[1] + version)
    return ",".join(sorted(clauses, reverse=True)) if len(set(clauses)) == len(clauses) else None


def with_extra(requirement: Requirement, extra: str) -> Requirement:
    """The requirement as an optional dependency: asked for together with that extra."""
    asked = f"extra == '{name_of(extra)}'"
    if not requirement.marker:
        return requirement._replace(marker=asked)
    wrapped = f"({requirement.marker})" if " or " in requirement.marker else requirement.marker
    return requirement._replace(marker=tidy(f"{wrapped} and {asked}"))


def compare(left: Requirement, right: Requirement, python: Bounds) -> Same:
    """Whether two requirements of one name mean the same."""
    if left == right and not left.odd:
        return Same.YES
    if left.odd or right.odd:
        return Same.UNSURE
    if (left.extras, left.local) != (right.extras, right.local):
        return Same.NO
    bounds = Same.YES if left.bounds == right.bounds else _sampled(left.bounds, right.bounds)
    markers = same(left.marker, right.marker, python)
    if Same.NO in (bounds, markers):
        return Same.NO
    return Same.YES if bounds is markers is Same.YES else Same.UNSURE


@lru_cache(maxsize=4096)
def _sampled(left: str, right: str) -> Same:
    """Bounds that differ as text: different where a version near one they name tells them apart, else unsure."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        both = [SpecifierSet(left), SpecifierSet(right)]
        named = {Version(re.sub(r"\.\*$", "", clause.version)) for found in both for clause in found}
    except (InvalidSpecifier, InvalidVersion):
        return Same.UNSURE
    points = {Version("0"), Version("9999")}
    for version in named:
        release = ".".join(map(str, version.release))
        points |= {version, Version(f"{release}.1"), Version(f"{release}.dev0"), Version(f"{release}.post0")}
        points |= {Version(str(part + 1)) for part in version.release[:1]}
        if len(version.release) > 1:
            points.add(Version(f"{version.release[0]}.{version.release[1] + 1}"))
    told = any(both[0].contains(p, prereleases=True) != both[1].contains(p, prereleases=True) for p in points)
    return Same.NO if told else Same.UNSURE


def _extras(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name_of(name.strip()) for name in names if name.strip()}))
