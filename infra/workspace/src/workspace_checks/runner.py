"""What stands around a hook: the processes above it, the edits a hook runner has put away, a commit of some paths.

pre-commit and prek hide unstaged edits in a patch while hooks run, and name it by their own process id. Git
commits single paths (`git commit -- path`) from an index of its own, `next-index-<pid>.lock`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from workspace_checks.tree import Place

_PATCH = re.compile(r"(?:patch\d+-|\d+-)(\d+)(?:\.patch)?")
_OF_PATHS = "next-index-"


def in_hook(environ: Mapping[str, str]) -> bool:
    """Whether git, or a hook runner, started this."""
    return bool(environ.get("PRE_COMMIT") or environ.get("GIT_INDEX_FILE"))


def of_some_paths(place: Place, environ: Mapping[str, str]) -> bool:
    """Whether this is a hook of `git commit -- path`, which leaves out what a hook adds to the real index."""
    if Path(environ.get("GIT_INDEX_FILE", "")).name.startswith(_OF_PATHS):
        return True
    return in_hook(environ) and any(
        (place.git_dir / f"{_OF_PATHS}{pid}.lock").exists() for pid in ancestors()
    )


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
