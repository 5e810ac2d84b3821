"""The page in a real browser: what it draws, that nothing printed by a container becomes part of it, both grounds."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ecs_deployment.errors import Refused
from ecs_stats.stats import Said, Stats

from tests.observability.chromium import dom, picture
from tests.observability.looks import NOW, asleep, look, rolling, task_id
from tests.observability.test_page import served

pytestmark = pytest.mark.browser

_HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'


def _words(html: str) -> str:
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_it_draws_what_was_seen_and_trusts_nothing_that_was_printed() -> None:
    busy = look(4)
    hostile = replace(busy, lines=(*busy.lines, Said(NOW, _HOSTILE, task_id(0), "app")))
    with served(lambda: [hostile, replace(rolling(), name="jobs")]) as found:
        html = dom(found.page.url)
    words = _words(html)
    for said in (
        "2 / 2 running of desired",
        "42.6 requests a second",
        "2 / 2 healthy",
        "Container Insights enhanced",
        "has reached a steady state.",
        "rolling out",
        "stopped 137",
        "43",
        "Where these figures come from",
        "GET /orders 200 in 12 ms",
    ):
        assert said in words, said
    assert "&lt;img src=x" in html
    assert "<img" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert "<title>2/2 shop · staging</title>" in html
    assert html.count('class="spark') >= 5
    assert 'data-ready="yes"' in html


def test_asleep_and_refused_are_said() -> None:
    answers = iter([[asleep()]])

    def then_gone() -> Sequence[Stats]:
        try:
            return next(answers)
        except StopIteration:
            raise Refused("Cluster 'staging' has no service 'shop'.", "Create it.") from None

    with served(then_gone, interval=0.2) as found:
        words = _words(dom(found.page.url))
    assert "Asleep" in words
    assert "there is no container" in words
    assert "has no service" in words


@pytest.mark.parametrize("dark", [False, True])
def test_it_follows_the_ground_that_the_reader_prefers(tmp_path: Path, dark: bool) -> None:
    file = tmp_path / "page.png"
    with served() as found:
        picture(found.page.url, file, dark=dark, width=600, height=200)
    red, green, blue = _first_pixel(file.read_bytes())
    assert max(red, green, blue) < 60 if dark else min(red, green, blue) > 200


def _first_pixel(png: bytes) -> tuple[int, int, int]:
    """Of the top left corner, whose filter has nothing to refer to."""
    assert png.startswith(b"\x89PNG")
    place, data = 8, b""
    while place < len(png):
        size, kind = int.from_bytes(png[place : place + 4]), png[place + 4 : place + 8]
        data += png[place + 8 : place + 8 + size] if kind == b"IDAT" else b""
        place += 12 + size
    raw = zlib.decompress(data)
    return raw[1], raw[2], raw[3]
