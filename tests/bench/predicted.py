"""How long a deploy takes on AWS, by the `fargate` profile: our template's tuning beside AWS's defaults.

    python -m tests.bench.predicted

The profile replays recorded rollouts (`python -m tests.recorded.replay` shows it beside them); here it plays what was
not recorded. Virtual time: it takes a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.recorded import records, replay
from tests.recorded.replay import Seen

GOALS = {"from one task": 160.0, "from zero": 100.0, "from one task, early success": 100.0}


def played() -> dict[str, list[Seen]]:
    """Each rollout by its name."""
    ours = replay.of_template()
    return {
        "AWS's defaults, three tasks": replay.bug(),
        "AWS's defaults, one task": replay.one_task(replay.DEFAULTS),
        "from one task": replay.one_task(ours),
        "from zero": replay.one_task(ours, asleep=True),
        "from one task, early success": replay.one_task(replace(ours, early=True)),
    }


def table(found: Mapping[str, list[Seen]]) -> list[str]:
    """One line for each rollout, with the goal where there is one."""
    lines = [f"{'seconds':>9} {'goal':>6}   rollout"]
    for name, seen in found.items():
        goal = f"{GOALS[name]:.0f}" if name in GOALS else ""
        lines.append(f"{replay.seconds(seen):9.1f} {goal:>6}   {name}")
        lines += [f"{at:9.1f}            {what}" for what, at in seen[1:]]
    recorded = next(one.at for one in records.BUG if one.what == "deployment completed")
    return [*lines, f"Recorded with AWS's defaults, three tasks: {recorded:.1f} s"]


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    found = played()
    print("\n".join(table(found)))
    missed = [name for name, goal in GOALS.items() if replay.seconds(found[name]) > goal]
    print(f"Missed: {', '.join(missed)}" if missed else "Every goal is met.")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
