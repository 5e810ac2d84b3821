"""`deps.*` on this very clone: the lock is fresh, and looking changes nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def inv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT / "infra",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_lock_of_this_repository_is_fresh_and_is_not_touched() -> None:
    before = (ROOT / "uv.lock").stat()
    done = inv("deps.check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "uv.lock is fresh (work tree).\n", "")
    assert (ROOT / "uv.lock").stat().st_mtime_ns == before.st_mtime_ns


def test_a_dry_sync_says_what_it_would_run() -> None:
    done = inv("deps.sync", "--dry")
    assert (done.returncode, done.stdout) == (0, "Would run: uv sync --locked --all-packages\n")
