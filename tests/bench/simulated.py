"""Simulated deploys by the thousand: random services, images, faults, crashes, rivals, each from its seed.

    python -m tests.bench.simulated --seeds 100000 --jobs 2 --log simulated.log
    python -m tests.bench.simulated --seeds 2000 --through-aws

`--start` goes on from a seed; every `--report` seeds the figures so far are printed (and appended to the log, as
JSON), so that a run that was stopped is not lost. A seed that fails is named with the command that replays it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation.play import play

_CHUNK = 50


@dataclass
class Figures:
    """What came of some seeds."""

    seeds: int = 0
    runs: int = 0
    calls: int = 0
    crashes: int = 0
    interrupts: int = 0
    virtual_hours: float = 0.0
    cpu_seconds: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)

    def add(self, other: Figures) -> None:
        """Add those of other seeds."""
        self.seeds += other.seeds
        self.runs += other.runs
        self.calls += other.calls
        self.crashes += other.crashes
        self.interrupts += other.interrupts
        self.virtual_hours += other.virtual_hours
        self.cpu_seconds += other.cpu_seconds
        self.outcomes.update(other.outcomes)
        self.actions.update(other.actions)
        self.faults.update(other.faults)
        self.failed.update(other.failed)


def some(work: tuple[int, int, bool]) -> Figures:
    """Play the seeds from `first` on, `count` of them."""
    first, count, through_aws = work
    figures, began = Figures(), time.process_time()
    for seed in range(first, first + count):
        played = play(seed, through_aws=through_aws)
        figures.seeds += 1
        figures.runs += played.runs
        figures.calls += played.calls
        figures.crashes += played.crashes
        figures.interrupts += played.presses
        figures.virtual_hours += played.hours
        figures.outcomes.update(played.outcomes)
        figures.actions.update(played.actions)
        figures.faults.update(played.faults)
        if played.wrong:
            figures.failed[seed] = played.wrong[0]
    figures.cpu_seconds = time.process_time() - began
    return figures


def _pieces(first: int, count: int, through_aws: bool) -> Iterator[tuple[int, int, bool]]:
    for start in range(first, first + count, _CHUNK):
        yield start, min(_CHUNK, first + count - start), through_aws


def _shown(total: Figures, first: int, wall: float) -> dict[str, Any]:
    shown = vars(total) | {
        "first_seed": first,
        "wall_seconds": round(wall, 1),
        "virtual_hours": round(total.virtual_hours, 1),
        "cpu_seconds": round(total.cpu_seconds, 1),
        "seeds_per_cpu_minute": round(total.seeds / max(total.cpu_seconds, 0.001) * 60),
        "faults_injected": total.faults.total(),
    }
    return shown | {"failed": {str(seed): why for seed, why in total.failed.items()}}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--report", type=int, default=2000, help="print the figures every so many seeds")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--through-aws", action="store_true", help="by boto3's own clients")
    chosen = parser.parse_args()
    began, total = time.monotonic(), Figures()
    work = _pieces(chosen.start, chosen.seeds, chosen.through_aws)
    with multiprocessing.Pool(chosen.jobs) as pool:
        for done in pool.imap(some, work):
            total.add(done)
            for seed, why in done.failed.items():
                more = " --through-aws" if chosen.through_aws else ""
                print(
                    f"seed {seed}: {why}\n  replay: python -m tests.simulation --seed {seed}{more}",
                    flush=True,
                )
            if total.seeds % chosen.report < _CHUNK or total.seeds == chosen.seeds:
                line = json.dumps(_shown(total, chosen.start, time.monotonic() - began))
                print(line, flush=True)
                if chosen.log:
                    with chosen.log.open("a") as log:
                        log.write(line + "\n")
    return bool(total.failed)


if __name__ == "__main__":
    raise SystemExit(main())
