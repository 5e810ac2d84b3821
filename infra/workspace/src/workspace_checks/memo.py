"""Remembers which contents were found fresh, so that unchanged manifests cost next to nothing.

The key is made of git's ids of every manifest and lock, and of this package's own files; nothing but "fresh,
without a finding, judged by us alone" is ever remembered. A memo that cannot be read or written is no memo.
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

_KEPT = 64  # verdicts; the oldest go first


def key(tree: Tree) -> str:
    """One name for everything a verdict on this tree depends on, but for the folders its globs name."""
    parts = [_program(), tree.source == "worktree"]
    for name, ids in (("id", tree.ids.items()), ("open", sorted(tree.unmerged))):
        parts += [name, *sorted(ids)]
    parts += ["untracked", *sorted(tree.untracked), "special", *sorted(tree.special)]
    return hashlib.sha256(repr(parts).encode(errors="surrogateescape")).hexdigest()


def recall(tree: Tree, name: str) -> str | None:
    """What was said of this tree when it was found fresh; nothing when it was not, or a folder came or went."""
    kept = _read(tree.place).get(name)
    if not (isinstance(kept, list) and len(kept) == 3):  # said, patterns, their folders
        return None
    return str(kept[0]) if _folders(tree, kept[1]) == kept[2] else None


def remember(tree: Tree, name: str, said: str, patterns: Iterable[str]) -> None:
    """Keep that this tree is fresh. `patterns` are the expressions of the folders that its globs name."""
    kept = _read(tree.place)
    kept.pop(name, None)
    ordered = sorted(patterns)
    kept[name] = [said, ordered, _folders(tree, ordered)]
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
    file = _file(tree.place)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    with suppress(OSError):  # a read-only clone is judged anew each time
        file.parent.mkdir(exist_ok=True)
        fresh.write_text(json.dumps(kept), encoding="utf-8")
        fresh.replace(file)


def _folders(tree: Tree, patterns: object) -> str:
    patterns = patterns if isinstance(patterns, list) else []
    found = sorted(folders(tree, "|".join(map(str, patterns)))) if patterns else []
    return hashlib.sha256(repr(found).encode(errors="surrogateescape")).hexdigest()


def _read(place: Place) -> dict[str, object]:
    try:
        kept = json.loads(_file(place).read_bytes())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _file(place: Place) -> Path:
    return place.git_dir / "workspace-checks" / "fresh.json"


def facts(place: Place) -> Facts:
    """What is known of the contents of this repository, whatever a verdict on them was."""
    return Facts(_file(place).with_name("contents"), _program())


@cache
def _program() -> str:
    """This package as it is: a rule that was changed forgets every verdict."""
    with os.scandir(Path(__file__).parent) as files:
        stats = sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files if f.is_file())
    return hashlib.sha256(repr(stats).encode()).hexdigest()
