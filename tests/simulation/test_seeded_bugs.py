"""The simulation is able to fail: planted bugs are found. All of them: python -m tests.bench.seeded_bugs"""

from __future__ import annotations

import pytest

from tests.simulation.play import play
from tests.simulation.seeded_bugs import BUGS, planted

BY_NAME = {bug.name: bug for bug in BUGS}
QUICKLY = {
    "a desired count is sent though it was not 0": 5,
    "the floor is raised and nobody owes it": 5,
    "the fence is not re-checked": 5,
    "scale-in is not resumed": 10,
    "debts are dropped on takeover": 60,
}
"""How many seeds are enough, generously."""


def test_there_are_thirty_and_each_can_be_planted_and_taken_back() -> None:
    assert len(BUGS) >= 30
    assert len(BY_NAME) == len(BUGS)
    for bug in BUGS:
        with planted(bug):
            pass


@pytest.mark.parametrize("name", QUICKLY)
def test_a_planted_bug_is_found(name: str) -> None:
    with planted(BY_NAME[name]):
        assert any(play(BY_NAME[name].begin + seed).wrong for seed in range(QUICKLY[name]))
