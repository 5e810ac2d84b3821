"""Which manifests make up a uv workspace, by uv's own rules, and which belong to none.

A workspace is a `pyproject.toml` with a uv.lock beside it or with `[tool.uv.workspace]`; its members are the
folders that its globs name, less those it excludes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from workspace_checks import toml
from workspace_checks.errors import WorkspaceError
from workspace_checks.uv_lock_manifest import MANIFEST, Manifests, Project, below, parent

_STRANGE = re.compile(r"[{}\\]|(?:^|/)\.\.(?:/|$)|^/|\*\*")


class Workspace(NamedTuple):
    """A root and its members, the root included where it is a project. `empty` are folders without a manifest."""

    root: Project
    members: tuple[Project, ...]
    by_name: dict[str, Project]
    """The members by name."""
    kinds: dict[str, str]
    """How uv installs each member: `editable`, `directory`, or `virtual`, which is not at all.

    Empty text where the sources of several members say different things: only uv knows which one counts.
    """
    empty: tuple[str, ...]
    idle: tuple[str, ...]
    """Globs that name nothing."""
    excluded: tuple[str, ...]
    """Manifests that it excludes."""
    unsure: tuple[str, ...]
    pattern: str
    """The folders that its globs name, as one regular expression from the root of the repository."""

    @property
    def lock(self) -> str:
        """The path of its lock."""
        return below(self.root.folder, "uv.lock")

    def at(self, project: Project) -> str:
        """The folder of a member as its lock names it: from the root of the workspace."""
        if self.root.folder == ".":
            return project.folder
        return str(PurePosixPath(project.folder).relative_to(self.root.folder))


def _kinds(root: Project, members: Collection[Project]) -> dict[str, str]:
    said: dict[str, set[str]] = {}
    for project in {one.path: one for one in (root, *members)}.values():
        for name, how in _required(project):
            said.setdefault(name, set()).add(how)
    found = {}
    for member in members:
        hows = said.get(member.name, {"editable"})
        how = hows.pop() if len(hows) == 1 else ""
        found[member.name] = how if is_package(member, required=member.name in said) else "virtual"
    return found


def is_package(project: Project, *, required: bool) -> bool:
    """Whether uv builds and installs it: as it says, or with a build system, or because another one needs it."""
    said = project.uv.get("package")
    if isinstance(said, bool):
        return said
    return required or "build-system" in project.document


def _required(project: Project) -> Iterator[tuple[str, str]]:
    """The members that its sources name, and how it wants each installed."""
    for name, source in project.sources.items():
        for entry in source if isinstance(source, list) else [source]:
            if isinstance(entry, dict) and entry.get("workspace") is True and name != project.name:
                yield name, ("directory" if entry.get("editable") is False else "editable")


class Found(NamedTuple):
    """Every workspace of a tree, and the manifests of projects that belong to none."""

    workspaces: tuple[Workspace, ...]
    orphans: tuple[Project, ...]


def find(manifests: Manifests, locks: Iterable[str]) -> Found:
    """Every workspace, the outermost first."""
    locked = {parent(lock) for lock in locks}
    paths = sorted(
        (path for path in manifests.contents if path.rpartition("/")[2] == MANIFEST),
        key=lambda path: (path.count("/"), path),
    )
    taken: set[str] = set()
    workspaces = []
    for path in paths:
        if path not in taken and _is_root(manifests, path, locked):
            one = _workspace(manifests, path)
            workspaces.append(one)
            taken |= {path, *one.excluded, *(member.path for member in one.members)}
            taken -= {p for p in one.excluded if parent(p) in locked}
    known = {member.path for one in workspaces for member in (one.root, *one.members)}
    excluded = {path for one in workspaces for path in one.excluded}
    return Found(
        tuple(workspaces), tuple(_orphans(manifests, [p for p in paths if p not in known | excluded]))
    )


def _is_root(manifests: Manifests, path: str, locked: set[str]) -> bool:
    folder = parent(path)
    if folder in locked:
        return True
    if folder != "." and b"workspace" not in manifests.contents[path]:
        return False
    try:
        one = manifests.get(path)
    except WorkspaceError:
        if folder == ".":
            raise
        return False  # somebody's fixture: nothing that uv would ever read
    return "workspace" in one.uv or (folder == "." and bool(one.project or one.uv))


def _workspace(manifests: Manifests, path: str) -> Workspace:
    root = manifests.get(path)
    table = toml.table(root.uv, "workspace")
    globs, excludes = toml.strings(table.get("members")), toml.strings(table.get("exclude"))
    unsure = [f"the glob {glob!r}" for glob in (*globs, *excludes) if _STRANGE.search(glob)]
    patterns = {glob: _expression(root.folder, glob, crossing=False) for glob in globs}
    skipped = [re.compile(_expression(root.folder, glob, crossing=True)) for glob in excludes]
    members = {path: root} if root.project else {}
    empty, excluded, idle = [], [], []
    for glob, pattern in patterns.items():
        named = sorted(manifests.folders(pattern))
        if not named and pattern != ".":
            idle.append(glob)
        for folder in named:
            manifest = below(folder, MANIFEST)
            if any(skip.fullmatch(folder) for skip in skipped):
                excluded.append(manifest)
            elif manifest not in manifests.contents:
                if not PurePosixPath(folder).name.startswith("."):
                    empty.append(folder)
            elif manifests.get(manifest).uv.get("managed") is not False:
                members[manifest] = manifests.get(manifest)
            else:
                excluded.append(manifest)
    named_out = [p for p in manifests.contents if p.endswith(MANIFEST) and _matches(skipped, p)]
    return Workspace(
        root,
        tuple(members.values()),
        {member.name: member for member in reversed(members.values())},
        _kinds(root, members.values()),
        tuple(dict.fromkeys(empty)),
        tuple(idle),
        tuple(dict.fromkeys([*excluded, *named_out])),
        tuple(unsure),
        "|".join(patterns.values()),
    )


def _matches(skipped: list[re.Pattern[str]], manifest: str) -> bool:
    return any(skip.fullmatch(parent(manifest)) for skip in skipped)


def _orphans(manifests: Manifests, paths: Iterable[str]) -> Iterator[Project]:
    for path in paths:
        try:
            one = manifests.get(path)
        except WorkspaceError:
            continue  # nothing that uv would ever read
        if one.project and one.uv.get("managed") is not False:
            yield one


def _expression(folder: str, glob: str, *, crossing: bool) -> str:
    """A regular expression for the paths that a glob names; an exclude's star crosses slashes, a member's not."""
    plain = str(PurePosixPath(glob))
    if plain == ".":
        return re.escape(folder) if folder != "." else r"\."
    star, one = (".*", ".") if crossing else ("[^/]*", "[^/]")
    parts = []
    for piece in re.findall(r"\[!?\]?[^\]]*\]|.", plain, re.DOTALL):
        if piece == "*":
            parts.append(star)
        elif piece == "?":
            parts.append(one)
        elif len(piece) > 1:
            inner = re.sub(r"([\\\[^&~|])", r"\\\1", piece[1:-1].removeprefix("!"))
            parts.append(f"[{'^' if piece.startswith('[!') else ''}{inner}]")
        else:
            parts.append(re.escape(piece))
    prefix = "" if folder == "." else f"{re.escape(folder)}/"
    return prefix + "".join(parts)
