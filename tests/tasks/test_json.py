"""`--json` of every task of the real tree: one object on stdout on every end, and the exit code is the object's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests.scenarios.place import Place, place
from tests.tasks.command import ROOT, Done, inv


def _options() -> dict[str, set[str]]:
    """The long options of every task that has `--json`."""
    module, folder = FilesystemLoader(start=str(ROOT)).load("tasks")
    tree = Collection.from_module(module, loaded_from=folder)
    found = {name: {n for a in tree[name].get_arguments() for n in a.names} for name in tree.task_names}
    return {name: options for name, options in sorted(found.items()) if "json" in options}


OPTIONS = _options()
A_STREAM = {"app.logs"}  # an object for each line of a log, as long as it flows
OF_AN_ENVIRONMENT = [name for name, options in OPTIONS.items() if "env" in options]
# In the order in which they make sense: what puts to sleep comes before what wakes.
FIRST = ["app.deploy", "app.verify", "app.status", "app.sleep", "app.wake"]


def test_the_tasks_that_the_design_names_are_there() -> None:
    reporting = ("deploy", "verify", "status", "rollback", "resume", "abort", "wake", "sleep", "history")
    assert {f"app.{name}" for name in reporting} <= set(OPTIONS)


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("place")) as found:
        yield found


def typed(name: str, **values: str) -> list[str]:
    """The command with `--json`, and of these options those that the task has."""
    known = {option: value for option, value in values.items() if option in OPTIONS[name]}
    return [name, *(word for option, value in known.items() for word in (f"--{option}", value)), "--json"]


def the_object(done: Done) -> dict[str, Any]:
    found = json.loads(done.stdout)  # fails for anything beside the one object
    assert isinstance(found, dict)
    assert "Traceback" not in done.stderr
    assert {"outcome", "exit_code"} <= set(found), sorted(found)
    assert found["exit_code"] == done.returncode
    assert found["outcome"]
    return found


@pytest.mark.parametrize("name", sorted(OPTIONS, key=lambda n: (*FIRST, n).index(n)))
def test_a_run(where: Place, name: str) -> None:
    done = inv(where.environ, *typed(name, env="local", tag="demo"))
    if name in A_STREAM:
        assert all(isinstance(json.loads(line), dict) for line in done.stdout.splitlines())
        return
    found = the_object(done)
    if name in OF_AN_ENVIRONMENT:
        assert found["environment"] == "local"


ENDS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "no environment": ({}, {"tag": "demo"}),
    "an unknown one": ({}, {"tag": "demo", "env": "nowhere"}),
    "unreadable settings": ({"INFRA_ENVIRONMENTS": "/dev/null/none"}, {"tag": "demo", "env": "local"}),
    "an unknown service": ({}, {"tag": "demo", "env": "local", "service": "nobody"}),
}


@pytest.mark.parametrize(
    ("name", "end"), [(name, list(ENDS)[i % len(ENDS)]) for i, name in enumerate(OF_AN_ENVIRONMENT)]
)
def test_a_refusal(where: Place, name: str, end: str) -> None:
    environ, values = ENDS[end]
    done = inv({**where.environ, **environ}, *typed(name, **values))
    found = the_object(done)
    assert (found["outcome"], found["exit_code"]) == ("refused", 2), done
    assert found["cause"] in done.stderr
    assert found["environment"] == values.get("env")


def test_the_plans_of_those_that_have_one(where: Place) -> None:
    for name in ("app.deploy", "app.rollback", "app.wake", "app.sleep"):
        done = inv(where.environ, *typed(name, env="local", tag="demo-2"), "--dry")
        assert the_object(done)["dry"] is True, name


def test_a_crash(where: Place, tmp_path: Path) -> None:
    """Something nobody foresaw: here a folder where a file should be."""
    done = inv({**where.environ, "INFRA_ENVIRONMENTS": str(tmp_path)}, *typed("app.status", env="local"))
    assert the_object(done)["exit_code"] in (1, 2)
