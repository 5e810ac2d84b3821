"""The task tree as users meet it: what it lists, what its help says, what it costs to start."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader
from invoke.tasks import Task

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"aiohttp", "boto3", "botocore", "moto", "rich", "tomlkit"}
CORE_FLAGS = {"complete", "config", "debug", "dry", "echo", "help", "hide", "list", "pty", "version"}


def load() -> Collection:
    module, folder = FilesystemLoader(start=str(ROOT)).load("tasks")
    return Collection.from_module(module, loaded_from=folder)


TREE = load()
NAMES = sorted(TREE.task_names)


def find(name: str) -> Task[Any]:
    found = TREE[name]
    assert isinstance(found, Task)
    return found


def inv(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_task_says_what_it_does_and_shows_a_worked_command(name: str) -> None:
    text = inspect.getdoc(find(name).body) or ""
    first, _, rest = text.partition("\n")
    assert re.fullmatch(r"[A-Z].*[.]", first), f"{name}: the first line of the docstring is one sentence"
    assert re.search(rf"\binv {re.escape(name)}\b", rest), f"{name}: no worked command"


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_long_keyword_only_and_explained(name: str) -> None:
    task = find(name)
    parameters = list(inspect.signature(task.body).parameters.values())[1:]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    assert {type(parameter.default) for parameter in parameters} <= {str, bool}
    assert all(parameter.default in ("", True, False) for parameter in parameters)
    for argument in load()[name].get_arguments():
        assert argument.help, f"{name}: --{argument.name} has no help"
        assert not argument.positional
        for option in argument.names:
            assert len(option) > 1, f"{name}: -{option} is a short flag"
            assert option not in CORE_FLAGS, f"{name}: --{option} is a flag of Invoke itself"


def test_the_worked_commands_use_options_that_exist() -> None:
    for name in NAMES:
        known = {f"--{option}" for a in load()[name].get_arguments() for option in a.names} | {"--dry"}
        negated = {f"--no-{flag.removeprefix('--')}" for flag in known}
        for line in (inspect.getdoc(find(name).body) or "").splitlines():
            _, _, call = line.partition(f"inv {name}")
            used = set(re.findall(r"--[a-z][a-z-]*", call))
            assert used <= known | negated, f"{name}: {line.strip()}"


def test_every_namespace_has_a_sentence() -> None:
    for collection in TREE.collections.values():
        assert re.match(r"[A-Z].*[.:]", str(collection.__doc__)), collection.name


def test_listing_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "invoke", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "invoke" in imported  # the measure can fail
    assert not imported & HEAVY
    assert "ecs_deployment" not in imported


def test_it_lists_the_same_from_a_folder_below(tmp_path: Path) -> None:
    assert inv("--list", folder=ROOT / "infra" / "workspace").stdout == inv("--list").stdout
    assert "deps.check" in inv("--list").stdout


def test_the_tree_and_the_package_hold_the_same_tasks() -> None:
    from tasks import deps

    assert find("deps.check").body.__wrapped__.__code__ == deps.check.body.__wrapped__.__code__


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["deps.chekc"], 2, "There is no task deps.chekc.\nDid you mean deps.check?"),
        (["deps.check", "--fast"], 2, "deps.check has no option --fast."),
        (["deps.check", "staging"], 2, "'staging' is no task, and no value either"),
        (["repo.test", "--match="], 2, "--match was given an empty value."),
        (["repo.test", "--match", ""], 2, "--match was given an empty value."),
        (["repo.test", "--match", "--onyl"], 2, "--match was given '--onyl', which looks like an option."),
        (["repo.test", "--match", "--only", "tests"], 2, "--match was given no value."),
        (["repo.test", "--only", "tests/none.py"], 2, "no such file or folder"),
    ],
)
def test_a_wrong_command_line_is_refused_in_a_sentence(arguments: list[str], code: int, said: str) -> None:
    done = inv(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--dry", "repo.test"], ["repo.test", "--dry"]])
def test_dry_shows_the_command_and_does_not_run_it(arguments: list[str]) -> None:
    done = inv(*arguments)
    assert done.returncode == 0
    assert done.stdout.startswith("Would run: ")
    assert "--ignore=tests/bench" in done.stdout


def test_a_reader_of_the_list_may_leave() -> None:
    command = [sys.executable, "-u", "-m", "invoke", "--list"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == ""
