"""Runs the locking tool of a workspace in a folder: uv or pnpm, each on what lies there and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from workspace_checks import uv_lock_ask
from workspace_checks.errors import WorkspaceError


def with_uv(folder: Path) -> None:
    """Bring uv.lock in `folder` to what its manifests ask for; refused with uv's words where it cannot."""
    answer = uv_lock_ask.run(folder, "lock")
    if answer.code != 0:
        raise WorkspaceError(
            f"uv could not lock (exit {answer.code}); the lock is as it was, staged and on disk.",
            f"Mend what it names and try again. uv said:\n{answer.text.replace(f'{folder}{os.sep}', '')}",
        )


def with_pnpm(folder: Path, root: Path) -> None:
    """The same for pnpm-lock.yaml; `root` is the clone, which may have a pnpm of its own."""
    found = shutil.which("pnpm", path=str(root / "node_modules" / ".bin")) or shutil.which("pnpm")
    if found is None:
        raise WorkspaceError(
            "pnpm was not found, neither in node_modules/.bin nor on PATH.",
            "Install it, or `corepack enable`.",
        )
    done = subprocess.run(
        [found, "install", "--lockfile-only", "--ignore-scripts", "--no-frozen-lockfile"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise WorkspaceError(
            f"pnpm could not lock (exit {done.returncode}); the lock is as it was, staged and on disk.",
            f"Mend what it names and try again. pnpm said:\n{(done.stdout + done.stderr).strip()}",
        )
