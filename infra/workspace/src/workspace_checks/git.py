"""Runs git, and turns its refusals into sentences."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from workspace_checks.errors import WorkspaceError


def run(
    folder: Path, *arguments: str, text: bytes | None = None, environ: Mapping[str, str] | None = None
) -> bytes:
    """What `git ARGUMENTS` prints in `folder`, with `text` on its stdin; refused with git's own words."""
    done = attempt(folder, *arguments, text=text, environ=environ)
    if done.returncode != 0:
        refuse_untrusted(folder, done)
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise WorkspaceError(
            f"git {arguments[0]} ended with exit {done.returncode}: {said[-1] if said else 'it said nothing'}",
            "Nothing was changed. Mend what git names and try again.",
        )
    return done.stdout


def attempt(
    folder: Path, *arguments: str, text: bytes | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """The same, however it ends."""
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=None if environ is None else dict(environ),
            capture_output=True,
            check=False,
            input=text or b"",  # never a terminal to wait for
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        missing = "git was not found on PATH." if folder.is_dir() else f"{folder} is no folder."
        raise WorkspaceError(missing, "Install Git and try again, inside a repository.") from error


def refuse_untrusted(folder: Path, done: subprocess.CompletedProcess[bytes]) -> None:
    """Raise the sentence for a repository that git does not touch, since somebody else owns it."""
    if b"dubious ownership" in done.stderr:
        raise WorkspaceError(
            f"Git does not trust {folder}: somebody else owns it.",
            f"Run `git config --global --add safe.directory {folder}`, if you do.",
        )
