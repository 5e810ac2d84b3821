"""What stands around a hook: the processes above it, the edits a hook runner has put away, a commit of some paths.

pre-commit and prek hide unstaged edits in a patch while hooks run, and name it by their own process id. Git
commits single paths (`git commit -- path`) from an index of its own, `next-index-<pid>.lock`.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from workspace_checks.tree import Place

_PATCH = re.compile(r"(?:patch\d+-|\d+-)(\d+)(?:\.patch)?")
_OF_PATHS = "next-index-"
_COMMIT = 600.0  # seconds from one hook of a commit to another, at most; then a process id may be another's


def in_hook(environ: Mapping[str, str]) -> bool:
    """Whether git, or a hook runner, started this."""
    return bool(environ.get("PRE_COMMIT") or environ.get("GIT_INDEX_FILE"))


def of_some_paths(place: Place, environ: Mapping[str, str]) -> str:
    """The name of the index of `git commit -- path`, which leaves out what a hook adds to the real one.

    Empty where this is no hook of such a commit.
    """
    name = Path(environ.get("GIT_INDEX_FILE", "")).name
    if name.startswith(_OF_PATHS):
        return name
    names = (f"{_OF_PATHS}{pid}.lock" for pid in ancestors()) if in_hook(environ) else ()
    return next((name for name in names if (place.git_dir / name).exists()), "")


def told(place: Place, commit: str) -> bool:
    """Whether this commit (its index by name) was refused before: the step before a runner, then its hook, do so."""
    file = place.git_dir / "workspace-checks" / "refused"
    with suppress(OSError):
        if file.read_text(encoding="utf-8") == commit and time.time() - file.stat().st_mtime < _COMMIT:
            file.unlink()
            return True
    with suppress(OSError):  # a read-only clone is told twice
        file.parent.mkdir(exist_ok=True)
        file.write_text(commit, encoding="utf-8")
    return False


def hidden(environ: Mapping[str, str]) -> bytes:
    """The edits that the runner above this process has put away, as patches; empty where there is none."""
    if not environ.get("PRE_COMMIT"):
        return b""
    above = {str(pid) for pid in ancestors()}
    found = []
    for folder in _folders(environ):
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            match = _PATCH.fullmatch(file.name)
            if match and match[1] in above and file.is_file():
                found.append(file.read_bytes())
    return b"".join(found)


def hides(patches: bytes, path: str) -> bool:
    """Whether those patches change the file at that path."""
    name = path.rpartition("/")[2]
    return any(
        line.startswith(b"diff --git ") and line.rstrip(b'"\r').endswith(b"/" + name.encode())
        for line in patches.splitlines()
    )


def ancestors() -> Iterator[int]:
    """The ids of the processes above this one, nearest first."""
    pid = os.getppid()
    while pid > 1:
        yield pid
        pid = _parent(pid)


def _parent(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(status.rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        pass
    try:  # no /proc here
        done = subprocess.run(
            ["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=5
        )
        return int(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def _folders(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or Path.home())
    cache = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    yield Path(environ.get("PRE_COMMIT_HOME") or cache / "pre-commit")
    prek = [environ.get("PREK_HOME"), cache / "prek", home / "Library/Caches/prek"]
    yield from (Path(folder) / "patches" for folder in dict.fromkeys(prek) if folder)
