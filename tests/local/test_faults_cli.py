"""`inv local.fault` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ecs_local import client
from ecs_local.client import Engine
from ecs_local.faults import KINDS

from tasks import local

ROOT = Path(__file__).resolve().parents[2]


def inv(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT,
        env={**os.environ, "ECS_LOCAL_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def home(engine: Engine) -> Iterator[Path]:
    """The home of a running engine without faults, before and after."""
    client.clear_faults(engine)
    yield engine.home
    client.clear_faults(engine)


def test_a_fault_is_planted_shown_and_cleared(home: Path) -> None:
    planted = inv(
        home, "local.fault", "--kind", "crash-after", "--service", "none", "--count", "2", "--seconds", "1.5"
    )
    assert planted.returncode == 0, planted.stderr
    assert "Planted: kind crash-after, service none, seconds 1.5, left 2, struck 0." in planted.stdout
    assert "inv local.fault --clear" in planted.stdout
    assert planted.stderr.startswith("No service is called none yet, so nothing is struck")
    told = json.loads(inv(home, "local.status", "--json").stdout)["faults"]
    assert told == [{"kind": "crash-after", "service": "none", "seconds": 1.5, "left": 2, "struck": 0}]
    assert "faults     kind crash-after, service none" in inv(home, "local.status").stdout
    assert inv(home, "local.fault", "--clear").stdout == "Faults taken away: 1.\n"
    assert json.loads(inv(home, "local.status", "--json").stdout)["faults"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "crash"], "There is no fault 'crash'.\nDid you mean crash-"),
        (["--kind", "bogus"], "There is no fault 'bogus'.\nKnown: crash-at-start, crash-after"),
        (["--kind", "throttling", "--operation", "Bogus"], "'Bogus'.\nName one as AWS does"),
        (["--kind", "throttling", "--operation", "UpdateServce"], "\nDid you mean UpdateService?"),
        (["--kind", "throttling", "--count", "none"], "--count none is not usable."),
        (["--kind", "throttling", "--count", "0"], "--count 0 is not usable."),
        (["--kind", "crash-after", "--seconds", "-1"], "--seconds -1 is not usable."),
        (["--clear", "--kind", "throttling"], "--clear takes every fault away"),
        ([], "--kind is missing."),
    ],
)
def test_what_cannot_be_planted_is_refused(home: Path, arguments: list[str], said: str) -> None:
    done = inv(home, "local.fault", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert json.loads(inv(home, "local.status", "--json").stdout)["faults"] == []


def test_dry_plants_nothing(home: Path) -> None:
    assert inv(home, "local.fault", "--dry", "--kind", "throttling").stdout.startswith("Would plant")
    assert inv(home, "local.fault", "--dry", "--clear").stdout.startswith("Would take")
    assert json.loads(inv(home, "local.status", "--json").stdout)["faults"] == []


def test_without_an_engine_the_cure_is_named(tmp_path: Path) -> None:
    done = inv(tmp_path, "local.fault", "--kind", "throttling")
    assert (done.returncode, done.stderr) == (
        2,
        "The embedded ECS is not running.\nStart it with: inv local.up\n",
    )


def test_the_help_names_every_kind_and_every_default_of_seconds() -> None:
    told = {one.name: one.about for one in local.fault.options}
    assert [kind for kind in KINDS if kind not in told["kind"]] == []
    for kind, facts in KINDS.items():
        if facts.seconds is not None:
            assert f"({facts.seconds:g})" in told["seconds"].partition(f"{kind}:")[2].partition(".")[0]
