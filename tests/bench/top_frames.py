"""What one picture of `app.top` costs, in milliseconds of CPU: `python -m tests.bench.top_frames`.

From `Stats` to the bytes for the terminal, on a terminal of 140 by 60; beside it the same rows in a table of rich.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from typing import cast

from ecs_deployment.report_live import console
from ecs_deployment.report_stream import SafeStream
from ecs_stats.stats import Stats
from ecs_stats.top import Picture
from ecs_stats.top_frame import View, frame
from rich.table import Table

from tests.observability.looks import NOW, look

_WIDTH, _HEIGHT = 140, 60
_TIMES = 40


def measured(draw: Callable[[], object]) -> float:
    """The median of many, in milliseconds of this process's CPU."""
    draw()
    taken = []
    for _ in range(_TIMES):
        began = time.process_time()
        draw()
        taken.append(time.process_time() - began)
    return 1000 * statistics.median(taken)


def ours(seen: Stats) -> Callable[[], object]:
    """The frame as the live view draws it."""
    screen = console(SafeStream(io.StringIO()), width=_WIDTH, height=_HEIGHT)
    view = View(_WIDTH, _HEIGHT, keys=True)
    return lambda: screen.print(Picture(frame([seen], NOW, view)))


def as_table(seen: Stats) -> Callable[[], object]:
    """The rows alone in rich's own table, the obvious way to draw them."""
    screen = console(SafeStream(io.StringIO()), width=_WIDTH, height=_HEIGHT)

    def draw() -> None:
        table = Table(box=None)
        for heading in ("container", "task", "state", "health", "cpu", "memory", "in", "out", "last line"):
            table.add_column(heading, no_wrap=True)
        for one in seen.containers:
            used = (one.cpu, one.memory, one.received, one.sent)
            table.add_row(one.name, one.task[:8], one.state, one.health, *map(str, used), one.last_line)
        screen.print(table)

    return draw


def main() -> int:
    """Print the table of costs."""
    out = cast("io.TextIOBase", sys.stdout)
    out.write(f"{'containers':>10} {'app.top':>10} {'rich table':>11}   (ms a frame, {_WIDTH}x{_HEIGHT})\n")
    for containers in (2, 10, 50, 200):
        seen = look(containers)
        out.write(f"{containers:>10} {measured(ours(seen)):>10.2f} {measured(as_table(seen)):>11.2f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
