"""Commit hooks in real repositories: what is installed, what a commit then runs, and how it is taken away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_checks import hooks
from workspace_checks.errors import WorkspaceError

CONFIG = """\
repos:
  - repo: local
    hooks:
      - {id: told, name: told, entry: sh -c "echo runner >> told", language: system, always_run: true}
"""
MINE = "#!/bin/sh\necho mine >> told\n"
BEFORE = {"pre-commit": MINE}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a configuration, and a task runner that only notes what it was asked."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
        "PREK_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    root = tmp_path / "a pläce"
    (root / ".ci").mkdir(parents=True)
    (root / ".pre-commit-config.yaml").write_text(CONFIG)
    (root / ".ci" / "inv").write_text('#!/bin/sh\necho "inv $*" >> told\n')
    (root / ".ci" / "inv").chmod(0o755)
    (root / ".gitignore").write_text("told\n")
    for arguments in (
        ["init", "-q"],
        ["config", "user.name", "a"],
        ["config", "user.email", "a@example.com"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    shutil.rmtree(root / ".git" / "hooks", ignore_errors=True)
    return root


def commit(root: Path) -> list[str]:
    """What a commit ran, in order; Git has only its own PATH, as from an editor."""
    bare = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    bare["PATH"] = "/usr/bin:/bin"
    done = subprocess.run(
        ["git", "commit", "-q", "--allow-empty", "-m", "x"],
        cwd=root, env=bare, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = root / "told"
    lines = told.read_text().splitlines()
    told.unlink()
    return lines


def standing(root: Path) -> dict[str, str]:
    folder = root / ".git" / "hooks"
    return {path.name: path.read_text() for path in sorted(folder.iterdir())} if folder.is_dir() else {}


@pytest.mark.parametrize("runner", hooks.RUNNERS)
def test_the_fixer_runs_first_then_what_was_there_then_the_runner(clone: Path, runner: str) -> None:
    mine = clone / ".git" / "hooks" / "pre-commit"
    mine.parent.mkdir()
    mine.write_text(MINE)
    mine.chmod(0o755)
    written = hooks.install(clone, runner)
    assert [line.partition(":")[0] for line in written] == [
        ".git/hooks/pre-commit",
        ".git/hooks/pre-commit.legacy",
        ".git/hooks/pre-commit.yours",
    ]
    assert commit(clone) == ["inv deps.fix --staged", "mine", "runner"]
    once = standing(clone)
    assert hooks.install(clone, runner) == written
    assert standing(clone) == once
    other = next(name for name in hooks.RUNNERS if name != runner)
    hooks.install(clone, other)
    hooks.install(clone, runner)
    assert standing(clone) == once
    hooks.remove(clone)
    assert standing(clone) == BEFORE
    assert commit(clone) == ["mine"]


def test_the_fixer_is_quiet_where_it_did_nothing_and_stops_the_commit_where_it_refuses(clone: Path) -> None:
    hooks.install(clone)

    def told(said: str, code: int) -> tuple[bool, bool]:
        (clone / ".ci" / "inv").write_text(f"#!/bin/sh\necho '{said}'\nexit {code}\n")
        done = subprocess.run(
            ["git", "commit", "--allow-empty", "-m", "x"],
            cwd=clone,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode == 0, said in done.stdout + done.stderr

    assert told("uv.lock is fresh (index); nothing to do.", 0) == (True, False)
    assert told("uv.lock was locked anew and staged.", 0) == (True, True)
    assert told("No.", 2) == (False, True)
    assert hooks.remove(clone) == [
        ".git/hooks/pre-commit: taken away",
        ".git/hooks/pre-commit.legacy: taken away",
    ]
    assert (standing(clone), hooks.remove(clone)) == ({}, [])


def test_a_linked_work_tree_shares_the_hooks(clone: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "commit", "-qm", "x"], cwd=clone, check=True)
    subprocess.run(["git", "worktree", "add", "-q", tmp_path / "other"], cwd=clone, check=True)
    hooks.install(tmp_path / "other")
    assert set(standing(clone)) == {"pre-commit", "pre-commit.legacy"}


def test_hooks_that_git_would_not_run_are_refused(clone: Path) -> None:
    subprocess.run(["git", "config", "core.hooksPath", ".husky/_"], cwd=clone, check=True)
    with pytest.raises(WorkspaceError, match=r"runs the hooks of \.husky/_"):
        hooks.install(clone)


def test_a_second_hook_of_yours_is_not_written_over(clone: Path) -> None:
    folder = clone / ".git" / "hooks"
    folder.mkdir()
    for name in ("pre-commit", "pre-commit.yours"):
        (folder / name).write_text(MINE)
    with pytest.raises(WorkspaceError, match="both hooks of yours"):
        hooks.install(clone)
    assert standing(clone) == {"pre-commit": MINE, "pre-commit.yours": MINE}


def test_what_is_missing_is_named(clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    with pytest.raises(WorkspaceError, match="prek was not found"):
        hooks.install(clone, "prek")
    (clone / ".pre-commit-config.yaml").unlink()
    with pytest.raises(WorkspaceError, match=r"has no \.pre-commit-config\.yaml"):
        hooks.install(clone)


def test_a_configuration_that_the_runner_refuses(clone: Path) -> None:
    (clone / ".pre-commit-config.yaml").write_text("repos: [\n")
    hooks.install(clone)  # pre-commit installs; the commit then says what is wrong
    assert set(standing(clone)) == {"pre-commit", "pre-commit.legacy"}
