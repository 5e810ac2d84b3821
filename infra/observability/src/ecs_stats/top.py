"""`app.top`: the containers of some services, live on a terminal, once in a pipe.

One thread looks, this one draws and hears keys: a slow answer of AWS makes the figures older, and the screen says so,
but never deaf.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TextIO

from ecs_deployment.report_live import console
from ecs_deployment.report_stream import SafeStream, draws, opened
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style

from ecs_stats.stats import Stats
from ecs_stats.top_frame import SORTS, View, frame, plain
from ecs_stats.top_keys import SUSPEND, Keys
from ecs_stats.top_text import Line, in_ascii

_PLAIN_WIDTH = 160
_REDRAWN = 1.0  # seconds after which the ages on the screen are drawn anew
_HEARD = 0.05  # seconds between two looks for a new picture while waiting for a key

# Basic colours alone, which every palette makes readable on its own ground.
_STYLES = {
    "": Style(),
    "bold": Style(bold=True),
    "dim": Style(dim=True),
    "title": Style(bold=True, reverse=True),
    "good": Style(color="green"),
    "warning": Style(color="magenta", bold=True),
    "bad": Style(color="red", bold=True),
    "task0": Style(color="cyan"),
    "task1": Style(color="blue"),
    "task2": Style(color="green"),
    "task3": Style(color="magenta"),
    "task4": Style(color="yellow"),
    "task5": Style(color="red"),
}

Look = Callable[[], Sequence[Stats]]


class Picture:
    """Lines as rich draws them: straight to segments, which costs a tenth of a table."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        for place, line in enumerate(self._lines):
            if place:
                yield Segment.line()
            for text, kind in line:
                yield Segment(text, _STYLES[kind])


def once(looks: Sequence[Stats], *, stream: TextIO | None = None, now: float | None = None) -> None:
    """One picture, in full: coloured on a terminal, plain elsewhere."""
    safe = opened(stream, default=_stdout(), strict=True)
    moment = now if now is not None else max(look.at for look in looks)
    if not draws(safe, None):
        safe.write(plain(_lines(looks, moment, View(_PLAIN_WIDTH, None, drawn=False), safe)))
        safe.flush()
        return
    screen = console(safe)
    screen.print(Picture(_lines(looks, moment, View(screen.width, None), safe)))


def live(
    look: Look, interval: float, *, stream: TextIO | None = None, clock: Callable[[], float] = time.time
) -> None:
    """Draw until somebody presses q or Ctrl-C; where nothing can be drawn, one plain picture.

    Raises whatever ends the looks for good (`Refused`: the service is gone).
    """
    safe = opened(stream, default=_stdout())
    first = look()
    if not draws(safe, None):
        once(first, stream=stream)
        return
    draw = partial(_lines, stream=safe)
    with (
        suppress(KeyboardInterrupt),
        _looking(look, interval) as news,
        Keys() as keys,
        _screen(safe) as (screen, shown),
    ):
        _draw(first, news, keys, screen, shown, lambda seen, view: Picture(draw(seen, clock(), view)))


def _lines(looks: Sequence[Stats], now: float, view: View, stream: SafeStream) -> list[Line]:
    """The frame, in characters that the stream can write."""
    try:
        "·…█▁".encode(stream.encoding)
    except (LookupError, UnicodeEncodeError):
        return [in_ascii(line) for line in frame(looks, now, replace(view, drawn=False))]
    return frame(looks, now, view)


def _draw(
    looks: Sequence[Stats],
    news: queue.Queue[Sequence[Stats] | BaseException],
    keys: Keys,
    screen: Console,
    shown: Live,
    picture: Callable[[Sequence[Stats], View], Picture],
) -> None:
    view = View(screen.width, screen.height, keys=keys.there)
    drawn_at = -_REDRAWN
    while True:
        fresh = _newest(news)
        if isinstance(fresh, BaseException):
            raise fresh
        looks = fresh or looks
        pressed = keys.read(_HEARD)
        if pressed == "q":
            return
        if pressed == SUSPEND:
            shown.stop()
            keys.suspend()
            shown.start()
        if pressed in SORTS:
            view = replace(view, sort="" if pressed == view.sort else pressed)
        size = screen.size
        if fresh or pressed or (size.width, size.height) != (view.width, view.height) or _due(drawn_at):
            view = replace(view, width=size.width, height=size.height)
            shown.update(picture(looks, view), refresh=True)
            drawn_at = time.monotonic()


def _due(drawn_at: float) -> bool:
    return time.monotonic() - drawn_at >= _REDRAWN


def _newest(news: queue.Queue[Sequence[Stats] | BaseException]) -> Sequence[Stats] | BaseException | None:
    found: Sequence[Stats] | BaseException | None = None
    while True:
        try:
            found = news.get_nowait()
        except queue.Empty:
            return found
        if isinstance(found, BaseException):
            return found


@contextmanager
def _screen(stream: SafeStream) -> Iterator[tuple[Console, Live]]:
    screen = console(stream)
    with Live(
        console=screen, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
    ) as shown:
        yield screen, shown


@contextmanager
def _looking(look: Look, interval: float) -> Iterator[queue.Queue[Sequence[Stats] | BaseException]]:
    """A thread that looks every `interval` seconds; a call under way when it is to end is not waited for."""
    news: queue.Queue[Sequence[Stats] | BaseException] = queue.Queue()
    over = threading.Event()

    def run() -> None:
        while not over.wait(interval):
            try:
                news.put(look())
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that draws
                news.put(error)
                return

    threading.Thread(target=run, daemon=True, name="looks").start()
    try:
        yield news
    finally:
        over.set()


def _stdout() -> TextIO | None:
    import sys

    return sys.stdout
