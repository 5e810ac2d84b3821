"""Headless Chromium as it comes with Debian: a page as the browser sees it, as text or as a picture."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DARK, _LIGHT = "0", "1"


def browser(url: str, *options: str, dark: bool = False, width: int = 1280, height: int = 900) -> str:
    """Opens a page, lets it work until it rests, and gives what Chromium printed."""
    command = next((found for name in _NAMES if (found := shutil.which(name))), "chromium")
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [
                command,
                "--headless",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--hide-scrollbars",
                "--no-first-run",
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                f"--user-data-dir={home}",
                f"--window-size={width},{height}",
                f"--blink-settings=preferredColorScheme={_DARK if dark else _LIGHT}",
                "--virtual-time-budget=2500",
                *options,
                url,
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
    return done.stdout


def dom(url: str) -> str:
    """The page as its script has made it."""
    return browser(url, "--dump-dom")


def picture(url: str, file: Path, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
    """A screenshot as PNG."""
    browser(url, f"--screenshot={file}", dark=dark, width=width, height=height)
