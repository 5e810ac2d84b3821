"""Takes a folder into the workspace: `deps.add-member --path`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from workspace_checks import manifest, pnpm_lock_members, toml, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.uv_lock_members import Workspace
from workspace_checks.uv_lock_requirements import name_of, parse

_SHEET = pnpm_lock_members.WORKSPACE


def add(root: Path, path: str, *, dry: bool = False) -> list[str]:
    """Make the project in the folder `path` (as seen from the root) a member; what was changed, a line each.

    A pyproject.toml joins the uv workspace, a package.json the pnpm workspace, one with both joins both. Empty
    where it is a member already. `dry` writes nothing.
    """
    top = tree.repository(root)
    folder = _folder(top, path)
    python, node = (top / folder / name for name in (manifest.MANIFEST, pnpm_lock_members.MANIFEST))
    if not python.is_file() and not node.is_file():
        raise WorkspaceError(
            f"{folder} has neither pyproject.toml nor package.json.",
            "Make one first, as with `uv init --bare`.",
        )
    changed = list(_python(top, folder, dry=dry)) if python.is_file() else []
    return changed + (list(_node(top, folder, dry=dry)) if node.is_file() else [])


def _folder(top: Path, path: str) -> str:
    """The folder as a manifest names it: from the root, with plain slashes."""
    absolute = (top / path).resolve()
    if not absolute.is_dir():
        raise WorkspaceError(f"--path {path} is no folder.", f"Name it as seen from {top}.")
    if not absolute.is_relative_to(top.resolve()) or absolute == top.resolve():
        raise WorkspaceError(f"--path {path} is not below the root.", f"A member stands below {top}.")
    return absolute.relative_to(top.resolve()).as_posix()


def _python(top: Path, folder: str, *, dry: bool) -> Iterator[str]:
    shown = f"{folder}/{manifest.MANIFEST}"
    member = toml.read(shown, (top / shown).read_bytes())
    name = name_of(str(toml.table(member, "project").get("name", "")))
    if not name:
        raise WorkspaceError(
            f"{shown} has no [project] with a name.", "Give it one: a member is known by it."
        )
    workspace = manifest.workspace(top)
    double = workspace.by_name.get(name)
    if double is not None and double.folder != folder:
        raise WorkspaceError(f"{double.path} is named {name} already.", f"Give {shown} another name.")
    document = manifest.load(top / manifest.MANIFEST, manifest.MANIFEST)
    said = []
    if double is None:
        said.append(_join(document, workspace, folder))
    sources = manifest.table(document, "tool", "uv", "sources")
    if name not in {name_of(key) for key in sources}:
        sources[name] = _from_workspace()
        said.append(f"{manifest.MANIFEST}: [tool.uv.sources] has {name} = {{ workspace = true }}")
    for group in _groups_of_members(document):
        array = document["dependency-groups"][group]
        if not any((wanted := parse(str(one))) and wanted.name == name for one in array):
            array.append(name)
            said.append(f"{manifest.MANIFEST}: the dependency group {group} asks for {name}")
    if not dry:
        manifest.save(top / manifest.MANIFEST, document)
    yield from said


def _join(document: Any, workspace: Workspace, folder: str) -> str:
    import tomlkit

    if f"{folder}/{manifest.MANIFEST}" in workspace.excluded:
        raise WorkspaceError(
            f"{manifest.MANIFEST} excludes {folder} from the workspace.", "Take it out of `exclude` first."
        )
    table = manifest.table(document, "tool", "uv", "workspace")
    if "members" not in table:
        table["members"] = tomlkit.array().multiline(multiline=True)
    table["members"].append(folder)
    return f"{manifest.MANIFEST}: {folder} is a member of the workspace"


def _from_workspace() -> Any:
    import tomlkit

    return tomlkit.parse("x = { workspace = true }\n")["x"]


def _groups_of_members(document: Any) -> Iterator[str]:
    """The dependency groups that ask for members of the workspace and for nothing else."""
    sources = toml.table(document, "tool", "uv", "sources")
    ours = {name_of(k) for k, v in sources.items() if isinstance(v, dict) and v.get("workspace") is True}
    for group, entries in toml.table(document, "dependency-groups").items():
        asked = [parse(entry) if isinstance(entry, str) else None for entry in entries]
        if asked and all(wanted is not None and wanted.name in ours for wanted in asked):
            yield group


def _node(top: Path, folder: str, *, dry: bool) -> Iterator[str]:
    """Into the `packages` of pnpm-workspace.yaml, whose other lines stay as they are."""
    sheet = top / _SHEET
    name = f"{folder}/{pnpm_lock_members.MANIFEST}"
    contents = {path: (top / path).read_bytes() for path in (_SHEET, name) if (top / path).is_file()}
    if folder in pnpm_lock_members.find(contents, ".").members:
        return
    entry = f"  - {json.dumps(folder, ensure_ascii=False)}\n"
    text = contents[_SHEET].decode() if _SHEET in contents else ""
    found = re.search(
        r"^packages:[ \t]*(?:#[^\n]*)?\n(?P<items>(?:[ \t]*(?:-[^\n]*|#[^\n]*)?\n)*)", text, re.MULTILINE
    )
    if found is None and re.search(r"^packages:", text, re.MULTILINE):
        raise WorkspaceError(
            f"{_SHEET} has its packages in one line.",
            f"Write them as a list, one to a line, and add {folder}.",
        )
    if found is None:
        new = f"{text}{'' if not text or text.endswith(chr(10)) else chr(10)}packages:\n{entry}"
    else:
        items = [line for line in found["items"].splitlines(keepends=True) if line.lstrip().startswith("-")]
        last = found.start("items") + (found["items"].rindex(items[-1]) + len(items[-1]) if items else 0)
        indent = re.match(r"[ \t]*", items[-1])[0] if items else "  "  # type: ignore[index] # matches always
        new = f"{text[:last]}{indent}{entry.lstrip()}{text[last:]}"
    if _SHEET in contents and not dry:
        manifest.write(sheet, new)
    elif not dry:
        sheet.write_text(new, encoding="utf-8")
    yield f"{_SHEET}: {PurePosixPath(folder)} is one of its packages"
