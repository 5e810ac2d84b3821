"""Waiting in tests: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_PAUSE = 0.03  # seconds between two looks, where nothing tells that there is news


def wait_for(condition: Callable[[], Any], what: str = "what was waited for", timeout: float = 60) -> Any:
    """The first true answer of `condition`; fails naming `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not come within {timeout} s"
        time.sleep(_PAUSE)
    return found
