"""Moments and spans as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(epoch: float) -> str:
    """2026-11-23 15:04 UTC: the same words on every machine, since runs meet in one journal."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):  # a journal entry may hold any number
        return "an unknown time"


def ago(epoch: float, now: float) -> str:
    """ "just now", "42 s ago", "3 min ago", "5 h ago", "2 days ago"; the moment itself where that says more."""
    seconds = now - epoch
    if not -60 <= seconds < 14 * 24 * 3600:
        return moment(epoch)
    return "just now" if seconds < 2 else f"{span(seconds)} ago"


def span(seconds: float) -> str:
    """ "42 s", "3 min", "5 h", "2 days": one unit, rounded down, since nobody needs the second."""
    whole = max(0, int(seconds))
    for size, unit in ((24 * 3600, "days"), (3600, "h"), (60, "min")):
        if whole >= 2 * size or (unit != "days" and whole >= size):
            return f"{whole // size} {unit}"
    return f"{whole} s"
