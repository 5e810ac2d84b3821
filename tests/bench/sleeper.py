"""Days of a sleeping service, by recipe: who is served, who is put to sleep too early.

    python -m tests.bench.sleeper --days 8

Each day has 24 visitors (every third reads a page for nearly five minutes) and three deploys, on the `fargate` profile:
load balancer metrics one to two minutes late and absent where nothing happens, alarms that act again each minute. A
sleep is wrong if the service was never idle for its five minutes; late if it was, but somebody came before the metrics
showed it. Virtual time: a day takes a second.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.simulation.sleeper import FILLED, LEASED, NAIVE, PATIENT, Recipe, Sleeper, Tally, busy_day

DAY = 86_400.0
RECIPES = {
    "RequestCount, missing = breaching": NAIVE,
    "FILL(served)+FILL(refused), 5 periods": FILLED,
    "the same, 5+2 periods": PATIENT,
    "our template: and DeployActivity": LEASED,
}


@dataclass
class Row:
    """A recipe's days added up."""

    served: int = 0
    refused: int = 0
    sleeps: int = 0
    wrong: int = 0
    late: int = 0

    def add(self, tally: Tally) -> None:
        """One more day."""
        self.served += tally.served
        self.refused += tally.refused
        self.sleeps += len(tally.sleeps)
        self.wrong += len(tally.wrong_sleeps)
        self.late += len(tally.late_sleeps)


def days(recipe: Recipe, number: int) -> Row:
    """So many busy days."""
    row = Row()
    for seed in range(1, number + 1):
        row.add(busy_day(recipe, seed).run_until(DAY))
    return row


def now_and_then(recipe: Recipe) -> Row:
    """A visitor each 280 seconds for fifty minutes, who does not reload: the case that fools a five-minute alarm."""
    stage, row = Sleeper(recipe), Row()
    stage.deploy("1")
    for number in range(11):
        stage.at(
            3600.0 + number * 280.0, partial(stage.insist, 1, 0.0, patience=600.0 if not number else 0.0)
        )
    row.add(stage.run_until(3600.0 + 11 * 280.0))
    return row


def table(number: int) -> Iterator[str]:
    """The lines of both tables."""
    for title, play in (
        (f"{number} busy days", partial(days, number=number)),
        ("a visitor each 280 s for 50 minutes", now_and_then),
    ):
        yield f"{'served':>8} {'refused':>8} {'sleeps':>7} {'wrong':>6} {'late':>5}   {title}"
        for name, recipe in RECIPES.items():
            row = play(recipe)
            yield f"{row.served:8} {row.refused:8} {row.sleeps:7} {row.wrong:6} {row.late:5}   {name}"


def main() -> int:
    """Print the tables; 1 where our own recipe put somebody to sleep too early."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=8)
    number = parser.parse_args().days
    for line in table(number):
        print(line, flush=True)
    return 1 if days(LEASED, number).wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
