"""What cannot be judged is refused in a sentence, with file and line, and exit 2; never a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from workspace_checks import check, fix, say
from workspace_checks.errors import WorkspaceError

from tests.workspace.lock_repository import Repository
from tests.workspace.lock_workspace import run_uv


def refused(root: Path, source: str, *words: str) -> None:
    with pytest.raises(WorkspaceError) as caught:
        check.examine(root, source, {})
    error = caught.value
    assert error.exit_code == 2
    assert error.what
    assert error.cure
    assert all(word in error.what for word in words), error.what


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("pyproject.toml", b"[project\n", "pyproject.toml:1: no valid TOML"),
        ("pyproject.toml", b"\x00", "pyproject.toml:1: no valid TOML"),
        ("packages/one/pyproject.toml", b'[project]\nname = "one"\nversion = \n', "/pyproject.toml:3: no valid TOML"),
        ("packages/one/pyproject.toml", b"[project]\nname = '\xff'\n", "packages/one/pyproject.toml:2: not UTF-8"),
        ("packages/one/pyproject.toml", b"a = 1\n<<<<<<< ours\n", "one/pyproject.toml:2: the marks of a merge"),
        ("uv.lock", b"version = 2\n", "uv.lock:1: a lock of version 2; version 1 is known here"),
        ("uv.lock", b"revision = 1\n", "a lock of no version"),
        ("uv.lock", b"version = 1\n[[package]]\nname = x\n", "uv.lock:3: no valid TOML"),
        ("pnpm-workspace.yaml", b"packages:\n  - a\n b: [\n", "pnpm-workspace.yaml:3: no valid YAML"),
        ("pnpm-workspace.yaml", b"- a\n", "pnpm-workspace.yaml:1: no table"),
        ("pnpm-lock.yaml", b"lockfileVersion: '5.4'\n", "pnpm-lock.yaml:1: a lock of version 5.4"),
        ("package.json", b'{\n"name": }', "package.json:2: no valid JSON"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_what_it_is(
    repository: Repository, path: str, content: bytes, said: str
) -> None:
    (repository.root / path).write_bytes(content)
    if path == "package.json":
        repository.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")
    refused(repository.root, "worktree", said)
    repository.git("add", ".")
    refused(repository.root, "index", said)


def test_no_repository(tmp_path: Path) -> None:
    refused(tmp_path, "", "is not in a Git repository")
    refused(tmp_path / "none", "", "is no folder")


def test_a_repository_of_somebody_else(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own tests do it this way
    refused(repository.root, "index", "Git does not trust", "somebody else owns it")
    refused(repository.root / "packages", "index", "Git does not trust")


def test_an_unborn_head_and_no_revision(tmp_path: Path, repository: Repository) -> None:
    new = Repository(tmp_path / "new")
    new.root.mkdir()
    new.git("init", "-q", ".")
    refused(new.root, "HEAD", "HEAD has no commit yet")
    refused(new.root, "index", "no Python or pnpm project")
    refused(repository.root, "nope", "--from nope is no revision")
    refused(repository.root, "--help", "--from --help is no revision")


def test_a_repository_without_python(repository: Repository) -> None:
    repository.git("rm", "-q", "-r", ".")
    repository.write("main.go", "package main\n")
    refused(repository.root, "worktree", "no Python or pnpm project")


def test_a_merge_in_progress(repository: Repository) -> None:
    """First the manifests, then the lock: it is made from them."""
    repository.git("checkout", "-q", "-b", "other")
    repository.need("packages/one", "zipp")
    repository.lock()
    repository.git("commit", "-q", "-a", "-m", "theirs")
    repository.git("checkout", "-q", "main")
    repository.need("packages/one", "pluggy")
    repository.lock()
    repository.git("commit", "-q", "-a", "-m", "ours")
    repository.git("merge", "-q", "other", code=1)
    refused(repository.root, "index", "packages/one/pyproject.toml is not merged yet")
    refused(repository.root, "worktree", "packages/one/pyproject.toml:", "the marks of a merge conflict")
    with pytest.raises(WorkspaceError, match="not merged yet"):
        fix.fix(repository.root, staged=True, environ={})


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(repository: Repository) -> None:
    (repository.root / "uv.lock").chmod(0)
    refused(repository.root, "worktree", "uv.lock cannot be read: Permission denied")


def test_a_link_that_leads_in_a_circle(repository: Repository) -> None:
    lock = repository.root / "uv.lock"
    lock.unlink()
    lock.symlink_to("uv.lock")
    refused(repository.root, "worktree", "uv.lock cannot be read")


def test_names_with_spaces_and_letters_of_all_kinds(repository: Repository) -> None:
    """The repository itself stands in `a pläce`."""
    folder = "packages/dêux mots"
    repository.write(
        f"{folder}/pyproject.toml", '[project]\nname = "deux"\nversion = "1"\nrequires-python = ">=3.11"\n'
    )
    repository.lock()
    repository.git("add", ".")
    assert check.examine(repository.root, "index").exit_code == 0
    repository.write(
        f"{folder}/pyproject.toml", repository.read(f"{folder}/pyproject.toml") + 'dependencies = ["six"]\n'
    )
    repository.git("add", ".")
    assert check.examine(repository.root, "index").findings[0].path == f"{folder}/pyproject.toml"
    done = fix.fix(repository.root, staged=True, environ={})
    assert done.lines == ("uv.lock was locked anew and staged.",)
    assert check.examine(repository.root, "index").exit_code == 0


def test_a_name_that_is_no_text(repository: Repository) -> None:
    odd = os.fsdecode(b"packages/\xff\xfe")
    repository.write(f"{odd}/pyproject.toml", '[project]\nname = "odd"\nversion = "1"\n')
    repository.git("add", ".")
    report = check.examine(repository.root, "index")
    for said in (say.lines(report), say.github(report), json.dumps(say.document(report))):
        assert said.encode("utf-8")
    assert "packages/\\udcff\\udcfe/pyproject.toml:1: member odd is not in uv.lock" in say.lines(report)
    assert report.exit_code == 0  # uv does not see such a folder, and is believed


def test_a_mark_of_byte_order_is_no_text(repository: Repository) -> None:
    manifest = repository.root / "pyproject.toml"
    manifest.write_bytes(b"\xef\xbb\xbf" + manifest.read_bytes())
    assert check.examine(repository.root, "worktree").exit_code == 0
    assert run_uv(repository.root, "lock", "--check").returncode == 0
