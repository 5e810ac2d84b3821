"""Deployers that start in the same instant, as processes of their own, many times over: exactly one gets the lock.

    python -m tests.bench.locks --rounds 200 --deployers 8

Prints one JSON object; exit 1 where a round had another number of winners than one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from ecs_deployment import aws
from ecs_deployment.clock import RealClock
from ecs_deployment.errors import DeployError, LockHeld
from ecs_deployment.journal import Taking, journal_path, take
from ecs_local import client

PATH = journal_path("race", "local", "app")
_PATIENCE = 120.0


def deployer(
    environ: dict[str, str], rounds: int, start: Barrier, end: Barrier, told: Any, number: int
) -> None:
    """One process: it tries to take the lock in each round, and holds it until all have tried."""
    cloud = aws.AwsCloud(aws.local_session(environ))
    for round_ in range(rounds):
        start.wait(_PATIENCE)
        held, ended = None, "won"
        try:
            held = take(cloud, PATH, Taking("deploy", "local", "app", tag=f"v{number}"), clock=RealClock())
        except LockHeld:
            ended = "refused"
        except DeployError as error:
            ended = f"{type(error).__name__}: {error.what}"
        told.put((round_, number, ended))
        end.wait(_PATIENCE)
        if held is not None:
            held.close("deployed")
            held.prune()


def race(rounds: int, deployers: int) -> dict[str, Any]:
    """The figures of a whole run on an engine of its own."""
    context = multiprocessing.get_context("spawn")
    start, end, told = context.Barrier(deployers), context.Barrier(deployers), context.Queue()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "engine"
        engine = client.up(home, timeout=30)
        began = time.monotonic()
        try:
            environ = client.environment(engine)
            processes = [
                context.Process(target=deployer, args=(environ, rounds, start, end, told, number))
                for number in range(deployers)
            ]
            for process in processes:
                process.start()
            answers = [told.get(timeout=_PATIENCE) for _ in range(rounds * deployers)]
            for process in processes:
                process.join(_PATIENCE)
        finally:
            client.down(home)
    winners = Counter(round_ for round_, _, ended in answers if ended == "won")
    return {
        "rounds": rounds,
        "deployers": deployers,
        "rounds_with_one_winner": sum(winners[round_] == 1 for round_ in range(rounds)),
        "answers": dict(Counter(ended for _, _, ended in answers)),
        "wins_by_process": dict(sorted(Counter(n for _, n, ended in answers if ended == "won").items())),
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    """Race, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--deployers", type=int, default=8)
    options = parser.parse_args()
    figures = race(options.rounds, options.deployers)
    print(json.dumps(figures, indent=2))
    return 0 if figures["rounds_with_one_winner"] == options.rounds else 1


if __name__ == "__main__":
    sys.exit(main())
