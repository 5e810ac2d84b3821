"""Finds the repository that a check is about."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workspace_checks.errors import WorkspaceError


def repository(folder: Path) -> Path:
    """The top folder of the Git work tree that holds `folder`; refused where there is none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--show-toplevel"], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        missing = "git was not found on PATH." if folder.is_dir() else f"{folder} is no folder."
        raise WorkspaceError(missing, "Install Git and try again, inside a repository.") from error
    if done.returncode != 0:
        raise WorkspaceError(
            f"{folder} is not in a Git repository.", "Run this in a clone: it judges what will be committed."
        )
    return Path(done.stdout.rstrip("\n"))
