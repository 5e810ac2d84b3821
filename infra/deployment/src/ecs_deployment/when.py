"""Moments and spans as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(epoch: float) -> str:
    """2026-11-23 15:04 UTC: the same words on every machine, since runs meet in one journal."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):  # a journal entry may hold any number
        return "an unknown time"
