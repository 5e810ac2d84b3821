"""Every seeded bug, and the first seed that finds it:  python -m tests.bench.seeded_bugs --seeds 1000 --jobs 2"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from functools import partial

from tests.simulation.play import play
from tests.simulation.seeded_bugs import BUGS, planted


def find(number: int, seeds: int) -> tuple[int, int | None, str]:
    """The first seed that finds the bug of that number, and what it found."""
    with planted(BUGS[number]):
        for seed in range(BUGS[number].begin, BUGS[number].begin + seeds):
            played = play(seed)
            if played.wrong:
                return number, seed, played.wrong[0]
    return number, None, "not found"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    chosen = parser.parse_args()
    numbers = [number for number, bug in enumerate(BUGS) if chosen.only in bug.name]
    began, missed = time.monotonic(), 0
    # A process of its own for each, so that no bug outlives its search.
    with multiprocessing.Pool(chosen.jobs, maxtasksperchild=1) as pool:
        for number, seed, what in pool.imap(partial(find, seeds=chosen.seeds), numbers, 1):
            missed += seed is None
            print(
                f"{BUGS[number].where:38} {BUGS[number].name:72} {'-' if seed is None else seed:>6}  {what}",
                flush=True,
            )
    print(f"{len(numbers) - missed} of {len(numbers)} found in {time.monotonic() - began:.0f} s")
    return bool(missed)


if __name__ == "__main__":
    raise SystemExit(main())
