"""Writes a lock: into the index, exactly, and on disk, atomically and only where nothing is lost by it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from workspace_checks import git, toml, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.judge import Case
from workspace_checks.tree import Place, Tree


def start(loaded: Tree, case: Case, path: str) -> bytes:
    """The lock to start from: the one there is; in a conflict our side of it, whole; empty for none.

    A file with the marks of a conflict has pieces of both sides beside them, and is no lock even without them.
    """
    content = case.contents.get(path, b"")
    if path not in loaded.unmerged and not toml.conflict(content.decode(errors="replace")):
        return content
    sides = (f":2:{path}", f"HEAD:{path}", f":3:{path}")
    return next((side for side in tree.blobs_of(loaded.place, list(sides)) if side), b"")


def stage(place: Place, path: str, content: bytes) -> None:
    """Make this the staged content of `path`; a conflict about it is over with that."""
    blob = git.run(place.root, "hash-object", "-w", "--stdin", text=content).decode().strip()
    git.run(place.root, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")


def may_replace(loaded: Tree, path: str, before: str | None, content: bytes) -> bool:
    """Whether the file on disk holds nothing of its own: it is as it was staged, or as a merge left it."""
    there = tree.read_file(loaded.place.root, path)
    if there is None:
        return before is None  # a file that was deleted stays deleted
    if path in loaded.unmerged:
        return toml.conflict(there.decode(errors="replace")) > 0
    # A filter or a line ending of this clone may lie between: git itself says whether they are the same.
    return there == content or (before is not None and _same(loaded.place, path, before))


def _same(place: Place, path: str, blob: str) -> bool:
    done = git.attempt(place.root, "hash-object", f"--path={path}", "--", path)
    return done.stdout.decode().strip() == blob


def replace(file: Path, content: bytes) -> None:
    """Write the file in one step, so that nobody ever reads half a lock; a link is written through."""
    target = file.resolve()
    try:
        mode = target.stat().st_mode if target.exists() else None
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as fresh:
            try:
                fresh.write(content)
                fresh.close()
                Path(fresh.name).chmod(mode if mode is not None else 0o666 & ~_umask())
                Path(fresh.name).replace(target)
            except BaseException:
                Path(fresh.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WorkspaceError(
            f"{file} cannot be written: {error.strerror or error}.",
            "What is staged is right; mend the folder.",
        ) from None


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
