"""The hooks that this repository configures, as `inv repo.hooks` installs them: in a commit and in a merge."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workspace_checks import hooks

from tests.workspace.lock_repository import Repository, clean

ROOT = Path(__file__).resolve().parents[2]
# Stands in for the task tree, which this small repository does not have: the same checks without it.
INV = f"""\
#!/bin/sh
case "$*" in
    "deps.fix --staged") exec "{sys.executable}" -m workspace_checks fix --staged ;;
    "deps.fix --staged deps.check") "$0" deps.fix --staged && "$0" deps.check ;;
    "deps.check") exec "{sys.executable}" -m workspace_checks check ;;
esac
"""


@pytest.fixture
def clone(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Repository:
    monkeypatch.setenv("PREK_HOME", str(tmp_path / "prek"))
    repository.write(
        ".pre-commit-config.yaml", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    )
    repository.write(".ci/inv", INV)
    (repository.root / ".ci" / "inv").chmod(0o755)
    repository.git("add", ".")
    repository.git("commit", "-q", "-m", "hooks")
    hooks.install(repository.root, "prek")
    return repository


def git(one: Repository, tmp_path: Path, *arguments: str) -> tuple[int, str]:
    environ = clean({"PREK_HOME": str(tmp_path / "prek")})
    done = subprocess.run(
        ["git", *arguments], cwd=one.root, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_merge_that_leaves_the_lock_stale_is_refused_and_a_commit_ends_it(
    clone: Repository, tmp_path: Path
) -> None:
    """Git merges what the index held before a hook of a merge: a fixer there would say well and commit ill."""
    clone.git("checkout", "-q", "-b", "side")
    clone.need("packages/one", "zipp")
    clone.git("commit", "--no-verify", "-qam", "stale")
    clone.git("checkout", "-q", "main")
    clone.write("beside", "x")
    clone.git("add", ".")
    assert git(clone, tmp_path, "commit", "-m", "beside")[0] == 0
    code, said = git(clone, tmp_path, "merge", "--no-edit", "side")
    assert code != 0
    assert "D003 zipp was added" in said
    assert "use 'git commit' to complete the merge" in said
    code, said = git(clone, tmp_path, "commit", "--no-edit")
    assert code == 0, said
    assert "uv.lock was locked anew and staged." in said
    assert clone.git("status", "--porcelain").stdout == ""
    assert clone.truth_of_head(tmp_path / "truth")
