"""The recorded rollouts, replayed: the same moments in the same order, each gap within its tolerance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from tests.recorded import records, replay
from tests.recorded.records import Moment
from tests.recorded.replay import Seen, Tuning

REPLAYS: dict[str, tuple[Sequence[Moment], Callable[[], list[Seen]]]] = {
    "three tasks behind a load balancer": (records.BUG, replay.bug),
    "two tasks without one": (records.CLI, replay.cli),
    "a first task without one": (records.FIRST, replay.first),
    "the start of a task": (records.TRC_START, replay.trc_start),
    "the end of a task": (records.TRC_STOP, lambda: replay.trc_stop()[0]),
    "a breaker that rolls back": (records.G3, lambda: replay.g3()[0]),
    "how an old task goes": (records.DC34, replay.dc34),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_same_moments_same_order_same_gaps(name: str) -> None:
    recorded, play = REPLAYS[name]
    ours = play()
    assert [what for what, _ in ours] == [moment.what for moment in recorded]
    table = replay.beside(name, recorded, ours)
    there = here = 0.0
    for moment, (_, at) in zip(recorded, ours, strict=True):
        off = abs((moment.at - there) - (at - here))
        assert off <= moment.within + 1e-3, f"{moment.what} is {off:.3f} s off\n{table}"
        there, here = moment.at, at


@pytest.mark.parametrize("name", ["three tasks behind a load balancer", "two tasks without one"])
def test_whole_rollouts_take_as_long_as_recorded(name: str) -> None:
    recorded, play = REPLAYS[name]
    assert play()[-1][1] == pytest.approx(recorded[-1].at, rel=0.03)


def test_a_scale_in_is_steady_before_its_task_is_gone() -> None:
    moments, steady = replay.trc_stop()
    assert steady == pytest.approx(records.STEADY_AFTER_SCALE_IN, abs=0.5)
    assert steady < dict(moments)["stopped"]


def test_the_rollback_uses_the_deployment_before_again() -> None:
    assert replay.g3()[1]


def test_replays_are_the_same_every_time() -> None:
    assert replay.bug() == replay.bug()


def test_prediction_for_our_tuning() -> None:
    """As the template has it, beside what AWS does where nobody tunes anything."""
    ours = replay.of_template()
    assert ours == Tuning(delay=30.0, interval=5.0, threshold=2)
    assert replay.seconds(replay.one_task(ours)) <= 160.0
    assert replay.seconds(replay.one_task(ours, asleep=True)) <= 100.0
    assert replay.seconds(replay.one_task(replace(ours, early=True))) <= 100.0
    assert replay.seconds(replay.one_task(replay.DEFAULTS)) >= 400.0


def test_a_profile_at_ten_times_the_speed_takes_a_tenth() -> None:
    slow, quick = (replay.one_task(replay.of_template(), speed=speed) for speed in (1.0, 10.0))
    assert replay.seconds(quick) == pytest.approx(replay.seconds(slow) / 10, rel=0.02)
