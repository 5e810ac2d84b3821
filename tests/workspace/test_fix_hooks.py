"""`git commit` with a stale lock, under pre-commit and under prek: the commit is right, and no edit is lost.

Each way to split index and work tree, with the fixer as a hook of the runner and as the step before it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.workspace import lock_repository
from tests.workspace.lock_repository import HOOKS, Repository, clean

RUNNERS = ("pre_commit", "prek")


@dataclass(frozen=True)
class Clone:
    """A repository with a runner installed, and the runner's own folders."""

    repository: Repository
    cache: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        more = {"PRE_COMMIT_HOME": str(self.cache / "pre-commit"), "PREK_HOME": str(self.cache / "prek")}
        return subprocess.run(
            command, cwd=self.repository.root, env=clean(more), capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def commit(self, *arguments: str) -> tuple[int, str]:
        done = self.run("git", "commit", "-m", "change", *arguments)
        return done.returncode, done.stdout + done.stderr


Templates = dict[tuple[str, bool], Clone]


@pytest.fixture(scope="module")
def templates(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """For each runner: one with the fixer as its hook, one with the fixer before it as well."""
    made = {}
    for runner in RUNNERS:
        for before in (False, True):
            folder = tmp_path_factory.mktemp(runner)
            one = lock_repository.copy(template, folder / "a pläce")
            made[runner, before] = Clone(one, folder / "cache")
            one.write(".pre-commit-config.yaml", HOOKS)
            one.git("add", ".")
            one.git("commit", "-q", "-m", "hooks")
            step = one.root / ".git/hooks/pre-commit"
            step.parent.mkdir(exist_ok=True)
            if before:  # what a runner finds there it keeps as pre-commit.legacy, and runs first
                step.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m workspace_checks fix --staged\n')
                step.chmod(0o755)
            assert made[runner, before].run(sys.executable, "-m", runner, "install").returncode == 0
            assert step.with_name("pre-commit.legacy").exists() is before
    return made


def _copy(templates: Templates, runner: str, folder: Path, *, before: bool) -> Clone:
    made = templates[runner, before]
    return Clone(lock_repository.copy(made.repository.root, folder / "a pläce"), made.cache)


@pytest.fixture(params=RUNNERS)
def clone(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Clone:
    return _copy(templates, request.param, tmp_path, before=False)


@pytest.fixture(params=RUNNERS)
def clone_with_step(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Clone:
    return _copy(templates, request.param, tmp_path, before=True)


def test_a_a_stale_lock_is_committed_right_in_one_go(clone: Clone, tmp_path: Path) -> None:
    one = clone.repository
    one.need("packages/one", "zipp")
    one.git("add", "packages/one")
    assert clone.commit()[0] == 0
    assert one.git("status", "--porcelain").stdout == ""
    assert 'name = "zipp"' in one.read("uv.lock")
    assert one.truth_of_head(tmp_path / "clone")
    assert clone.commit("--allow-empty")[0] == 0  # nothing to do any more


def test_b_a_lock_that_was_not_staged_is(clone: Clone, tmp_path: Path) -> None:
    """The runner has put the user's own regenerated lock away: the first commit says what to do."""
    one = clone.repository
    one.need("packages/one", "zipp")
    one.lock()
    mine = one.read("uv.lock")
    one.git("add", "packages/one")
    code, said = clone.commit()
    assert code == 1
    assert "Run `git commit` again." in said
    assert one.read("uv.lock") == mine
    assert clone.commit()[0] == 0
    assert one.read("uv.lock") == mine
    assert one.truth_of_head(tmp_path / "clone")


def _split(one: Repository, *, lock: bool) -> tuple[str, str]:
    """One member staged, another edited and not staged; what the second and the lock then hold."""
    one.need("packages/one", "zipp")
    one.git("add", "packages/one")
    one.need("packages/two", "pluggy")
    if lock:
        one.lock()
    return one.read("packages/two/pyproject.toml"), one.read("uv.lock")


def _kept(one: Repository, mine: tuple[str, str], folder: Path) -> None:
    assert (one.read("packages/two/pyproject.toml"), one.read("uv.lock")) == mine
    assert "pluggy" not in one.git("show", "HEAD:uv.lock").stdout
    assert "zipp" in one.git("show", "HEAD:uv.lock").stdout
    assert one.truth_of_head(folder)


def test_c_an_edit_beside_takes_no_part(clone: Clone, tmp_path: Path) -> None:
    one = clone.repository
    mine = _split(one, lock=True)
    assert clone.commit()[0] == 1
    assert (one.read("packages/two/pyproject.toml"), one.read("uv.lock")) == mine
    assert clone.commit()[0] == 0
    _kept(one, mine, tmp_path / "clone")


def test_c2_an_edit_beside_that_is_not_locked_takes_no_part(clone: Clone, tmp_path: Path) -> None:
    one = clone.repository
    mine = _split(one, lock=False)
    assert clone.commit()[0] == 0
    assert one.read("packages/two/pyproject.toml") == mine[0]
    assert one.git("status", "--porcelain").stdout == " M packages/two/pyproject.toml\n"
    assert one.truth_of_head(tmp_path / "clone")


def test_e_commit_all(clone: Clone, tmp_path: Path) -> None:
    one = clone.repository
    one.need("packages/one", "zipp")
    assert clone.commit("-a")[0] == 0
    assert one.git("status", "--porcelain").stdout == ""
    assert one.truth_of_head(tmp_path / "clone")


def test_g_a_commit_of_paths_is_refused_with_the_command(clone: Clone, tmp_path: Path) -> None:
    one = clone.repository
    one.need("packages/one", "zipp")
    before = one.read("uv.lock")
    code, said = clone.commit("--", "packages/one")
    assert code == 1
    assert "git add packages/one/pyproject.toml && git commit" in said
    assert one.read("uv.lock") == one.staged("uv.lock") == before
    one.git("add", "packages/one/pyproject.toml")
    assert clone.commit()[0] == 0
    assert one.truth_of_head(tmp_path / "clone")


def test_as_the_step_before_the_runner_one_commit_is_enough(clone_with_step: Clone, tmp_path: Path) -> None:
    one = clone_with_step.repository
    mine = _split(one, lock=True)
    code, said = clone_with_step.commit()
    assert code == 0, said
    _kept(one, mine, tmp_path / "clone")


def test_as_the_step_before_the_runner_a_commit_of_paths_is_refused(clone_with_step: Clone) -> None:
    one = clone_with_step.repository
    one.need("packages/one", "zipp")
    code, said = clone_with_step.commit("--", "packages/one")
    assert code == 1
    assert said.count("git add packages/one/pyproject.toml && git commit") == 1
    assert said.count("refused, as said above") == 1
    assert one.git("status", "--porcelain").stdout == " M packages/one/pyproject.toml\n"
    again = clone_with_step.commit("--", "packages/one")[1]  # another commit: told anew
    assert again.count("git add packages/one/pyproject.toml && git commit") == 1
