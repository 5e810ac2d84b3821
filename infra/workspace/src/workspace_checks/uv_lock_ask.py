"""Asks uv itself about the lock of a tree, on a snapshot: it confirms what is stale and decides what is unsure."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path

from workspace_checks import uv
from workspace_checks.judge import UV_LOCK, Case, Part
from workspace_checks.snapshot import PRETENDED, snapshot
from workspace_checks.tree import Tree
from workspace_checks.uv_lock_manifest import MANIFEST
from workspace_checks.uv_lock_members import Workspace

KEPT = (MANIFEST, UV_LOCK, "uv.toml", ".python-version")


class Word(Enum):
    """What uv said: `uv lock --check` ends with 0, with 1 when the lock would change, with 2 when it cannot tell."""

    FRESH = "fresh"
    STALE = "stale"
    UNDECIDED = "undecided"


def ask(tree: Tree, case: Case, part: Part) -> tuple[Word, str]:
    """uv's word on one lock, and its own words. Nothing is written."""
    workspace = part.workspace
    if workspace is None:
        raise ValueError("a lock of pnpm is not uv's to judge")
    kept = {path: content for path, content in case.contents.items() if path.rpartition("/")[2] in KEPT}
    with snapshot(tree, kept, folders=workspace.empty, whole=needs_all(workspace, case)) as root:
        return _asked(root / workspace.root.folder, online=bool(part.unsure))


def needs_all(workspace: Workspace, case: Case) -> bool:
    """Whether uv reads more than manifests: it builds what is dynamic, and follows paths and links."""
    if case.special:
        return True
    for project in (workspace.root, *workspace.members):
        if project.project.get("dynamic") or any(
            not (isinstance(source, dict) and source.get("workspace") is True)
            for source in project.sources.values()
        ):
            return True
    return False


def _asked(folder: Path, *, online: bool) -> tuple[Word, str]:
    # A fresh lock needs no network, so that without it a fresh one is known at once; what uv must fetch before
    # it can tell (a URL, a build) is worth a second question.
    answer = run(folder, "lock", "--check", "--offline")
    if answer.code != 0 and online:
        answer = run(folder, "lock", "--check")
    word = {0: Word.FRESH, 1: Word.STALE}.get(answer.code, Word.UNDECIDED)
    return word, answer.text


def run(folder: Path, *arguments: str) -> uv.Answer:
    """uv, told of the Python in use, so that it need not search for one; where the project forbids it, it may."""
    answer = uv.ask(folder, *arguments, environ={**PRETENDED, "UV_PYTHON": sys.executable})
    if answer.code != 0 and "incompatible with the project" in answer.text:
        return uv.ask(folder, *arguments, environ=PRETENDED)
    return answer
