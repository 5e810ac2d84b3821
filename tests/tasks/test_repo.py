"""What `repo.*` makes of what the programs below it say."""

from __future__ import annotations

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from tasks import repo


def context(*, dry: bool = False) -> Context:
    return Context(Config(overrides={"run": {"dry": dry}}))


AT_ONCE = ["-n", "4", "--dist", "loadfile"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    made: list[list[str]] = []
    monkeypatch.setattr(repo, "run", lambda arguments: made.append(arguments[2:]) or 0)
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
    monkeypatch.setattr(repo, "run", lambda _: pytest_says)
    with pytest.raises(Exit) as caught:
        repo.test(context())
    assert caught.value.code == code


def test_all_linters_run_and_all_findings_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    monkeypatch.setattr(
        repo, "run", lambda arguments: made.append(arguments[2]) or int(arguments[2] == "ruff")
    )
    with pytest.raises(Exit) as caught:
        repo.lint(context())
    assert caught.value.code == 3
    assert made == ["ruff", "ruff", "mypy"]
    assert capsys.readouterr().err == "Findings from ruff check, ruff format. See above.\n"


def test_fast_leaves_the_types_out(calls: list[list[str]]) -> None:
    repo.lint(context(), fast=True)
    assert [call[0] for call in calls] == ["ruff", "ruff"]


@pytest.mark.parametrize("name", ["test", "lint", "hooks"])
def test_dry_runs_nothing(calls: list[list[str]], name: str, capsys: pytest.CaptureFixture[str]) -> None:
    getattr(repo, name)(context(dry=True))
    assert calls == []
    assert capsys.readouterr().out.startswith("Would run: ")
