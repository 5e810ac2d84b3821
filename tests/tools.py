"""Tools of the system that some tests need: a test without its tool is skipped by name, and in `.ci/run` fails.

@pytest.mark.browser
def test_a_page(...):
    subprocess.run([tools.find("browser"), "--headless", ...])
"""

from __future__ import annotations

import os
import shutil

REQUIRED = "TEST_TOOLS_REQUIRED"  # set in .ci/run

_COMMANDS = {
    "browser": ("chromium", "chromium-browser", "google-chrome"),
    "node": ("node",),
}


def find(kind: str) -> str | None:
    """The path of the first command of that kind (a marker of pyproject.toml), None where there is none."""
    return next(filter(None, map(shutil.which, _COMMANDS[kind])), None)


def missing(kinds: set[str]) -> str:
    """What a test with these markers lacks here, as a sentence; "" where nothing."""
    lacking = [kind for kind in sorted(kinds & set(_COMMANDS)) if find(kind) is None]
    return "; ".join(
        f"{kind} is missing: none of {', '.join(_COMMANDS[kind])} is on PATH" for kind in lacking
    )


def are_required() -> bool:
    """Whether a missing tool is a failure."""
    return bool(os.environ.get(REQUIRED))
