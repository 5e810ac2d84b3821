"""The terminal view at work: news, keys and sizes while it draws; plain where nothing can be drawn."""

from __future__ import annotations

import io
import queue
from collections.abc import Sequence

import pytest
from ecs_deployment.errors import Refused
from ecs_deployment.report_live import console
from ecs_deployment.report_stream import SafeStream
from ecs_stats import top
from ecs_stats.stats import Stats
from ecs_stats.top import Picture
from ecs_stats.top_frame import View, frame
from ecs_stats.top_keys import Keys
from rich.live import Live

from tests.observability.looks import NOW, asleep, look


class _Pressed(Keys):
    """Keys from a list, then q; before each the test may do something."""

    def __init__(self, *keys: str) -> None:
        super().__init__()
        self._keys = [*keys, "q"]

    @property
    def there(self) -> bool:
        return True

    def read(self, seconds: float) -> str:  # noqa: ARG002 - no time passes here
        return self._keys.pop(0)


def _drawn(news: Sequence[Sequence[Stats] | BaseException], *keys: str) -> tuple[str, list[View]]:
    written, views = io.StringIO(), list[View]()
    screen = console(SafeStream(written), width=100, height=20)
    waiting: queue.Queue[Sequence[Stats] | BaseException] = queue.Queue()
    for each in news:
        waiting.put(each)

    def picture(looks: Sequence[Stats], view: View) -> Picture:
        views.append(view)
        return Picture(frame(looks, NOW, view))

    with Live(console=screen, screen=True, auto_refresh=False) as shown:
        top._draw([look()], waiting, _Pressed(*keys), screen, shown, picture)
    return written.getvalue(), views


def test_the_newest_look_is_drawn_and_q_ends_it() -> None:
    text, _ = _drawn([[look(2)], [asleep()]], "")
    assert "shop is asleep" in text
    assert text.endswith("\x1b[?1049l")


def test_ctrl_c_is_the_other_way_to_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(top, "draws", lambda *_: True)
    monkeypatch.setattr(top, "_draw", pressed)
    written = io.StringIO()
    top.live(lambda: [look()], 60.0, stream=written)
    assert written.getvalue().endswith("\x1b[?1049l")  # the terminal is as it was


def test_keys_sort_and_sort_back() -> None:
    _, views = _drawn([], "c", "m", "m", "x")
    assert [view.sort for view in views] == ["c", "m", "", ""]
    assert {view.keys for view in views} == {True}


def test_what_ends_the_looks_for_good_ends_the_view() -> None:
    with pytest.raises(Refused):
        _drawn([[look()], Refused("The service is gone.", "")], "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_no_bars_gets_letters(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    top.once([look()], stream=stream, now=NOW)
    stream.seek(0)
    text = stream.read()
    assert "shop in staging | 2/2 running" in text
    assert "?" not in text


def test_in_a_pipe_it_is_drawn_once_and_plain() -> None:
    looked: list[None] = []

    def looks() -> list[Stats]:
        looked.append(None)
        return [look(2)]

    stream = io.StringIO()
    top.live(looks, 1.0, stream=stream, clock=lambda: NOW)
    assert len(looked) == 1
    assert "\x1b" not in stream.getvalue()
    assert "LAST LOG LINE" in stream.getvalue()
