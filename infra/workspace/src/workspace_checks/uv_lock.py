"""uv.lock as data, read by slices: TOML is slow to parse, and of a registry's packages only lines matter here."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

from workspace_checks import toml
from workspace_checks.errors import WorkspaceError
from workspace_checks.uv_lock_requirements import Requirement, from_lock

VERSION = 1
NEWEST_REVISION = 5
"""Of the format, as written by uv 0.13. A later revision may hold what is unknown here."""

_START = "\n[[package]]\n"
_METADATA = "\n[package.metadata]\n"
_NEED = '\n    { name = "'
LOCAL = {"editable", "virtual", "directory"}

_PAIR = re.compile(r'([\w-]+) = ("[^"]*"|\["[^"]*"(?:, "[^"]*")*\])')


class Package:
    """One `[[package]]`. `kind` is the key of its source, `at` the value: registry and URL, editable and path."""

    def __init__(self, name: str, version: str | None, kind: str, at: str, line: int, text: str) -> None:
        self.name, self.version = name, version
        self.kind, self.at = kind, at
        self.line, self.text = line, text

    @property
    def local(self) -> bool:
        """Whether it is a folder of this repository."""
        return self.kind in LOCAL

    @cached_property
    def needs(self) -> list[list[str]]:
        """What it needs, extras and groups included: the rows of each of those lists, from the name on."""
        text = self.text.partition(_METADATA)[0] if self.local else self.text
        if _NEED not in text:
            return []
        lists = (chunk.split(_NEED)[1:] for chunk in text.split("\n]"))
        return [[row.partition("\n")[0] for row in rows] for rows in lists if rows]

    def row(self, row: str) -> int:
        """Where one of those rows stands; the last of those that are the same."""
        return self.line + 1 + self.text.count("\n", 0, self.text.rindex(_NEED + row) + 1)

    @property
    def requirements(self) -> list[Requirement]:
        """`requires-dist`: what its manifest asked for when it was locked."""
        return self._metadata[""].get("requires-dist", [])

    @property
    def groups(self) -> dict[str, list[Requirement]]:
        """`requires-dev`: the same of its groups."""
        return self._metadata["requires-dev"]

    @property
    def extras(self) -> set[str]:
        """`provides-extras`."""
        return {one.name for one in self._metadata[""].get("provides-extras", [])}

    @cached_property
    def _metadata(self) -> dict[str, dict[str, list[Requirement]]]:
        """The lists of `[package.metadata]` and those of its groups; every line has a shape that uv writes."""
        found: dict[str, dict[str, list[Requirement]]] = {"": {}, "requires-dev": {}}
        into, entries = found[""], []
        for row in f"{self.text}\n".partition(_METADATA)[2].split("\n"):
            if row.startswith("    "):
                entries.append(_entry(row))
            elif row.startswith("["):
                into = found["requires-dev"]
            elif " = [" in row:
                key, _, value = row.partition(" = ")
                entries = into[key.strip('"')] = []
                if value.startswith("[{"):
                    entries.append(_entry(value))
                elif value not in ("[", "[]"):
                    entries += [Requirement(text) for text in value[2:-2].split('", "')]
        return found


class Lock:
    """The whole file. `header` is what stands before the first package."""

    def __init__(
        self, path: str, text: str, header: dict[str, Any], packages: tuple[Package, ...] | None
    ) -> None:
        self.path, self.text = path, text
        self.header = header
        self.packages = packages or ()
        self.regular = packages is not None
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


def read(path: str, content: bytes, *, regular: bool = False) -> Lock:
    """The lock; refused, with the line, where it does not parse or has another version than 1.

    `regular` says that this content is known to be written as uv writes it.
    """
    text = toml.text(path, content)
    if not regular:
        from workspace_checks import uv_lock_shape  # its expressions take a while to compile

        regular = uv_lock_shape.regular(text)
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
    irregular = Lock(path, text, header, None)
    if not regular:
        return irregular
    packages, line = [], head.count("\n") + 1
    for block in blocks:
        package = _package(block, line)
        if package is None:
            return irregular
        packages.append(package)
        line += block.count("\n") + 2
    return Lock(path, text, header, tuple(packages))


def _package(block: str, line: int) -> Package | None:
    """One block; nothing where its head is not as uv writes it: name, version if it is static, source."""
    name, version, source = (*block.split("\n", 3), "", "")[:3]
    if not version.startswith("version = "):
        version, source = "", version
    if not (name.startswith("name = ") and source.startswith("source = { ")):
        return None
    kind, _, at = source[11:].partition(" = ")
    if kind not in LOCAL and kind not in ("registry", "git", "url", "path"):
        return None
    return Package(
        name[8:-1], version[11:-1] if version else None, kind, at[1:].partition('"')[0], line, block
    )


@lru_cache(maxsize=16384)
def _entry(row: str) -> Requirement:
    """An inline table that is a requirement, or a text in a list of names."""
    if '"' in row and "{" not in row:
        return Requirement(row.strip().strip('",'))
    pairs = _PAIR.findall(row)
    return from_lock(
        tuple(
            (key, tuple(value[2:-2].split('", "')) if value[0] == "[" else value[1:-1])
            for key, value in pairs
        )
    )
