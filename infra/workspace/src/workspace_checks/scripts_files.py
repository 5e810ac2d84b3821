"""Finds the files of a repository that hold commands, and reads them from index, work tree or a commit."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import chain

from workspace_checks import git, scripts_plain, scripts_yaml, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.scripts_model import Rules, Script, Use

Reader = Callable[[str, str], Iterable[Script | Use]]

MANIFEST = "pyproject.toml"
_READERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"\.github/workflows/[^/]+\.ya?ml", scripts_yaml.workflow),
        (r"(?:.*/)?action\.ya?ml", scripts_yaml.action),
        (r"\.pre-commit-config\.yaml", scripts_yaml.hooks),
        (r"(?:.*/)?package\.json", scripts_plain.package),
        (r"(?:.*/)?(?:GNUm|M|m)akefile|.*\.mk", scripts_plain.makefile),
        (r"(?:.*/)?\.husky/[^/._][^/]*", scripts_plain.shell),
        (r"(?:.*/)?[^/]+\.md", scripts_plain.markdown),
    )
)
_FOREIGN = re.compile(r"(?:^|/)(?:node_modules|\.venv|vendor)/")  # other people's files, committed or not
_PLAIN_FILES = (b"100644", b"100755")


def read(place: tree.Place, source: str, rules: Rules) -> tuple[dict[str, str], Mapping[str, Reader]]:
    """The text of every file that holds commands, and who reads it."""
    listed = dict(_worktree(place) if source == tree.WORKTREE else _stored(place, source))
    readers = {path: reader for path in sorted(listed) if (reader := reader_of(path, rules))}
    if source == tree.WORKTREE:
        contents = {path: tree.read_file(place.root, path) for path in readers}
    else:
        contents = dict(zip(readers, tree.blobs_of(place, [listed[path] for path in readers]), strict=True))
    return {path: _decoded(path, found) for path, found in contents.items() if found is not None}, readers


def manifest(place: tree.Place, source: str) -> str:
    """The root's pyproject.toml, empty where there is none."""
    if source == tree.WORKTREE:
        return _decoded(MANIFEST, tree.read_file(place.root, MANIFEST) or b"")
    listed = dict(_stored(place, source, MANIFEST))
    return _decoded(MANIFEST, *tree.blobs_of(place, list(listed.values()))) if listed else ""


def reader_of(path: str, rules: Rules) -> Reader | None:
    """Who reads this file; None where it holds no commands that concern us."""
    if _FOREIGN.search(path) or any(fnmatchcase(path, pattern) for pattern in rules.skip):
        return None
    known = (reader for pattern, reader in _READERS if pattern.fullmatch(path))
    named = (scripts_plain.shell for pattern in rules.shell if fnmatchcase(path, pattern))
    return next(chain(known, named), None)


def _worktree(place: tree.Place) -> Iterator[tuple[str, str]]:
    listing = git.run(place.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", ":/")
    yield from ((os.fsdecode(name), "") for name in listing.split(b"\0") if name)


def _stored(place: tree.Place, source: str, *paths: str) -> Iterator[tuple[str, str]]:
    """Path and id of every plain file of the index or of a commit."""
    if source == tree.INDEX:
        listing = git.run(place.root, "ls-files", "--stage", "-z", "--full-name", *(paths or (":/",)))
    else:
        done = git.attempt(
            place.root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", source, *paths
        )
        if done.returncode != 0:
            raise WorkspaceError(
                f"--from {source} is no commit of this repository.",
                "Choose index, worktree, HEAD, or a commit, branch or tag that `git log` knows.",
            )
        listing = done.stdout
    for entry in listing.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        mode, *rest = head.split() or [b""]
        if mode in _PLAIN_FILES:
            # The index says `id stage`, a commit says `type id`. While a merge is open, ours (2) is judged.
            blob, stage = (rest[0], rest[1]) if source == tree.INDEX else (rest[1], b"0")
            if stage in (b"0", b"2"):
                yield os.fsdecode(name), blob.decode()


def _decoded(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        if path.endswith(".md"):
            return content.decode("utf-8", errors="replace")  # its commands are plain letters all the same
        line = content.count(b"\n", 0, error.start) + 1
        raise WorkspaceError(
            f"{path}:{line}: this is not UTF-8.", "Save the file as UTF-8 and try again."
        ) from None
