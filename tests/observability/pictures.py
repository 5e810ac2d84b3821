"""The pictures of the documentation, drawn anew: `python -m tests.observability.pictures [docs/pictures]`.

Terminal and page are the real ones; the figures are made up (`looks`), so that every picture is the same each time but
for the page's clock. Needs Chromium for the page.
"""

from __future__ import annotations

import io
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

from ecs_stats.stats import Stats
from ecs_stats.top import Picture
from ecs_stats.top_frame import View, frame
from rich.console import Console

from tests.observability.chromium import picture
from tests.observability.looks import NOW, asleep, look, rolling
from tests.observability.test_page import served

_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # it would be fetched from a stranger


def main(folder: Path) -> int:
    """Draw them all."""
    folder.mkdir(parents=True, exist_ok=True)
    _terminal(folder / "top.svg", look(6), width=132, height=24)
    _terminal(folder / "top-80-columns.svg", rolling(), width=80, height=24)
    _page(folder / "dashboard-light.png", look(4))
    _page(folder / "dashboard-dark.png", rolling(), dark=True)
    _page(folder / "dashboard-asleep.png", asleep(), dark=True, height=560)
    return 0


def _terminal(file: Path, seen: Stats, *, width: int, height: int) -> None:
    screen = Console(
        record=True, file=io.StringIO(), width=width, force_terminal=True, color_system="standard"
    )
    screen.print(Picture(frame([seen], NOW, View(width, height, keys=True))))
    svg = _FONT.sub("", screen.export_svg(title="inv app.top --env staging"))
    file.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def _page(file: Path, seen: Stats, *, dark: bool = False, height: int = 700) -> None:
    with served(lambda: [_now(seen)]) as found:
        picture(found.page.url, file, dark=dark, width=1180, height=height)


def _now(seen: Stats) -> Stats:
    """The same look, taken just now: the page counts every age from its own clock."""
    later = time.time() - NOW

    def moved(at: float | None) -> float | None:
        return None if at is None else at + later

    return replace(
        seen,
        at=seen.at + later,
        service=replace(seen.service, deployed_at=moved(seen.service.deployed_at)),
        tasks=tuple(
            replace(
                one,
                created_at=one.created_at + later,
                started_at=moved(one.started_at),
                stopped_at=moved(one.stopped_at),
            )
            for one in seen.tasks
        ),
        sleep=replace(seen.sleep, sleeps_at=moved(seen.sleep.sleeps_at)),
        events=tuple(replace(one, at=one.at + later) for one in seen.events),
        lines=tuple(replace(one, at=one.at + later) for one in seen.lines),
        readings={name: replace(one, at=moved(one.at)) for name, one in seen.readings.items()},
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")))
