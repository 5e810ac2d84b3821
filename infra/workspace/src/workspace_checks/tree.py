"""What is judged: the manifests and locks of the index, of the work tree or of a commit, by name and content.

where(folder) -> Place            which repository
load(place, source) -> Tree       its files, each with the id that git gives its content
read(tree, paths) -> contents     one git process for all of them
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from workspace_checks import git
from workspace_checks.errors import WorkspaceError

_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")  # what points git away from the folder's own .git

INDEX, WORKTREE, HEAD = "index", "worktree", "HEAD"

_NAMES = ("pyproject.toml", "uv.lock", "uv.toml", ".python-version", "package.json")
_PNPM = ("pnpm-lock.yaml", "pnpm-workspace.yaml")
# Workflows are read for their `pnpm --filter`: one that names nobody does nothing, and pnpm ends with 0.
_YAML = (".yml", ".yaml")
_KEPT = frozenset(_NAMES + _PNPM)
_ENDS = tuple(name.encode() for name in (*_NAMES, *_PNPM, *_YAML))


class Place(NamedTuple):
    """A repository: the top folder of its work tree, and the folder that git keeps for it."""

    root: Path
    git_dir: Path


class Tree(NamedTuple):
    """Manifests and locks of one source, as paths from the root. `names` has every file of the source."""

    place: Place
    source: str
    label: str
    """The source as one says it: index, work tree, HEAD, or the revision that was asked for."""
    ids: Mapping[str, str]
    """Path -> git's id of the content."""
    names: bytes
    """Every path, each between two zero bytes."""
    untracked: frozenset[str] = frozenset()
    unmerged: Mapping[str, Mapping[int, str]] = MappingProxyType({})
    """Path -> stage (1 base, 2 ours, 3 theirs) -> id, for what a merge left open."""
    special: frozenset[str] = frozenset()
    """Manifests that are no plain files: links and sub-modules."""
    contents: Mapping[str, bytes] = MappingProxyType({})
    """What was read already: the work tree has to be, to be named by content."""


def where(folder: Path) -> Place:
    """The repository that holds `folder`; refused where there is none, or no work tree."""
    if (folder / ".git" / "HEAD").is_file() and not any(name in os.environ for name in _ELSEWHERE):
        root = folder.resolve()
        return Place(root, root / ".git")  # as nearly always, and a process less
    done = git.attempt(folder, "rev-parse", "--show-toplevel", "--absolute-git-dir")
    lines = os.fsdecode(done.stdout).splitlines()
    if done.returncode != 0 or len(lines) != 2:
        git.refuse_untrusted(folder, done)
        raise WorkspaceError(
            f"{folder} is not in a Git repository.", "Run this in a clone: it judges what will be committed."
        )
    return Place(Path(lines[0]), Path(lines[1]))


def repository(folder: Path) -> Path:
    """The top folder of the Git work tree that holds `folder`; refused where there is none."""
    return where(folder).root


def default_source(environ: Mapping[str, str]) -> str:
    """The index in a hook, HEAD in CI, the work tree by hand."""
    if environ.get("PRE_COMMIT") or environ.get("GIT_INDEX_FILE"):
        return INDEX
    return HEAD if environ.get("CI", "").lower() not in ("", "0", "false") else WORKTREE


def load(place: Place, source: str) -> Tree:
    """The files of `source`: `index`, `worktree`, `HEAD` or any other revision."""
    if source == INDEX:
        return _index(place)
    return _work_tree(place) if source == WORKTREE else _commit(place, source)


def read(tree: Tree, paths: Iterable[str]) -> dict[str, bytes]:
    """Their contents; a path that the tree does not have is left out."""
    wanted = [path for path in paths if path in tree.ids]
    missing = [path for path in wanted if path not in tree.contents]
    blobs = blobs_of(tree.place, [tree.ids[path] for path in missing])
    found = dict(zip(missing, blobs, strict=True))
    return {path: tree.contents[path] if path in tree.contents else found[path] for path in wanted}


def blobs_of(place: Place, ids: list[str]) -> list[bytes]:
    """The contents behind these ids; `b""` for one that git does not have (HEAD:file before it was there)."""
    if not ids:
        return []
    out = git.run(place.root, "cat-file", "--batch", text="".join(f"{name}\n" for name in ids).encode())
    found, at = [], 0
    for _ in ids:
        end = out.index(b"\n", at)
        size = out[at:end].rpartition(b" ")[2]
        if not size.isdigit():  # "<id> missing"
            found.append(b"")
            at = end + 1
            continue
        found.append(out[end + 1 : end + 1 + int(size)])
        at = end + 2 + int(size)
    return found


def folders(tree: Tree, pattern: str) -> set[str]:
    """Every folder of the tree whose path matches this regular expression (without its slash)."""
    expression = re.compile(rb"(?<=\0)(" + os.fsencode(pattern) + rb")/[^\0]*(?=\0)")
    return {os.fsdecode(match[1]) for match in expression.finditer(tree.names)}


def _index(place: Place) -> Tree:
    listing = git.run(place.root, "ls-files", "--stage", "-z", "--full-name", ":/")
    return _listed(place, INDEX, "index", listing)


def _commit(place: Place, revision: str) -> Tree:
    done = git.attempt(place.root, "ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision)
    if done.returncode != 0:
        if revision == HEAD:
            raise WorkspaceError(
                "HEAD has no commit yet.", "Commit first, or judge what is staged with --from index."
            )
        raise WorkspaceError(
            f"--from {revision} is no revision of this repository.",
            "Choose index, worktree, HEAD, or a commit, branch or tag that `git log` knows.",
        )
    return _listed(place, revision, revision, done.stdout)


def _listed(place: Place, source: str, label: str, listing: bytes) -> Tree:
    """From `mode id stage<TAB>path` (the index) or `mode type id<TAB>path` (a commit), zero bytes between."""
    ids: dict[str, str] = {}
    unmerged: dict[str, dict[int, str]] = {}
    special = set()
    staged = source == INDEX
    for entry in listing.split(b"\0"):
        if not entry.endswith(_ENDS):
            continue
        head, _, name = entry.partition(b"\t")
        path = os.fsdecode(name)
        if not _kept(path):
            continue
        mode, second, third = head.split()
        blob, stage = (second, third) if staged else (third, b"0")
        if stage != b"0":
            unmerged.setdefault(path, {})[int(stage)] = blob.decode()
        elif mode in (b"100644", b"100755"):
            ids[path] = blob.decode()
        else:
            special.add(path)
    names = b"\0" + re.sub(rb"(?:\A|(?<=\0))[^\0\t]*\t", b"", listing)
    return Tree(place, source, label, ids, names, frozenset(), unmerged, frozenset(special))


def _kept(path: str) -> bool:
    return path.rpartition("/")[2] in _KEPT or (path.startswith(".github/") and path.endswith(_YAML))


def _work_tree(place: Place) -> Tree:
    listing = git.run(place.root, "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", ":/")
    contents: dict[str, bytes] = {}
    untracked, special, names = set(), set(), [b""]
    for entry in listing.split(b"\0"):
        if not entry:
            continue
        names.append(entry[2:])
        if not entry.endswith(_ENDS) or not _kept(path := os.fsdecode(entry[2:])):
            continue
        content = read_file(place.root, path)
        if content is None:
            continue
        if entry.startswith(b"? "):
            untracked.add(path)
        if os.path.islink(f"{place.root}/{path}"):  # noqa: PTH114 - in a loop over every manifest
            special.add(path)
        contents[path] = content
    ids = {path: blob_id(content) for path, content in contents.items()}
    joined = b"\0".join([*names, b""])
    return Tree(
        place, WORKTREE, "work tree", ids, joined, frozenset(untracked), {}, frozenset(special), contents
    )


def read_file(root: Path, path: str) -> bytes | None:
    """The bytes of a file of the work tree; nothing where there is none, refused where it cannot be read."""
    name = f"{root}/{path}"
    try:
        handle = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            return None
        read = os.read(handle, state.st_size + 1)
        while more := os.read(handle, 1 << 20):
            read += more
        return read
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(handle)


def _unreadable(path: str, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"{path} cannot be read: {error.strerror or error}.", "Make it readable and try again."
    )


def blob_id(content: bytes) -> str:
    """The id that git gives this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
