"""Remembers which contents were found fresh, so that unchanged manifests cost next to nothing.

The key is made of git's ids of every manifest and lock, and of this package's own files; nothing but "fresh,
without a finding, judged by us alone" is ever remembered. A memo that cannot be read or written is no memo.

A line for each: the key, a space, and JSON. Lines are only added: to put a new file in the place of one makes some
file systems write both to the disk at once, which a commit would wait for (0.1 s were seen).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from workspace_checks.facts import Facts
from workspace_checks.tree import Place, Tree, folders

_MOST = 64 << 10  # bytes; a file beyond that starts anew


def key(tree: Tree) -> str:
    """One name for everything a verdict on this tree depends on, but for the folders its globs name."""
    parts = [_program(), tree.source == "worktree"]
    for name, ids in (("id", tree.ids.items()), ("open", sorted(tree.unmerged))):
        parts += [name, *sorted(ids)]
    parts += ["untracked", *sorted(tree.untracked), "special", *sorted(tree.special)]
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()


def recall(tree: Tree, name: str) -> str | None:
    """What was said of this tree when it was found fresh; nothing when it was not, or a folder came or went."""
    start = name.encode() + b" "
    with suppress(OSError, TypeError, ValueError):
        rows = _file(tree.place).read_bytes().split(b"\n")
        last = next((row for row in reversed(rows) if row.startswith(start)), start)
        said, patterns, held = json.loads(last[len(start) :])
        return str(said) if _folders(tree, patterns) == held else None
    return None


def remember(tree: Tree, name: str, said: str, patterns: Iterable[str]) -> None:
    """Keep that this tree is fresh. `patterns` are the expressions of the folders that its globs name."""
    ordered = sorted(patterns)
    row = f"\n{name} {json.dumps([said, ordered, _folders(tree, ordered)])}"
    file = _file(tree.place)
    with suppress(OSError):  # a read-only clone is judged anew each time
        file.parent.mkdir(exist_ok=True)
        with file.open("ab") as kept:
            if kept.tell() > _MOST:
                kept.truncate(0)
            kept.write(row.encode())


def _folders(tree: Tree, patterns: object) -> str:
    patterns = patterns if isinstance(patterns, list) else []
    found = sorted(folders(tree, "|".join(map(str, patterns)))) if patterns else []
    return hashlib.sha256(repr(found).encode(errors="surrogateescape")).hexdigest()


def _file(place: Place) -> Path:
    return place.git_dir / "workspace-checks" / "fresh"


def facts(place: Place) -> Facts:
    """What is known of the contents of this repository, whatever a verdict on them was."""
    return Facts(_file(place).with_name("contents"), _program())


@cache
def _program() -> str:
    """This package as it is: a rule that was changed forgets every verdict."""
    with os.scandir(Path(__file__).parent) as files:
        stats = sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file())
    return hashlib.sha256(repr(stats).encode()).hexdigest()
