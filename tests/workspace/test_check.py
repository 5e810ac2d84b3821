"""The lock against the manifests, in real repositories, judged by the real uv."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from workspace_checks import check, sync, tree, uv
from workspace_checks.errors import StaleLock, WorkspaceError

MANIFEST = """\
[project]
name = "root"
version = "1"
requires-python = ">=3.11"
dependencies = []

[tool.uv]
package = false

[tool.uv.workspace]
members = ["parts/*"]
"""
MEMBER = (
    '[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n\n[tool.uv]\npackage = false\n'
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a fresh lock and one member, in a folder whose name is no plain word."""
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    monkeypatch.setenv("UV_OFFLINE", "1")
    root = tmp_path / "a pläce"
    root.mkdir()
    (root / "pyproject.toml").write_text(MANIFEST)
    add_member(root, "one")
    subprocess.run(["git", "init", "-q", root], check=True)
    subprocess.run([uv.find(), "lock", "-q"], cwd=root, check=True)
    return root


def add_member(root: Path, name: str) -> None:
    folder = root / "parts" / name
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(MEMBER.format(name=name))


def depend(root: Path) -> None:
    manifest = root / "pyproject.toml"
    manifest.write_text(
        manifest.read_text().replace("dependencies = []", 'dependencies = ["one"]')
        + "\n[tool.uv.sources]\none = { workspace = true }\n"
    )


def test_a_fresh_lock(project: Path) -> None:
    assert check.check(project) == "uv.lock is fresh (work tree)."


@pytest.mark.parametrize("variable", ["UV_FROZEN", "UV_LOCKED", "VIRTUAL_ENV", "GIT_DIR"])
def test_no_setting_makes_it_look_away(project: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    depend(project)
    monkeypatch.setenv(variable, "1" if variable.startswith("UV") else str(project / ".git"))
    with pytest.raises(StaleLock):
        check.check(project)


def test_a_stale_lock_is_a_finding_and_is_left_alone(project: Path) -> None:
    before = (project / "uv.lock").read_bytes()
    depend(project)
    with pytest.raises(StaleLock) as caught:
        check.check(project)
    assert caught.value.exit_code == 3
    assert caught.value.what.startswith("pyproject.toml:5: D003 one (virtual parts/one) was added;")
    assert "inv deps.fix" in caught.value.cure
    assert (project / "uv.lock").read_bytes() == before


def test_a_new_member_makes_it_stale(project: Path) -> None:
    add_member(project, "two")
    with pytest.raises(StaleLock):
        check.check(project)


def test_a_missing_lock_is_a_finding(project: Path) -> None:
    (project / "uv.lock").unlink()
    with pytest.raises(StaleLock, match="D001"):
        check.check(project)


def test_a_lock_in_conflict_is_a_finding(project: Path) -> None:
    (project / "uv.lock").write_text("<<<<<<< ours\n")
    with pytest.raises(StaleLock, match="D002"):
        check.check(project)


def test_outside_a_repository_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not in a Git repository"):
        check.check(tmp_path)
    with pytest.raises(WorkspaceError, match="is no folder"):
        tree.repository(tmp_path / "none")


def test_without_uv_the_cure_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(WorkspaceError, match="uv was not found") as caught:
        uv.find()
    assert "-m pip install uv" in caught.value.cure


def test_the_uv_beside_the_interpreter_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("near", "far"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "uv").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "far"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "near" / "python"))
    assert uv.find() == tmp_path / "near" / "uv"
    (tmp_path / "near" / "uv").unlink()
    assert uv.find() == tmp_path / "far" / "uv"


def test_sync_installs_from_the_lock(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(project / "env"))
    before = (project / "uv.lock").read_bytes()
    sync.sync(project)
    assert (project / "env" / "pyvenv.cfg").is_file()
    assert (project / "uv.lock").read_bytes() == before


def test_sync_refuses_a_stale_lock(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(project / "env"))
    depend(project)
    before = (project / "uv.lock").read_bytes()
    with pytest.raises(StaleLock):
        sync.sync(project)
    assert not (project / "env").exists()
    assert (project / "uv.lock").read_bytes() == before


def test_a_sync_that_fails_says_so(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "env").write_text("in the way")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(project / "env"))
    with pytest.raises(WorkspaceError, match="uv sync ended with exit"):
        sync.sync(project)
