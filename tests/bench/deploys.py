"""Many deploys in a row under steady load: how many requests are lost?

    python -m tests.bench.deploys --deploys 50

Half from a service configured 0/200, half 100/200, every fifth from zero. Beside 200 plain requests a second
(keep-alive and not) there are requests of 5 to 20 seconds, streamed answers and idle connections, and the
balancer goes on sending new requests to a deregistered target for 3 seconds (profile `adverse`). From zero only
what comes after the verdict counts. The meter never retries and counts everything.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ecs_deployment.rollout_state import Limits

from tests.bench.meter import Meter, Result, metered
from tests.scenarios.place import Place, place

ENVELOPES = ((0, 200), (100, 200))


@dataclass
class Tally:
    """What a series of deploys brought. `lost` are the lost requests, each in words."""

    deploys: int = 0
    from_zero: int = 0
    requests: int = 0
    lost: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    longest_gap: float = 0.0

    def add(self, result: Result) -> None:
        """Add what a meter counted."""
        self.requests += result.requests
        self.lost += [f"{one.kind} {one.path} {one.connection}: {one.what}" for one in result.lost]
        self.longest_gap = max(self.longest_gap, result.longest_gap)


@dataclass(frozen=True)
class Load:
    """What is sent during the deploys."""

    rate: float = 200.0
    longs: int = 6
    streams: int = 4
    long_seconds: tuple[float, float] = (5.0, 20.0)
    idlers: int = 6


def series(
    where: Place, deploys: int, envelope: tuple[int, int], load: Load, tally: Tally, *, from_zero: int
) -> None:
    """`deploys` in a row, the last `from_zero` of them from zero and the others from one task under load."""
    floor, ceiling = envelope
    where.deploy("demo", probe=False)
    where.configure(minimumHealthyPercent=floor, maximumPercent=ceiling)
    tags = _tags()
    with _load(where, load, tally):
        for _ in range(deploys - from_zero):
            _one(where, next(tags), tally)
    for _ in range(from_zero):
        where.fall_asleep()
        _one(where, next(tags), tally)
        tally.from_zero += 1
        with _load(where, load, tally):
            time.sleep(2)  # that long it is asked after it came from zero
    live = where.snapshot().service.configuration
    assert (live["minimumHealthyPercent"], live["maximumPercent"]) == envelope, (
        "the floor was not handed back"
    )


def _tags() -> Iterator[str]:
    while True:
        yield from ("demo-2", "demo")


@contextmanager
def _load(where: Place, load: Load, tally: Tally) -> Iterator[Meter]:
    with metered(lambda: Meter(where.url, **asdict(load))) as meter:
        yield meter
    tally.add(meter.result())


def _one(where: Place, tag: str, tally: Tally) -> None:
    report = where.deploy(tag, limits=Limits(max_errors=0))
    tally.deploys += 1
    tally.seconds.append(report.seconds)
    outcome = report.outcome.value
    tally.outcomes[outcome] = tally.outcomes.get(outcome, 0) + 1


def main() -> int:
    """Run the bench and print its figures as JSON; 1 where a request was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--deploys", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200.0)
    options = parser.parse_args()
    tally = Tally()
    began = time.monotonic()
    for envelope in ENVELOPES:
        with tempfile.TemporaryDirectory() as folder, place(Path(folder), profile="adverse") as where:
            each = options.deploys // 2
            series(where, each, envelope, Load(rate=options.rate), tally, from_zero=each // 5)
    figures = asdict(tally) | {
        "lost": len(tally.lost),
        "first_lost": tally.lost[:20],
        "seconds": {"median": statistics.median(tally.seconds), "max": max(tally.seconds)},
        "wall": round(time.monotonic() - began),
    }
    print(json.dumps(figures, indent=2))
    return 1 if tally.lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
