"""Which package.json files make up a pnpm workspace, what they ask for, and which filters name nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from workspace_checks import toml, yaml_file
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import Finding

WORKSPACE, MANIFEST = "pnpm-workspace.yaml", "package.json"
_FILTER = re.compile(r"""(?:--filter(?:-prod)?|-F)(?:\s+|=)(?P<value>"[^"]*"|'[^']*'|[^\s;&|]+)""")


@dataclass(frozen=True)
class Package:
    """One package.json. `folder` is its place in the workspace, `.` for the root."""

    path: str
    text: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Its name; empty where it has none."""
        name = self.document.get("name")
        return name if isinstance(name, str) else ""

    def line(self, *needles: str) -> int:
        """Where the first of these stands."""
        return toml.line_of(self.text, *needles)

    def asked(self, *, peers: bool) -> dict[str, tuple[str, str]]:
        """Name -> (kind, specifier), as pnpm files them: optional before plain before dev, peers as plain ones."""
        kinds = ["devDependencies", "dependencies", "optionalDependencies"]
        found: dict[str, tuple[str, str]] = {}
        if peers:
            for name, specifier in toml.table(self.document, "peerDependencies").items():
                found[name] = ("dependencies", str(specifier))
        for kind in kinds:
            for name, specifier in toml.table(self.document, kind).items():
                found[name] = (kind, str(specifier))
        return found


@dataclass(frozen=True)
class Workspace:
    """A pnpm workspace. `members` are the packages by folder; `orphans` what stands beside and belongs nowhere."""

    path: str
    text: str
    document: dict[str, Any]
    members: dict[str, Package] = field(default_factory=dict)
    orphans: tuple[Package, ...] = ()
    idle: tuple[str, ...] = ()

    @cached_property
    def catalogs(self) -> dict[str, dict[str, str]]:
        """Catalog -> name -> specifier; `catalog:` alone means `default`."""
        found = {"default": toml.table(self.document, "catalog")}
        for name, entries in toml.table(self.document, "catalogs").items():
            found[name] = toml.table({"entries": entries}, "entries")
        return {name: {key: str(value) for key, value in entries.items()} for name, entries in found.items()}

    @cached_property
    def overrides(self) -> dict[str, Any]:
        """Those of the workspace file and of the root's package.json; the first wins."""
        root = self.members.get(".")
        own = toml.table(root.document, "pnpm", "overrides") if root else {}
        return {**own, **toml.table(self.document, "overrides")}


def find(contents: Mapping[str, bytes], folder: str) -> Workspace:
    """The workspace whose root is `folder`, with or without a pnpm-workspace.yaml."""
    prefix = "" if folder == "." else f"{folder}/"
    path = prefix + WORKSPACE
    written = contents.get(path)
    document = yaml_file.read(path, written) if written is not None else {}
    if document is not None and not isinstance(document, dict):
        raise WorkspaceError(f"{path}:1: no table.", "Write `packages:` with a list of globs.")
    globs = toml.strings((document or {}).get("packages"))
    wanted = {glob: expression(glob) for glob in globs if not glob.startswith("!")}
    unwanted = [expression(glob.removeprefix("!")) for glob in globs if glob.startswith("!")]
    members, orphans, hit = {}, [], set()
    for name in sorted(contents):
        if PurePosixPath(name).name != MANIFEST or not name.startswith(prefix) or "node_modules" in name:
            continue
        place = str(PurePosixPath(name[len(prefix) :]).parent)
        matching = {glob for glob, pattern in wanted.items() if re.fullmatch(pattern, place)}
        hit |= matching
        dropped = any(re.fullmatch(pattern, place) for pattern in unwanted)
        if place == "." or (matching and not dropped):
            members[place] = _package(name, contents[name])
        elif not dropped and written is not None:
            orphans.append(name)
    text = "" if written is None else toml.text(path, written)
    found = tuple(one for name in orphans if (one := _quietly(name, contents[name])) is not None and one.name)
    return Workspace(path, text, document or {}, members, found, tuple(g for g in wanted if g not in hit))


def filters(workspace: Workspace, files: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """The `pnpm --filter` calls that name no member: pnpm does nothing there, and ends with 0."""
    for path, text in files:
        for number, line in enumerate(text.splitlines(), 1):
            for match in _FILTER.finditer(line) if "pnpm" in line else ():
                value = match["value"].strip("\"'\\,").strip("\"'\\")
                if not _matches(workspace, value):
                    yield Finding(
                        path,
                        number,
                        "D004",
                        f"`pnpm --filter {value}` names no member, and would do nothing.",
                    )


def _matches(workspace: Workspace, value: str) -> bool:
    plain = (
        value.removeprefix("!").removeprefix("...").removeprefix("^").removesuffix("...").removesuffix("^")
    )
    if not plain or any(sign in value for sign in "[$`"):
        return True  # changed since a commit, or known only to the shell
    if plain.startswith((".", "{")):
        pattern = expression(plain.strip("{}").removeprefix("./") or ".")
        return any(re.fullmatch(rf"{pattern}(?:/.*)?", folder) for folder in workspace.members)
    names = {one.name for one in workspace.members.values()}
    pattern = expression(plain).replace("[^/]*", ".*")
    scoped = rf"(?:@[^/]+/)?{pattern}" if "/" not in plain else pattern
    return any(re.fullmatch(scoped, name) for name in names)


def expression(glob: str) -> str:
    """A regular expression for the folders that a glob of pnpm names."""
    found = []
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\{[^{}]*\}|.", str(PurePosixPath(glob)), re.DOTALL):
        if piece in ("**/", "**"):
            found.append(r"(?:[^/.][^/]*/)*" if piece == "**/" else ".*")
        elif piece.startswith("{") and len(piece) > 1:
            found.append("(?:" + "|".join(map(re.escape, piece[1:-1].split(","))) + ")")
        else:
            found.append({"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece))
    return "".join(found)


def _package(path: str, content: bytes) -> Package:
    text = toml.text(path, content)
    try:
        document = json.loads(text)
    except ValueError as error:
        line = toml.conflict(text) or getattr(error, "lineno", 1)
        raise WorkspaceError(f"{path}:{line}: no valid JSON.", "Mend the line and try again.") from None
    return Package(path, text, document if isinstance(document, dict) else {})


def _quietly(path: str, content: bytes) -> Package | None:
    try:
        return _package(path, content)
    except WorkspaceError:
        return None  # nothing that pnpm would ever read
