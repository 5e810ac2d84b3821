"""`kill -9` after every single API call of a deploy, and then a second run: is the truth told and nothing owed?

    python -m tests.bench.kills
    python -m tests.bench.kills --kinds resume --first 10 --last 20

The real command as a process of its own, dead the moment its n-th call took effect and before it hears so. What comes
after is a new deploy, a resume or an abort. After that nothing may be suspended or owed, the outcome has to agree
with what runs, and `app.verify` may find nothing.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.scenarios.kills import Rig, killing, lies, second_run
from tests.scenarios.place import Place, place

KINDS = ("deploy", "resume", "abort")


def once(where: Place, rig: Rig, kind: str, after: int, *, asleep: bool) -> tuple[bool, str, list[str]]:
    """(whether it was killed, the last call, what was wrong in the end)."""
    where.make_well()
    where.configure(minimumHealthyPercent=0)
    if asleep:
        where.fall_asleep()
    before, tag = where.snapshot().service.task_definition, where.other()
    numbers = {entry.number for entry in where.entries()}
    killed = rig.deploy(tag, after=after).returncode == -9
    dead = next((entry for entry in where.entries() if entry.number not in numbers), None)
    result = second_run(where, kind, tag)
    if not killed and kind != "deploy":
        return killed, "", []
    wrong = lies(where, kind, before, tag, dead, result)
    last = rig.counting.calls[-1] if rig.counting.calls else ""
    return killed, f"{last:28} then {kind:7} {result.outcome.value}", wrong


def main() -> int:
    """Walk over all calls and print what each kill led to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--asleep", action="store_true", help="each time from a service at 0")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--last", type=int, default=1000)
    wanted = parser.parse_args()
    began, told, bad = time.monotonic(), Counter[str](), 0
    with tempfile.TemporaryDirectory() as home, place(Path(home) / "place") as where, killing(where) as rig:
        assert where.deploy("demo", probe=False).exit_code == 0
        for kind in wanted.kinds.split(","):
            for after in range(wanted.first, wanted.last + 1):
                killed, line, wrong = once(where, rig, kind, after, asleep=wanted.asleep)
                if not killed:
                    break
                told[kind] += 1
                bad += bool(wrong)
                print(f"{after:3}  {line}" + "".join(f"\n       WRONG: {one}" for one in wrong), flush=True)
    counts = ", ".join(f"{count} x {kind}" for kind, count in told.items())
    print(
        f"\n{told.total()} kills ({counts}) in {time.monotonic() - began:.0f} s, {bad} with something wrong"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
