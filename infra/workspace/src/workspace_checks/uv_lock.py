"""uv.lock as data, read by slices: TOML is slow to parse, and of a registry's packages only lines matter here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workspace_checks import toml
from workspace_checks.errors import WorkspaceError

VERSION = 1
NEWEST_REVISION = 5
"""Of the format, as written by uv 0.13. A later revision may hold what is unknown here."""

_START = "\n[[package]]\n"
_FIELD = re.compile(r'(name|version) = "([^"\\]*)"')
_SOURCE = re.compile(r'source = \{ ([a-z]+) = "([^"\\]*)"')
_EDGE = re.compile(
    r'(?:^    |= \[)\{ name = "([^"\\]*)"(?:, version = "([^"\\]*)")?(?:, source = \{ [a-z]+ = "([^"\\]*)" \})?',
    re.MULTILINE,
)
_ENTRY = re.compile(r'    \{ ((?:[a-z-]+ = (?:"[^"\\]*"|\[[^\]]*\])(?:, )?)+) \},')
_ALONE = re.compile(r"([a-z0-9-]+) = \[(\{ .* \})\]")
_PAIR = re.compile(r'([a-z-]+) = ("[^"\\]*"|\[[^\]]*\])')
_OPEN = re.compile(r'(?:"([^"\\]*)"|([a-z0-9-]+)) = \[')
_ONE_LINE = re.compile(r'(?:"([^"\\]*)"|([a-z0-9-]+)) = \[((?:"[^"\\]*"(?:, )?)*)\]')
LOCAL = {"editable", "virtual", "directory"}
_METADATA = "\n[package.metadata]\n"
_ANEW = "Write it anew: `inv deps.fix`."

_TEXT = r'"[^"\\]*"'
_LEAF = rf"[\w-]+ = (?:{_TEXT}|\d+|true|false|\[{_TEXT}(?:, {_TEXT})*\])"
_INLINE = rf"\{{ {_LEAF}(?:, (?:{_LEAF}|source = \{{ {_LEAF}(?:, {_LEAF})* \}}))* \}}"
_ROW = re.compile(rf"    (?:{_INLINE}|{_TEXT}),")
_KEY = re.compile(
    rf"({_TEXT}|[\w-]+) = (?:{_TEXT}|\d+|true|false|\[\]|\[{_TEXT}(?:, {_TEXT})*\]|{_INLINE}|\[{_INLINE}\]|(\[))"
)
_HEADING = re.compile(r"\[(?:package|manifest|options)(?:\.[\w-]+)*\]|\[\[package\]\]")


@dataclass(frozen=True)
class Edge:
    """One package that another needs, as far as the lock names it."""

    name: str
    version: str
    source: str
    line: int


@dataclass(frozen=True)
class Package:
    """One `[[package]]`. `kind` is the key of its source, `at` the value: registry and URL, editable and path."""

    name: str
    version: str | None
    kind: str
    at: str
    line: int
    text: str

    @property
    def local(self) -> bool:
        """Whether it is a folder of this repository."""
        return self.kind in LOCAL

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """`requires-dist`, `provides-extras` and `requires-dev`, as uv read them from the manifest."""
        _, found, rest = f"{self.text}\n".partition(_METADATA)
        if not found:
            return {}
        quick = _quick(rest)
        return quick if quick is not None else _slow(self)

    def edges(self) -> Iterator[Edge]:
        """What it needs, extras and groups included."""
        needs = self.text.partition(_METADATA)[0]
        for match in _EDGE.finditer(needs):
            line = self.line + needs.count("\n", 0, match.start())
            yield Edge(match[1], match[2] or "", match[3] or "", line)


@dataclass(frozen=True)
class Lock:
    """The whole file. `header` is what stands before the first package."""

    path: str
    text: str
    header: dict[str, Any]
    packages: tuple[Package, ...]
    regular: bool = True
    """Whether it is written as uv writes it. Where it is not, nothing but the header was read."""

    @cached_property
    def by_name(self) -> dict[str, list[Package]]:
        """The packages of each name: more than one where the environments differ."""
        found: dict[str, list[Package]] = {}
        for package in self.packages:
            found.setdefault(package.name, []).append(package)
        return found

    @property
    def revision(self) -> int:
        """Of the format; 0 where none is written."""
        value = self.header.get("revision", 0)
        return value if isinstance(value, int) else 0


def read(path: str, content: bytes) -> Lock:
    """The lock; refused, with the line, where it does not parse or has another version than 1."""
    text = toml.text(path, content)
    regular = _regular(text)
    if not regular:
        toml.read(path, content)
    head, *blocks = f"\n{text}".split(_START)
    header = toml.read(path, head.lstrip("\n").encode())
    version = header.get("version")
    if version != VERSION:
        says = "no version" if version is None else f"version {version}"
        raise WorkspaceError(
            f"{path}:{toml.line_of(text, 'version')}: a lock of {says}; version {VERSION} is known here.",
            "Lock with the uv that this repository requires (`uv lock`), or update this check.",
        )
    if not regular:
        return Lock(path, text, header, (), regular=False)
    packages, line = [], head.count("\n") + 1
    for block in blocks:
        packages.append(_package(path, block, line))
        line += block.count("\n") + 2
    return Lock(path, text, header, tuple(packages))


def _package(path: str, block: str, line: int) -> Package:
    head = block.split("\n", 3)[
        :3
    ]  # uv writes name, version and source in this order, the version if it is static
    fields = {match[1]: match[2] for row in head if (match := _FIELD.fullmatch(row))}
    source = next((match for row in head if (match := _SOURCE.match(row))), None)
    if "name" not in fields or source is None:
        raise WorkspaceError(f"{path}:{line}: a package without a name or source.", _ANEW)
    return Package(fields["name"], fields.get("version"), source[1], source[2], line, block)


def _regular(text: str) -> bool:
    """Whether every line has one of the few shapes that uv writes: then it is TOML, and needs no parser."""
    keys: set[str] = set()
    within = False
    for row in text.split("\n"):
        if within:
            if row == "]":
                within = False
            elif _ROW.fullmatch(row) is None:
                return False
        elif match := _KEY.fullmatch(row):
            if match[1] in keys:
                return False
            keys.add(match[1])
            within = match[2] is not None
        elif _HEADING.fullmatch(row):
            keys = set()
        elif row:
            return False
    return not within


def _quick(rest: str) -> dict[str, Any] | None:
    """The metadata, line by line; nothing as soon as a line is not of a shape that uv writes."""
    found: dict[str, Any] = {"requires-dev": {}}
    into, entries = found, None
    for row in rest.splitlines():
        if entries is not None and row != "]":
            match = _ENTRY.fullmatch(row)
            if match is None:
                return None
            entries.append({key: _value(value) for key, value in _PAIR.findall(match[1])})
        elif row == "]":
            entries = None
        elif not row:
            continue
        elif row == "[package.metadata.requires-dev]":
            into = found["requires-dev"]
        elif opened := _OPEN.fullmatch(row):
            entries = into.setdefault(opened[1] or opened[2], [])
        elif (alone := _ALONE.fullmatch(row)) and (match := _ENTRY.fullmatch(f"    {alone[2]},")):
            into[alone[1]] = [{key: _value(value) for key, value in _PAIR.findall(match[1])}]
        elif closed := _ONE_LINE.fullmatch(row):
            into[closed[1] or closed[2]] = _value(f"[{closed[3]}]")
        else:
            return None
    return found


def _value(written: str) -> str | list[str]:
    if written.startswith("["):
        return re.findall(r'"([^"\\]*)"', written)
    return written[1:-1]


def _slow(package: Package) -> dict[str, Any]:
    document = tomllib.loads(f"[[package]]\n{package.text}")
    metadata: dict[str, Any] = {"requires-dev": {}} | toml.table(document["package"][0], "metadata")
    return metadata
