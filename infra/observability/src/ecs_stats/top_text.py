"""Pieces of a line: text with what it means, bars, sparks, and figures as people read them. No colour yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len, set_cell_size

Kind = Literal[
    "", "bold", "dim", "good", "warning", "bad", "title", "task0", "task1", "task2", "task3", "task4", "task5"
]
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_SPARKS = "▁▂▃▄▅▆▇█"
_MISSING = "-"


_PLAINER = str.maketrans(
    {"·": "|", "…": "~", "█": "#", **dict.fromkeys("▏▎▍▌▋▊▉", " "), **dict.fromkeys(_SPARKS[:-1], "_")}
)


class Span(NamedTuple):
    """Some text of a line and what it means."""

    text: str
    kind: Kind = ""


Line = Sequence[Span]


def in_ascii(line: Line) -> list[Span]:
    """The same line for a terminal that knows nothing else; it stays as wide."""
    return [Span(text.translate(_PLAINER), kind) for text, kind in line]


def text_of(line: Line) -> str:
    """The line without its meaning."""
    return "".join(span.text for span in line)


def width_of(line: Line) -> int:
    """Columns of a terminal."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in line)


def fitted(spans: Iterable[Span], width: int, *, right: bool = False) -> list[Span]:
    """Exactly `width` columns: cut with an ellipsis or filled up."""
    left, result = width, []
    for text, kind in spans:
        size = len(text) if text.isascii() else cell_len(text)
        if size > left:
            result.append(Span(cut(text, left), kind))
            left = 0
            break
        result.append(Span(text, kind))
        left -= size
    if left:
        result.insert(0 if right else len(result), Span(" " * left))
    return result


def cut(text: str, width: int) -> str:
    """At most `width` columns, with "…" for what is missing."""
    if width <= 0:
        return ""
    if (len(text) if text.isascii() else cell_len(text)) <= width:
        return text
    return f"{text[: width - 1]}…" if text.isascii() else f"{set_cell_size(text, width - 1)}…"


def percent(value: float | None) -> str:
    """ "3.4%", "78%", "412%"."""
    if value is None:
        return _MISSING
    return f"{value:.1f}%" if value < 9.95 else f"{value:.0f}%"


def mebibytes(value: float | None) -> str:
    """ "48M", "1.5G"."""
    if value is None:
        return _MISSING
    return f"{value:.0f}M" if value < 1000 else f"{value / 1024:.1f}G"


def bytes_a_second(value: float | None) -> str:
    """ "0B", "1.2K", "34M"."""
    if value is None:
        return _MISSING
    for unit in ("B", "K", "M"):
        if value < 1000:
            return f"{value:.0f}{unit}" if unit == "B" or value >= 9.95 else f"{value:.1f}{unit}"
        value /= 1024
    return f"{value:.1f}G"


def age(seconds: float) -> str:
    """ "42s", "12m", "5h", "3d"."""
    seconds = max(0.0, seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and unit != "m"):
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def bar(value: float | None, width: int, kind: Kind) -> list[Span]:
    """A bar of `width` columns for 0 to 100; full above."""
    if value is None:
        return [Span(" " * width)]
    eighths = round(min(100.0, max(0.0, value)) / 100 * width * 8)
    whole, rest = divmod(eighths, 8)
    filled = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return [Span(filled, kind), Span("·" * (width - len(filled)), "dim")]


def spark(values: Sequence[float], width: int) -> str:
    """The newest `width` values as little columns, newest at the right; the top is 100 or what is higher."""
    shown = values[-width:]
    if not shown:
        return " " * width
    top = max(*shown, 1.0) if max(shown) > 0 else 1.0
    top = max(top, 10.0)
    marks = "".join(_SPARKS[min(7, int(max(0.0, value) / top * 7.999))] for value in shown)
    return marks.rjust(width)
