"""`local.*` as a user runs it, with an engine of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def inv(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT / "tests",
        env={**os.environ, "ECS_LOCAL_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where an engine runs, started by `local.up`."""
    folder = tmp_path_factory.mktemp("engine")
    done = inv(folder, "local.up")
    try:
        assert done.returncode == 0, done.stderr
        assert "The embedded ECS is up: http://127.0.0.1:" in done.stdout
        assert "inv local.down" in done.stdout
        assert "service app in cluster local" in done.stdout
        yield folder
    finally:
        inv(folder, "local.down")


def test_up_again_finds_the_same_engine(home: Path) -> None:
    first = json.loads(inv(home, "local.status", "--json").stdout)
    again = inv(home, "local.up", "--speed", "2")
    assert again.returncode == 0
    assert "was up already" in again.stdout
    assert again.stderr == "It keeps the speed it was started with.\n"
    assert json.loads(inv(home, "local.status", "--json").stdout)["pid"] == first["pid"]


def test_another_profile_is_not_silently_ignored(home: Path) -> None:
    done = inv(home, "local.up", "--profile", "fargate")
    assert done.returncode == 2
    assert "not with the profile fargate" in done.stderr


def test_status_is_a_table_and_an_object(home: Path) -> None:
    facts = json.loads(inv(home, "local.status", "--json").stdout)
    table = inv(home, "local").stdout
    assert facts["profile"] == "fast"
    assert [(one["cluster"], one["service"], one["desired"]) for one in facts["services"]] == [
        ("local", "app", 0)
    ]
    assert facts["tags"] == {"app": ["demo", "demo-2", "demo-broken"]}
    assert str(facts["pid"]) in table
    assert "app demo demo-2 demo-broken" in table
    assert facts["url"] in table


def test_env_is_what_a_shell_evaluates(home: Path) -> None:
    done = inv(home, "local.env")
    script = f'{done.stdout}\nprintf %s "$AWS_ENDPOINT_URL"'
    seen = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert seen == json.loads(inv(home, "local.status", "--json").stdout)["url"]
    assert all(shlex.split(line)[0] == "export" for line in done.stdout.splitlines())


def test_reset_forgets_and_up_creates_anew(home: Path) -> None:
    assert inv(home, "local.reset", "--dry").stdout.startswith("Would reset")
    assert inv(home, "local.reset").returncode == 0
    assert json.loads(inv(home, "local.status", "--json").stdout)["services"] == []
    assert "service app in cluster local" in inv(home, "local.up").stdout
    assert len(json.loads(inv(home, "local.status", "--json").stdout)["services"]) == 1


@pytest.mark.parametrize("name", ["status", "reset", "env"])
def test_without_an_engine_the_cure_is_named(tmp_path: Path, name: str) -> None:
    done = inv(tmp_path, f"local.{name}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The embedded ECS is not running.\nStart it with: inv local.up\n"


def test_down_without_an_engine_is_no_failure(tmp_path: Path) -> None:
    done = inv(tmp_path, "local.down")
    assert (done.returncode, done.stdout) == (0, "The embedded ECS was not running.\n")


@pytest.mark.parametrize(
    "arguments", [["--port", "http"], ["--port", "65536"], ["--profile", "fargat"], ["--speed", "0"]]
)
def test_up_refuses_what_it_cannot_use(tmp_path: Path, arguments: list[str]) -> None:
    done = inv(tmp_path, "local.up", *arguments)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["up", "down"])
def test_dry_starts_and_stops_nothing(tmp_path: Path, name: str) -> None:
    done = inv(tmp_path, f"local.{name}", "--dry")
    assert (done.returncode, done.stdout.startswith("Would ")) == (0, True)
    assert list(tmp_path.iterdir()) == []
