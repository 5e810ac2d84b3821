"""`deps.fix` by itself: exactly what is staged, nothing else; conflicts; what it refuses and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from workspace_checks import check, fix, fix_write, runner, tree
from workspace_checks.errors import WorkspaceError

from tests.workspace.lock_repository import Repository
from tests.workspace.lock_workspace import run_uv


def staged(repository: Repository, **environ: str) -> fix.Fixed:
    return fix.fix(repository.root, staged=True, environ=environ)


def test_a_fresh_lock_is_left_alone(repository: Repository) -> None:
    before = (repository.root / "uv.lock").stat().st_mtime_ns
    assert staged(repository).lines == ("uv.lock is fresh (index); nothing to do.",)
    assert fix.fix(repository.root, staged=False, environ={}).lines == (
        "uv.lock is fresh (work tree); nothing to do.",
    )
    assert (repository.root / "uv.lock").stat().st_mtime_ns == before


def test_the_work_tree_by_hand_stages_nothing(repository: Repository) -> None:
    repository.need("packages/one", "zipp")
    done = fix.fix(repository.root, staged=False, environ={})
    assert done.lines == ("uv.lock was locked anew; commit it with the change.",)
    assert run_uv(repository.root, "lock", "--check").returncode == 0
    assert repository.git("diff", "--cached", "--name-only").stdout == ""


def test_an_unstaged_edit_takes_no_part(repository: Repository, tmp_path: Path) -> None:
    repository.need("packages/one", "zipp")
    repository.git("add", ".")
    repository.need("packages/two", "pluggy")
    mine = repository.read("packages/two/pyproject.toml")
    assert staged(repository).lines == ("uv.lock was locked anew and staged.",)
    assert repository.read("packages/two/pyproject.toml") == mine
    assert "zipp" in repository.staged("uv.lock")
    assert "pluggy" not in repository.staged("uv.lock")
    assert repository.read("uv.lock") == repository.staged("uv.lock")
    assert repository.truth(tmp_path / "clone")


@pytest.mark.parametrize("edit", ["edited", "deleted"])
def test_a_lock_with_edits_of_its_own_is_left_on_disk(
    repository: Repository, tmp_path: Path, edit: str
) -> None:
    repository.need("packages/one", "zipp")
    repository.git("add", ".")
    lock = repository.root / "uv.lock"
    if edit == "edited":
        lock.write_text("mine\n")
    else:
        lock.unlink()
    assert "on disk it holds edits" in staged(repository).lines[0]
    assert (lock.read_text() if lock.exists() else "") == ("mine\n" if edit == "edited" else "")
    assert repository.truth(tmp_path / "clone")


def test_a_missing_lock_is_made(repository: Repository, tmp_path: Path) -> None:
    repository.git("rm", "-q", "uv.lock")
    assert staged(repository).lines == ("uv.lock was locked anew and staged.",)
    assert repository.read("uv.lock") == repository.staged("uv.lock")
    assert repository.truth(tmp_path / "clone")


def conflict(repository: Repository) -> None:
    """A merge that leaves nothing open but the lock."""
    repository.git("checkout", "-q", "-b", "other")
    repository.need("packages/one", "zipp")
    repository.lock()
    repository.git("commit", "-q", "-a", "-m", "theirs")
    repository.git("checkout", "-q", "main")
    repository.need("packages/two", "pluggy")
    repository.lock()
    repository.git("commit", "-q", "-a", "-m", "ours")
    repository.git("-c", "merge.conflictStyle=diff3", "merge", "-q", "other", code=None)
    lock = repository.read("uv.lock")
    if "<<<<<<<" not in lock:  # Git merged it by itself: make the conflict that it might have been
        ours, theirs = (
            repository.git("rev-parse", f"{name}:uv.lock").stdout.strip() for name in ("main", "other")
        )
        base = repository.git("rev-parse", "main~1:uv.lock").stdout.strip()
        lines = "".join(f"100644 {blob} {at}\tuv.lock\n" for at, blob in enumerate((base, ours, theirs), 1))
        repository.git("update-index", "--force-remove", "uv.lock")
        import subprocess

        subprocess.run(
            ["git", "update-index", "--index-info"], cwd=repository.root, input=lines, text=True, check=True
        )
        repository.write("uv.lock", f"<<<<<<< HEAD\n{lock}||||||| base\n=======\n{lock}>>>>>>> other\n")


def test_a_conflicted_lock_is_resolved_from_both_sides_manifests(
    repository: Repository, tmp_path: Path
) -> None:
    conflict(repository)
    for source in ("index", "worktree"):
        report = check.examine(repository.root, source)
        assert [one.code for one in report.findings] == ["D002"]
        assert report.command == "inv deps.fix --staged"
    assert staged(repository).lines == ("uv.lock was locked anew and staged.",)
    assert repository.git("ls-files", "--unmerged").stdout == ""
    assert repository.read("uv.lock") == repository.staged("uv.lock")
    assert {name for name in ("zipp", "pluggy") if name in repository.read("uv.lock")} == {"zipp", "pluggy"}
    assert repository.truth(tmp_path / "clone")
    repository.git("commit", "-q", "-m", "merged")


def test_a_conflicted_lock_by_hand(repository: Repository) -> None:
    conflict(repository)
    fix.fix(repository.root, staged=False, environ={})
    assert run_uv(repository.root, "lock", "--check").returncode == 0


def test_what_uv_cannot_lock_changes_nothing(repository: Repository) -> None:
    repository.need("packages/one", "six>99")
    repository.git("add", ".")
    before = repository.read("uv.lock")
    with pytest.raises(WorkspaceError, match="uv could not lock") as caught:
        staged(repository)
    assert caught.value.exit_code == 2
    assert "six" in caught.value.cure
    assert repository.read("uv.lock") == repository.staged("uv.lock") == before


def test_a_hook_that_only_checks(repository: Repository) -> None:
    text = repository.read("pyproject.toml") + '\n[tool.workspace-checks]\nhook = "check"\n'
    repository.write("pyproject.toml", text)
    repository.need("packages/one", "zipp")
    repository.git("add", ".")
    before = repository.read("uv.lock")
    done = staged(repository, PRE_COMMIT="1")
    assert done.exit_code == 3
    assert "D003 zipp was added" in done.lines[0]
    assert repository.staged("uv.lock") == before
    assert staged(repository).exit_code == 0  # by hand it is what it says


def test_a_version_from_git_needs_no_history(repository: Repository, tmp_path: Path) -> None:
    """A package whose version is dynamic is locked without one, from a snapshot that is no repository."""
    text = repository.read("packages/one/pyproject.toml")
    repository.write("packages/one/pyproject.toml", text.replace('version = "1.0"', 'dynamic = ["version"]'))
    repository.git("add", ".")
    assert staged(repository).lines == ("uv.lock was locked anew and staged.",)
    assert repository.truth(tmp_path / "clone")


def test_the_edits_that_a_runner_put_away(tmp_path: Path) -> None:
    above = next(iter(runner.ancestors()))
    patch = 'diff --git "a/p\\303\\244/uv.lock" "b/p\\303\\244/uv.lock"\n'
    for folder, name in (
        ("pre-commit", f"patch1700000000-{above}"),
        ("prek/patches", f"1700000000-{above}.patch"),
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(patch)
        (tmp_path / folder / "patch1-999999").write_text("diff --git a/other b/other\n")
    environ = {"PRE_COMMIT": "1", "XDG_CACHE_HOME": str(tmp_path)}
    assert runner.hides(runner.hidden(environ), "pä/uv.lock")
    assert not runner.hides(runner.hidden(environ), "other")
    assert runner.hidden({**environ, "PRE_COMMIT": ""}) == b""


def test_a_lock_is_written_in_one_step(tmp_path: Path) -> None:
    file = tmp_path / "uv.lock"
    file.write_bytes(b"old")
    file.chmod(0o640)
    fix_write.replace(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["uv.lock"]
    with pytest.raises(WorkspaceError, match="cannot be written"):
        fix_write.replace(tmp_path / "none" / "uv.lock", b"new")


def test_git_names_content_as_we_do(repository: Repository) -> None:
    content = repository.read("uv.lock").encode()
    assert tree.blob_id(content) == repository.git("rev-parse", "HEAD:uv.lock").stdout.strip()
