"""Our verdict against uv's own, over random changes; the thousand are `python -m tests.bench.lock_mutations`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.lock_mutations import Bench, Tally


def test_no_verdict_contradicts_uv(tmp_path: Path, template: Path) -> None:
    bench, tally = Bench(tmp_path), Tally()
    for seed in range(25):
        bench.compare(seed, tally)
    assert tally.false == []
    assert tally.counts["fresh", "fresh"] > 5  # the cases are not all of one kind
    assert tally.counts["stale", "stale"] > 5


@pytest.mark.parametrize(
    ("ours", "theirs", "wrong"),
    [
        ("fresh", 1, True),
        ("stale", 0, True),
        ("refused", 0, True),
        ("unsure", 1, False),
        ("refused", 2, False),
    ],
)
def test_the_comparison_can_fail(
    ours: str, theirs: int, wrong: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import subprocess

    from tests.bench import lock_mutations

    monkeypatch.setattr(lock_mutations, "warm", lambda *_, **__: None)
    monkeypatch.setattr(lock_mutations, "lock", lambda _: "version = 1\n")
    monkeypatch.setattr(lock_mutations, "judge_files", lambda _: (ours, ["a: reason"]))
    monkeypatch.setattr(
        lock_mutations, "run_uv", lambda *_: subprocess.CompletedProcess([], theirs, "", "said")
    )
    tally = Tally()
    Bench(tmp_path).compare(1, tally)
    assert bool(tally.false) is wrong
