"""Calls of `inv` against a task tree."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_checks.scripts_calls import complaints
from workspace_checks.scripts_model import Task, Tasks
from workspace_checks.scripts_words import Word, commands

TREE = Tasks(
    tasks={
        "app.deploy": Task(
            {"--env": True, "--tag": True, "--no-probe": False}, frozenset({"--env", "--tag"})
        ),
        "app.verify": Task({"--env": True}, frozenset({"--env"})),
        "repo.test": Task({"--only": True}),
        "deps.check": Task({}),
    },
    core={
        "--dry": False,
        "-R": False,
        "-e": False,
        "--list": True,
        "-l": True,
        "--help": True,
        "--config": True,
    },
    environments=frozenset({"local", "staging"}),
)


def said(call: str, *given: str) -> list[str]:
    (command,) = commands(f"inv {call}")
    return [
        f"{one.code} {one.message} {one.cure}"
        for one in complaints(command.words[1:], TREE, frozenset(given))
    ]


@pytest.mark.parametrize(
    "call",
    [
        "",
        "deps.check",
        "app.deploy --env staging --tag x --no-probe",
        "app.deploy --env=staging --tag=x",
        'app.deploy --env "$WHERE" --tag ${{ github.sha }}',
        'app.deploy --env="$WHERE" --tag="$TAG"',
        "--dry app.verify --env local",
        "app.verify --env local --dry -R -eR",
        "app.verify --env local deps.check repo.test --only a,b",
        "app.deploy --help",
        "--help app.deploy",
        "--list",
        "--list deps",
        '"$@"',
        "$TASK --whatever",
        "app.deploy $OPTIONS",
        "app.deploy --env staging ${{ inputs.options }}",
        "deps.check -- whatever",
    ],
)
def test_nothing_is_wrong(call: str) -> None:
    assert said(call) == []


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("deps.chekc", "S002 there is no task deps.chekc. Did you mean deps.check?"),
        ("unknown", "S002 there is no task unknown. `inv --list` shows them."),
        (
            "repo.test tests",
            "S002 there is no task tests. A value belongs to an option, such as --only; `inv --list` shows the tasks.",
        ),
        (
            "deps.check --fast",
            "S003 `inv deps.check` has no option --fast. `inv --help deps.check` shows them.",
        ),
        ("repo.test --onyl x", "S003 `inv repo.test` has no option --onyl. Did you mean --only?"),
        ("--fats deps.check", "S003 `inv` itself has no option --fats. `inv --help` shows them."),
        ("deps.check -z", "S003 `inv deps.check` has no option -z. `inv --help deps.check` shows them."),
        (
            "app.verify",
            "S004 `inv app.verify` names no environment. Add --env NAME, or set INFRA_ENV once above it.",
        ),
        ("app.verify --env nowhere", "S004 --env nowhere names no environment. Known: local, staging."),
        ("app.deploy --env local", "S005 `inv app.deploy` needs --tag. Add --tag."),
        ("repo.test --only", "S005 --only has no value. Give --only a value."),
        ("repo.test --only --dry", "S005 --only has no value. Give --only a value."),
    ],
)
def test_what_is_wrong(call: str, complaint: str) -> None:
    found = said(call)
    assert complaint in found
    assert found[0] == complaint or found[-1] == complaint


@pytest.mark.parametrize(
    ("call", "cure"),
    [
        ("app.deploy --enviroment staging --tag x", "Did you mean --env?"),
        ("app.deploy --enviroment=staging --tag x", "Did you mean --env?"),
        ("app.deploy --environment staging --tag x deps.check", "Did you mean --env?"),
        ("app.deploy --env staging --tga x", "Did you mean --tag?"),
        ("app.deploy --env staging --tag x --no-prob", "Did you mean --no-probe?"),
        ("app.deploy --stage staging --tag x", "`inv --help app.deploy` shows them."),
        ("app.deploy --env staging --version=x", "`inv --help app.deploy` shows them."),
        ("--confg f.yaml app.verify --env local", "Did you mean --config?"),
        (
            "app.deploy staging --tag x",
            "A value belongs to an option, such as --env; `inv --list` shows the tasks.",
        ),
        (
            "app.deploy -e staging --tag x",
            "A value belongs to an option, such as --env; `inv --list` shows the tasks.",
        ),
    ],
)
def test_one_mistake_is_one_complaint(call: str, cure: str) -> None:
    (complaint,) = said(call)
    assert complaint.endswith(cure)


def test_all_complaints_at_once() -> None:
    assert [one[:4] for one in said("app.deploy --quick app.verify deps.check --x")] == [
        "S003", "S004", "S005", "S004", "S003",
    ]  # fmt: skip


def test_infra_env_counts_where_it_is_set() -> None:
    assert said("app.verify", "INFRA_ENV") == []
    assert said("app.deploy", "INFRA_ENV") == ["S005 `inv app.deploy` needs --tag. Add --tag."]


def test_another_file_of_environments_has_names_of_its_own() -> None:
    assert said("app.verify --env mine", "INFRA_ENVIRONMENTS") == []


WORDS = (
    st.sampled_from(["app.deploy", "deps.check", "--env", "--tag=x", "-R", "--", "-eR", "--list", "=", ""])
    | st.text()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(Word, WORDS, st.booleans()), max_size=6))
def test_any_call_is_judged(words: list[Word]) -> None:
    assert {one.code for one in complaints(words, TREE, frozenset())} <= {"S002", "S003", "S004", "S005"}
