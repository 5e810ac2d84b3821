"""docs/dashboard.md names what is really called and really drawn."""

from __future__ import annotations

import re
from pathlib import Path

import ecs_stats
from ecs_deployment.aws.permissions import action
from ecs_stats.widgets import PLACEHOLDERS, dashboard_body

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")


def test_every_call_of_a_look_stands_with_its_iam_action() -> None:
    folder = Path(ecs_stats.__file__).parent
    calls = re.findall(r'translated\("([\w-]+)", "(\w+)"', (folder / "aws.py").read_text(encoding="utf-8"))
    assert len(calls) > 5
    assert [action(*one) for one in calls if f"`{action(*one)}`" not in PAGE] == []


def test_every_widget_is_explained() -> None:
    titles = [one["properties"].get("title", "") for one in dashboard_body(PLACEHOLDERS)["widgets"]]
    words = re.sub(r"\s+", " ", PAGE.lower())
    known = ("memory", "cpu", "network", "log of", "errors in the logs", "5xx", "p99", "requests")
    unexplained = [
        title for title in filter(None, titles)
        if title.lower() not in words and not any(word in title.lower() for word in known)
        and title.partition(",")[0].lower() not in words
    ]  # fmt: skip
    assert unexplained == []


def test_its_pictures_are_there_and_small() -> None:
    found = re.findall(r"\]\((pictures/[^)]*)\)", PAGE)
    assert found
    for name in found:
        assert 5_000 < (ROOT / "docs" / name).stat().st_size < 200_000
