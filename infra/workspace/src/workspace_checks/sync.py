"""Installs every member from the locks, uv's and pnpm's, which are never rewritten."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workspace_checks import manifest, pnpm_lock_members, tree, uv
from workspace_checks.check import check
from workspace_checks.errors import WorkspaceError

# --locked, not --frozen: a lock that went stale in between ends the run and is left alone.
_UV = ("sync", "--locked")
_PNPM = ("install", "--frozen-lockfile")


@dataclass(frozen=True)
class Step:
    """One call of a tool that installs from its lock."""

    tool: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.tool} {' '.join(self.arguments)}"


def plan(root: Path, member: str = "") -> list[Step]:
    """The calls that install everything, or one member by its name; nothing is run."""
    top = tree.repository(root)
    python = (top / "uv.lock").is_file() or (top / manifest.MANIFEST).is_file()
    node = (top / "pnpm-lock.yaml").is_file() or (top / pnpm_lock_members.WORKSPACE).is_file()
    if not python and not node:
        raise WorkspaceError(f"{top} has no uv.lock and no pnpm-lock.yaml.", "Lock first: `inv deps.fix`.")
    if not member:
        everything = [Step("uv", (*_UV, "--all-packages"))] if python else []
        return [*everything, Step("pnpm", _PNPM)] if node else everything
    members = manifest.workspace(top).by_name if python else {}
    packages = _packages(top) if node else set()
    steps = []
    if member in members:
        # --inexact: one member more, and what is installed of the others stays.
        steps.append(Step("uv", (*_UV, "--inexact", "--package", member)))
    if member in packages:
        steps.append(Step("pnpm", (*_PNPM, "--filter", f"{member}...", "--fail-if-no-match")))
    if not steps:
        raise WorkspaceError(
            f"--member {member} names nobody.", f"The members are {', '.join(sorted({*members, *packages}))}."
        )
    return steps


def sync(root: Path, member: str = "") -> None:
    """Bring what is installed to the locks, all members or one; refused while a lock is stale."""
    top = tree.repository(root)
    steps = plan(top, member)
    check(top)
    for step in steps:
        code = uv.show(top, *step.arguments) if step.tool == "uv" else _pnpm(top, step.arguments)
        if code != 0:
            raise WorkspaceError(
                f"{step.tool} {step.arguments[0]} ended with exit {code}; the locks are as they were.",
                f"{step.tool} names the reason above: mend it.",
            )


def _packages(top: Path) -> set[str]:
    """The names of the pnpm workspace's packages."""
    files = tree.load(tree.where(top), tree.WORKTREE)
    wanted = {pnpm_lock_members.MANIFEST, pnpm_lock_members.WORKSPACE}
    contents = tree.read(files, [path for path in files.ids if Path(path).name in wanted])
    return {one.name for one in pnpm_lock_members.find(contents, ".").members.values() if one.name}


def _pnpm(top: Path, arguments: Sequence[str]) -> int:
    found = shutil.which("pnpm")
    if found is None:
        raise WorkspaceError(
            "pnpm was not found on PATH.",
            "Install it with `npm install --global pnpm`, or `corepack enable` where Node has it.",
        )
    environment = _environment(os.environ)
    return subprocess.run(
        [found, *arguments], cwd=top, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def _environment(mine: Mapping[str, str]) -> dict[str, str]:
    """Without what Git sets for a hook, and without questions: pnpm asks before it empties node_modules."""
    return {"CI": "true", **{name: value for name, value in mine.items() if not name.startswith("GIT_")}}
