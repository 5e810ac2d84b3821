"""Edits manifests and keeps what people wrote: comments, order, quotes and line ends."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace_checks import toml, tree, uv_lock_manifest, uv_lock_members
from workspace_checks.errors import WorkspaceError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

MANIFEST = "pyproject.toml"
_COMMENT = re.compile(r"\s+#")


def workspace(root: Path) -> uv_lock_members.Workspace:
    """The uv workspace at the top of the repository of `root`, as it stands in the work tree."""
    place = tree.where(root)
    files = tree.load(place, tree.WORKTREE)
    contents = tree.read(files, [path for path in files.ids if Path(path).name == MANIFEST])
    if MANIFEST not in contents:
        raise WorkspaceError(
            f"{place.root} has no {MANIFEST}.", "Write one: it is the root of the workspace."
        )
    toml.read(MANIFEST, contents[MANIFEST])
    known = uv_lock_manifest.Known()
    manifests = uv_lock_manifest.Manifests(contents, lambda pattern: tree.folders(files, pattern), known)
    locks = [path for path in files.ids if Path(path).name == "uv.lock"]
    found = uv_lock_members.find(manifests, [*locks, "uv.lock"])
    return next(one for one in found.workspaces if one.root.path == MANIFEST)


def load(file: Path, shown: str) -> TOMLDocument:
    """The document to edit; refused with its line where it does not parse. `shown` is how to name the file."""
    import tomlkit

    try:
        content = file.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"{shown} cannot be read: {error.strerror or error}.", "Make it readable and try again."
        ) from None
    toml.read(shown, content)
    return tomlkit.parse(content.decode())


def save(file: Path, document: TOMLDocument) -> bool:
    """Write it where that changes anything, at once or not at all; whether it did."""
    import tomlkit

    return write(file, columns(file.read_bytes().decode(), tomlkit.dumps(document)))


def columns(before: str, after: str) -> str:
    """`after`, the comments of changed lines in the column where they stood, as far as there is room."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) != len(new):
        return after
    return "\n".join(_column(one, other) for one, other in zip(old, new, strict=True))


def _column(before: str, after: str) -> str:
    stood, stands = _COMMENT.search(before), _COMMENT.search(after)
    if before == after or not stood or not stands:
        return after
    return f"{after[: stands.start()].ljust(stood.end() - 2)} {after[stands.end() - 1 :]}"


def write(file: Path, text: str) -> bool:
    """The same for any text."""
    content = text.encode()
    if file.read_bytes() == content:
        return False
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(handle, "wb") as scratch:
            scratch.write(content)
        Path(name).chmod(file.stat().st_mode)
        Path(name).replace(file)
    except OSError as error:
        raise WorkspaceError(
            f"{file} cannot be written: {error.strerror or error}.",
            "It is as it was. Mend that and try again.",
        ) from None
    return True


def table(document: Any, *names: str) -> Any:
    """The table at that path, made where it is missing."""
    import tomlkit

    found = document
    for at, name in enumerate(names):
        if name not in found:
            found[name] = tomlkit.table(is_super_table=at < len(names) - 1)
        found = found[name]
    return found
