"""What is staged against what lies on disk: our verdict is that of a clone, and it says what was left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workspace_checks import check, say, tree, uv_lock_ask
from workspace_checks.check import Report
from workspace_checks.errors import WorkspaceError

from tests.workspace.lock_repository import Repository, clean
from tests.workspace.lock_workspace import Member


def stage_all(one: Repository) -> None:
    one.git("add", ".")


def a_lock_and_manifest_staged(one: Repository) -> None:
    one.need("packages/one", "zipp")
    one.lock()
    stage_all(one)


def b_lock_not_staged(one: Repository) -> None:
    one.need("packages/one", "zipp")
    one.lock()
    one.git("add", "packages")


def c_lock_holds_more_than_the_staged_manifests(one: Repository) -> None:
    one.need("packages/one", "zipp")
    one.git("add", "packages")
    one.need("packages/two", "pluggy")
    one.lock()
    one.git("add", "uv.lock")


def d_new_member_untracked(one: Repository) -> None:
    one.write("packages/newbie/pyproject.toml", Member("newbie").toml())
    one.lock()
    one.git("add", "uv.lock")


def e_nothing_locked(one: Repository) -> None:
    one.need("packages/one", "zipp")
    stage_all(one)


def f_member_removed_on_disk_only(one: Repository) -> None:
    (one.root / "packages/two/pyproject.toml").unlink()


def g_new_member_ignored(one: Repository) -> None:
    one.write("packages/newbie/pyproject.toml", Member("newbie").toml())
    one.write(".gitignore", "packages/newbie\n")
    one.lock()
    stage_all(one)


def h_manifest_not_staged(one: Repository) -> None:
    one.need("packages/one", "zipp")
    one.lock()
    one.git("add", "uv.lock")


def i_edited_and_nothing_staged(one: Repository) -> None:
    one.need("packages/one", "zipp")


def j_member_no_longer_tracked(one: Repository) -> None:
    one.git("rm", "-q", "--cached", "packages/two/pyproject.toml")


SPLITS: list[tuple[Callable[[Repository], None], bool, str, str]] = [
    (a_lock_and_manifest_staged, True, "", ""),
    (b_lock_not_staged, False, "uv.lock:1: D014", "git add uv.lock"),
    (c_lock_holds_more_than_the_staged_manifests, False, "D014", "git add packages/two/pyproject.toml"),
    (
        d_new_member_untracked,
        False,
        "packages/newbie/pyproject.toml:1: D005",
        "git add packages/newbie/pyproject.toml",
    ),
    (e_nothing_locked, False, "packages/one/pyproject.toml:6: D003 zipp was added", "inv deps.fix --staged"),
    (f_member_removed_on_disk_only, True, "", ""),
    (g_new_member_ignored, False, "ignored by Git", "git add -f packages/newbie/pyproject.toml"),
    (h_manifest_not_staged, False, "D014", "git add packages/one/pyproject.toml"),
    (i_edited_and_nothing_staged, True, "", ""),
    (
        j_member_no_longer_tracked,
        False,
        "packages/two/pyproject.toml:1: D005",
        "git add packages/two/pyproject.toml",
    ),
]


@pytest.mark.parametrize(
    ("split", "fresh", "said", "command"), SPLITS, ids=[row[0].__name__ for row in SPLITS]
)
def test_the_verdict_is_that_of_a_clone(
    repository: Repository,
    tmp_path: Path,
    split: Callable[[Repository], None],
    fresh: bool,
    said: str,
    command: str,
) -> None:
    split(repository)
    report = check.examine(repository.root, "index")
    assert repository.truth(tmp_path / "clone") is fresh
    assert (report.verdict == check.FRESH) is fresh, report
    assert report.source == "index"
    if said:
        assert said in say.lines(report)
        assert command in report.command
        assert report.exit_code == 3
        _cured(repository, report, tmp_path)
    else:
        assert report.exit_code == 0


def _cured(repository: Repository, report: Report, tmp_path: Path) -> None:
    """The one command makes what is staged fresh."""
    line = report.command.replace("inv deps.", f'"{sys.executable}" -m workspace_checks ')
    subprocess.run(line, shell=True, cwd=repository.root, env=clean(), check=True, capture_output=True)
    assert check.examine(repository.root, "index").exit_code == 0
    assert repository.truth(tmp_path / "cured")


def test_what_is_unchanged_is_remembered(repository: Repository) -> None:
    first, second = (check.examine(repository.root, "index") for _ in range(2))
    assert (first.remembered, second.remembered) == (False, True)
    assert first.said == second.said == "uv.lock is fresh (index)."
    repository.write("packages/odd/note.txt", "a folder that the glob names, without a manifest\n")
    repository.git("add", ".")
    report = check.examine(repository.root, "index")
    assert not report.remembered
    assert "packages/odd/ is a member by its glob and has no pyproject.toml" in say.lines(report)
    repository.git("rm", "-q", "-f", "packages/odd/note.txt")
    memo = repository.root / ".git/workspace-checks/fresh"
    kept = memo.read_text()
    for spoilt in (
        "no JSON",
        kept.replace("[", "{"),
        kept[:-9],
        f"{kept}\n",
        kept.replace("uv.lock is", "1,"),
    ):
        memo.write_text(spoilt)
        assert check.examine(repository.root, "index").exit_code == 0
    memo.write_text(kept * 1000)
    repository.write(
        "packages/one/pyproject.toml", repository.read("packages/one/pyproject.toml") + "# more\n"
    )
    repository.git("add", ".")
    check.examine(repository.root, "index")
    assert check.examine(repository.root, "index").remembered
    assert memo.stat().st_size < 1000


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({}, "worktree"), ({"CI": "true"}, "HEAD"), ({"CI": "false"}, "worktree"),
        ({"CI": "true", "PRE_COMMIT": "1"}, "index"), ({"GIT_INDEX_FILE": ".git/index"}, "index"),
    ],
)  # fmt: skip
def test_what_is_judged_by_default(environ: dict[str, str], source: str) -> None:
    assert tree.default_source(environ) == source


def test_any_revision_can_be_judged(repository: Repository) -> None:
    repository.git("tag", "good")
    e_nothing_locked(repository)
    repository.git("commit", "-q", "-m", "stale")
    assert check.examine(repository.root, "good").said == "uv.lock is fresh (good)."
    assert check.examine(repository.root, "HEAD").verdict == check.STALE
    assert check.examine(repository.root, "HEAD~1").exit_code == 0
    repository.git("checkout", "-q", "--detach", "good")
    assert check.examine(repository.root, "HEAD").exit_code == 0


def test_a_new_member_is_named_by_hand_too(repository: Repository) -> None:
    d_new_member_untracked(repository)
    report = check.examine(repository.root, "worktree")
    assert [one.code for one in report.findings] == ["D005"]
    assert report.verdict == check.FRESH  # the lock fits what lies there
    assert check.check(repository.root) == "uv.lock is fresh (work tree)."


def test_a_linked_work_tree_and_a_folder_below(repository: Repository, tmp_path: Path) -> None:
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert check.examine(tmp_path / "linked" / "packages", "index").exit_code == 0
    assert check.examine(repository.root / "packages" / "one", "HEAD").exit_code == 0


def test_without_uv_our_own_verdict_stands(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    git = shutil.which("git")
    assert git is not None
    monkeypatch.setenv("PATH", str(Path(git).parent))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert check.examine(repository.root, "index").exit_code == 0
    e_nothing_locked(repository)
    assert check.examine(repository.root, "index").exit_code == 3
    repository.write("uv.toml", 'resolution = "highest"\n')
    repository.git("add", "uv.toml")
    repository.git("checkout", "-q", "HEAD", "packages")
    with pytest.raises(WorkspaceError, match="only uv can judge it") as caught:
        check.examine(repository.root, "index")
    assert caught.value.exit_code == 2


def test_what_is_unsure_uv_decides(repository: Repository) -> None:
    repository.write("uv.toml", 'resolution = "highest"\n')
    assert check.examine(repository.root, "worktree").exit_code == 0
    repository.write("uv.toml", 'resolution = "lowest-direct"\n')
    report = check.examine(repository.root, "worktree")
    assert [one.code for one in report.findings] == ["D003"]
    assert "uv would change it" in report.findings[0].message


def test_where_uv_differs_it_is_believed_and_named(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    e_nothing_locked(repository)
    monkeypatch.setattr(uv_lock_ask, "ask", lambda *_: (uv_lock_ask.Word.FRESH, ""))
    report = check.examine(repository.root, "index")
    assert (report.exit_code, report.verdict) == (0, check.FRESH)
    assert "zipp was added" in report.notes[0]
    assert "Please report it." in say.lines(report)
