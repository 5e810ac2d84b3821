"""Hundreds of whole deploys with faults, crashes and rivals, each from its seed: every invariant holds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.play import play

ROOT = Path(__file__).resolve().parents[2]
SHARDS, EACH = 4, 115


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_invariant_holds(shard: int) -> None:
    """The bench goes on where this ends: python -m tests.bench.simulated --seeds 100000"""
    for seed in range(shard * EACH, (shard + 1) * EACH):
        played = play(seed)
        assert not played.wrong, f"{played.wrong}\nreplay: python -m tests.simulation --seed {seed}"


def test_the_same_holds_through_botos_own_clients() -> None:
    for seed in range(7000, 7040):
        played = play(seed, through_aws=True)
        assert not played.wrong, (
            f"{played.wrong}\nreplay: python -m tests.simulation --seed {seed} --through-aws"
        )


def test_a_seed_gives_the_same_history_in_every_process() -> None:
    """Neither the order of hashes nor a clock of this machine is in it."""
    told = [_told("1"), _told("2")]
    assert told[0] == told[1]
    assert "inv app.deploy" in told[0]


def _told(hashes: str) -> str:
    script = "from tests.simulation.play import play\nfor seed in range(40, 48): print(play(seed).history)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": hashes},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_history_says_who_did_what_when() -> None:
    history = "".join(str(play(seed).history) for seed in range(40, 43))
    for word in ("#1  inv app.deploy --tag", "#1  UpdateService(", "ecs  StartTasks(", "#1  says: "):
        assert word in history
