"""`kill -9` in the middle, and then a second run; `tests/bench/kills.py` does it after every single call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ecs_deployment.outcome import Outcome

from tests.scenarios.kills import Rig, killing, lies, second_run
from tests.scenarios.place import Place


@pytest.fixture(scope="module")
def rig(shared: Place) -> Iterator[Rig]:
    with killing(shared) as made:
        yield made


@pytest.mark.parametrize(
    ("last", "nth", "kind", "outcomes"),
    [
        ("RegisterTaskDefinition", 1, "resume", {Outcome.DEPLOYED}),  # the lock is taken, nothing else
        ("RegisterScalableTarget", 1, "abort", {Outcome.UNCHANGED}),  # scale-in is suspended, nothing rolls
        ("UpdateService", 1, "resume", {Outcome.DEPLOYED}),  # it rolls, and the journal does not know it yet
        ("UpdateService", 1, "abort", {Outcome.DEPLOYED}),
        # Somewhere on the way: what rolls goes on by itself, and may be there before the second run.
        ("DescribeServices", 5, "deploy", {Outcome.DEPLOYED, Outcome.UNCHANGED}),
    ],
)
def test_a_second_run_puts_everything_in_order(
    shared: Place, rig: Rig, last: str, nth: int, kind: str, outcomes: set[Outcome]
) -> None:
    shared.make_well()
    shared.configure(minimumHealthyPercent=0)
    before, tag = shared.snapshot().service.task_definition, shared.other()
    dead = rig.deploy(tag, after=nth, name=last)
    assert dead.returncode == -9, dead.stdout
    left = shared.entries()[0]
    assert not left.outcome
    assert {finding.code for finding in shared.verify().findings} & {"owed", "unfinished"}
    result = second_run(shared, kind, tag)
    assert result.outcome in outcomes
    assert lies(shared, kind, before, tag, left, result) == []
