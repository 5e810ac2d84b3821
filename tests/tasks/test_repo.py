"""What `repo.*` makes of what the programs below it say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit
from workspace_checks import scripts
from workspace_checks.findings import Finding
from workspace_checks.scripts_model import Tasks

from tasks import _checks, _tree, repo
from tasks._place import ROOT


def context(*, dry: bool = False) -> Context:
    return Context(Config(overrides={"run": {"dry": dry}}))


AT_ONCE = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    made: list[list[str]] = []
    monkeypatch.setattr(_checks, "run", lambda arguments: made.append(arguments[2:]) or 0)
    return made


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["pytest", *AT_ONCE, "--ignore=tests/bench"]),
        ({"bench": True}, ["pytest", *AT_ONCE]),
        ({"only": "tests/bench"}, ["pytest", "tests/bench"]),
        (
            {"only": "tests/tasks,tests/test_tree.py::test_x"},
            ["pytest", "tests/tasks", "tests/test_tree.py::test_x", "--ignore=tests/bench"],
        ),
        ({"match": "a and b"}, ["pytest", *AT_ONCE, "-k", "a and b", "--ignore=tests/bench"]),
    ],
)
def test_what_pytest_is_asked(
    calls: list[list[str]], options: dict[str, object], expected: list[str]
) -> None:
    repo.test(context(), **options)
    assert calls == [expected]


@pytest.mark.parametrize(("pytest_says", "code"), [(1, 3), (2, 3), (3, 1), (4, 2), (5, 2), (-9, 1)])
def test_every_end_of_pytest_has_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, pytest_says: int, code: int
) -> None:
    monkeypatch.setattr(_checks, "run", lambda _: pytest_says)
    with pytest.raises(Exit) as caught:
        repo.test(context())
    assert caught.value.code == code


def test_all_linters_run_and_all_findings_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        _checks, "run", lambda arguments: made.append(arguments[2]) or int(arguments[2] == "ruff")
    )
    with pytest.raises(Exit) as caught:
        repo.lint(context())
    assert caught.value.code == 3
    assert made[:4] == ["ruff", "ruff", "mypy", "--quiet"]
    assert capsys.readouterr().err.endswith("Findings from ruff check, ruff format. See above.\n")


@pytest.mark.parametrize("there", [True, False])
def test_actionlint_runs_where_it_is_installed(
    calls: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    there: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if there:
        (tmp_path / "actionlint").touch(0o755)
    repo.lint(context())
    assert len(calls) == (5 if there else 4)
    assert ("Not run: actionlint" in capsys.readouterr().err) is not there


def test_fast_leaves_the_types_out(calls: list[list[str]]) -> None:
    repo.lint(context(), fast=True)
    assert [call[0] for call in calls] == ["ruff", "ruff"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("test", "Would run: "),
        ("lint", "Would run: "),
        ("hooks", "Would install the commit hooks of this clone."),
    ],
)
def test_dry_runs_nothing(
    calls: list[list[str]], name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    getattr(repo, name)(context(dry=True))
    assert calls == []
    assert capsys.readouterr().out.startswith(said)


FINDING = Finding("a.yml", 3, "S001", "`uv sync` goes past the task tree.", "Instead: inv deps.sync")


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """Stands in for the check, which has tests of its own: notes what it is asked, and finds one thing."""
    asked: list[tuple[object, ...]] = []

    def check(root: object, source: str, tree: Tasks) -> scripts.Report:
        asked.append((source, "repo.check" in tree.tasks))
        return scripts.Report(source, 7, (FINDING,))

    monkeypatch.setattr(scripts, "check", check)
    return asked


@pytest.mark.parametrize(
    ("options", "out"),
    [
        ({}, "1 finding (HEAD):\na.yml:3: S001 `uv sync` goes past the task tree.\nInstead: inv deps.sync\n"),
        ({"json": True}, '{\n  "outcome": "found",\n'),
        ({"github": True}, "::error file=a.yml,line=3,title=S001::"),
    ],
)
def test_findings_are_told_and_are_an_exit_code(
    report: list[tuple[object, ...]], options: dict[str, bool], out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit) as caught:
        repo.check(context(), **{"from": "HEAD"}, **options)
    assert caught.value.code == 3
    assert report == [("HEAD", True)]
    assert out in capsys.readouterr().out


def test_the_tree_is_read_as_invoke_reads_it() -> None:
    known = _tree.known()
    assert known.tasks["app.deploy"].required == {"--env", "--tag"}
    assert known.tasks["app.deploy"].options["--no-probe"] is False
    assert known.tasks["repo"] == known.tasks["repo.check"]
    assert known.tasks["repo.check"].options["--from"] is True
    assert known.core["--dry"] is False
    assert known.environments == {"local", "staging", "production"}
    assert sys.modules["tasks"].__file__ == str(ROOT / "tasks" / "__init__.py")
