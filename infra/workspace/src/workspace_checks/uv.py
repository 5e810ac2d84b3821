"""Runs the uv that belongs to this environment, free of the settings that would make it look away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workspace_checks.errors import WorkspaceError

# UV_FROZEN and UV_LOCKED change what the lock commands do. VIRTUAL_ENV makes uv warn about another
# environment than the project's. Git sets GIT_* for a hook, and they would send uv's own git elsewhere.
_DROPPED = ("UV_FROZEN", "UV_LOCKED", "VIRTUAL_ENV")


class Missing(WorkspaceError):
    """There is no uv."""


@dataclass(frozen=True)
class Answer:
    """How uv ended, and what it said on stderr, where it says everything."""

    code: int
    text: str


def find() -> Path:
    """The uv beside the interpreter in use (a hook has a bare PATH), else the one on PATH."""
    # Not resolved: the interpreter of an environment is a link to one that has no uv beside it.
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise Missing(
            "uv was not found, neither beside this Python nor on PATH.",
            f"Install it with `{sys.executable} -m pip install uv`.",
        )
    return Path(found)


def ask(root: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Answer:
    """Run uv in `root` and keep what it says; `environ` holds for what the user has not set."""
    done = subprocess.run(
        [find(), *arguments],
        cwd=root,
        env=_environment({**(environ or {}), **os.environ}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return Answer(done.returncode, done.stderr.strip())


def show(root: Path, *arguments: str) -> int:
    """Run uv in `root` with its output where ours goes; its exit code."""
    done = subprocess.run(
        [find(), *arguments], cwd=root, env=_environment(os.environ), stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode


def _environment(mine: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in mine.items() if k not in _DROPPED and not k.startswith("GIT_")}
