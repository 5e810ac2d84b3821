"""Our verdict on a lock against uv's own, over random changes of a workspace.

    python -m tests.bench.lock_mutations --cases 1000

Ours is the verdict before uv is asked. A false FRESH would let a stale lock through; a false STALE is one that uv
would have had to correct; "unsure" is what `deps.check` hands to uv. The exit code is 3 when one is false.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.workspace.lock_mutations import State, mutated, start
from tests.workspace.lock_workspace import judge_files, lock, run_uv, warm, write


@dataclass
class Tally:
    """What a series of comparisons brought. `false` are the contradictions, each in words."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)
    unsure: Counter[str] = field(default_factory=Counter)


class Bench:
    """A folder for uv, and the base lock that every case starts from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0
        warm(folder / "warm", builds=True)
        base = folder / "base"
        write(base, start("").workspace.written())
        self.lock = lock(base)

    def place(self, state: State) -> Path:
        """The files of a case, in a folder of their own."""
        self.number += 1
        root = self.folder / f"case-{self.number}"
        write(root, state.files())
        return root

    def relock(self, state: State) -> str | None:
        """The lock that uv writes for it; nothing where uv refuses."""
        root = self.place(state)
        done = run_uv(root, "lock")
        return (root / "uv.lock").read_text(encoding="utf-8") if done.returncode == 0 else None

    def compare(self, seed: int, tally: Tally, say: Callable[[str], None] = lambda _: None) -> None:
        """One case: both verdicts, counted."""
        state, names = mutated(seed, self.lock, self.relock)
        ours, why = judge_files(state.files())
        done = run_uv(self.place(state), "lock", "--check")
        theirs = "fresh" if done.returncode == 0 else "stale"
        tally.counts[ours, theirs] += 1
        if ours == "unsure":
            tally.unsure[why[0].partition(": ")[2].partition(" against")[0][:40]] += 1
        # What we refuse to read uv has to refuse too.
        if (ours, theirs) in {("fresh", "stale"), ("stale", "fresh"), ("refused", "fresh")}:
            tally.false.append(
                f"seed {seed} ({', '.join(names)}): ours {ours}, uv {theirs}; {'; '.join(why)}; "
                f"{done.stderr.strip()[-300:]}"
            )
            say(tally.false[-1])


def main() -> int:
    """Run, print, and end with 3 when a verdict was false."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first-seed", type=int, default=0)
    options = parser.parse_args()
    tally, began = Tally(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for seed in range(options.first_seed, options.first_seed + options.cases):
            bench.compare(seed, tally, lambda text: print(text, flush=True))
    print(f"{options.cases} cases in {time.monotonic() - began:.0f} s")
    for (ours, theirs), count in sorted(tally.counts.items()):
        print(f"ours {ours:8} uv {theirs:6} {count:5}")
    print(
        "unsure, handed to uv:", ", ".join(f"{name} {count}" for name, count in tally.unsure.most_common(12))
    )
    print(f"false: {len(tally.false)}")
    return 3 if tally.false else 0


if __name__ == "__main__":
    sys.exit(main())
