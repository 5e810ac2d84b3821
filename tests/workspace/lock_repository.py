"""A small Git repository with a locked uv workspace, made once and copied: what index and hook tests work on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.workspace.lock_workspace import Member, Workspace, lock, run_uv, write

_USER = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a"} | {
    "GIT_COMMITTER_EMAIL": "a@example.com"
}


def clean(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a commit: nothing of a hook, of CI or of this machine's settings in it."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("GIT_", "PRE_COMMIT", "PREK", "UV_", "GITHUB_"))
        and k not in ("CI", "VIRTUAL_ENV")
    }
    return {**kept, **_USER, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **(more or {})}


@dataclass(frozen=True)
class Repository:
    """The clone under test."""

    root: Path

    def git(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """git in the clone; `code` is how it must end, nothing for either way."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=clean(), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert code is None or done.returncode == code, done
        return done

    def read(self, path: str) -> str:
        """A file of the work tree."""
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        """Write a file of the work tree."""
        write(self.root, {path: text})

    def need(self, folder: str, requirement: str) -> None:
        """Ask for one more in the manifest of that folder."""
        path = f"{folder}/pyproject.toml"
        self.write(
            path,
            self.read(path).replace("dependencies = [\n", f'dependencies = [\n    "{requirement}",\n', 1),
        )

    def lock(self) -> None:
        """Lock the work tree."""
        lock(self.root)

    def staged(self, path: str) -> str:
        """The staged content of a file."""
        return self.git("show", f":{path}").stdout

    def truth(self, folder: Path) -> bool:
        """Whether uv finds the lock fresh in what is staged, and nothing else: what a clone would have."""
        self.git("checkout-index", "--all", f"--prefix={folder}/")
        return run_uv(folder, "lock", "--check").returncode == 0

    def truth_of_head(self, folder: Path) -> bool:
        """The same of the last commit."""
        subprocess.run(
            ["git", "clone", "-q", self.root, folder], env=clean(), check=True, capture_output=True
        )
        return run_uv(folder, "lock", "--check").returncode == 0


def workspace() -> Workspace:
    """A root and two members, one registry package each."""
    return Workspace(
        {
            ".": Member("root", uv=["package = false"]),
            "packages/one": Member("one", needs=["six"]),
            "packages/two": Member("two", needs=["idna"]),
        }
    )


def make(root: Path) -> Repository:
    """Committed and fresh."""
    write(root, {**workspace().written(), ".gitignore": "ignored/\n.venv/\n"})
    lock(root)
    made = Repository(root)
    made.git("init", "-q", "-b", "main", ".")
    made.git("add", ".")
    made.git("commit", "-q", "-m", "start")
    return made


def copy(template: Path, root: Path) -> Repository:
    """A copy to spoil."""
    shutil.copytree(template, root, symlinks=True)
    return Repository(root)


HOOKS = f"""\
repos:
  - repo: local
    hooks:
      - id: deps-fix
        name: deps.fix
        entry: {sys.executable} -m workspace_checks fix --staged
        language: system
        pass_filenames: false
        always_run: true
"""
