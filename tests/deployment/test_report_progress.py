"""Progress: plain lines, and the blocks on a terminal."""

import io
import sys
import threading
import time
from dataclasses import replace

import pytest
from ecs_deployment import report as room
from ecs_deployment.events import Finished, Said
from ecs_deployment.model import Traffic
from ecs_deployment.report_live import Screen, console
from ecs_deployment.report_plain import Plain
from ecs_deployment.report_stream import SafeStream

from tests.deployment.report_samples import DEPLOYED, ROLLED_BACK, ROLLING


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _bare_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLORTERM", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_plain_lines_appear_only_when_something_changed(clock: Clock) -> None:
    stream = io.StringIO()
    sink = Plain(SafeStream(stream), clock=clock)
    sink(Said("app", "asleep at 0; brought to 1 for this deploy"))
    sink(ROLLING)
    clock.now += 5
    sink(replace(ROLLING, elapsed=17, traffic=Traffic(86, 0, 0, 250)))
    sink(replace(ROLLING, elapsed=17, targets=(("healthy", 1),), failures=1, traffic=Traffic(90, 1, 1, 400)))
    sink(Said("app", "slow", "warning"))
    clock.now += 24.2
    sink(Finished(ROLLED_BACK))
    rolling = "app: rolling, waiting for 1 of 1 new targets to become healthy; old 1, new 0 of 1; targets"
    cause = ROLLED_BACK.cause
    assert stream.getvalue().splitlines() == [
        "   0.0 s  app: asleep at 0; brought to 1 for this deploy",
        f"   0.0 s  {rolling} 1 initial",
        f"   5.0 s  {rolling} 1 healthy; 1 of 3 failures; 1 request lost",
        "   5.0 s  app: warning: slow",
        f"  29.2 s  web: rolled back, the service is well on the earlier revision, after 61 s: {cause}",
    ]


def test_on_a_dumb_terminal_a_long_line_breaks_between_words(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    Plain(SafeStream(stream), clock=clock)(Said("app", "it sleeps again after 5 idle minutes, as before"))
    assert stream.getvalue().splitlines() == [
        "   0.0 s  app: it sleeps again after 5",
        "          idle minutes, as before",
    ]


class Lines(io.StringIO):
    """A stream whose lines can be waited for."""

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 60
        while text not in self.getvalue():
            assert time.monotonic() < deadline, f"no {text!r} in {self.getvalue()!r}"
            time.sleep(0.005)  # a thread of the report writes it; a stream has no wait


def test_a_silence_is_broken() -> None:
    stream = Lines()
    with Plain(SafeStream(stream), silence=0.02) as sink:
        stream.wait_for("still at work")
        sink(ROLLING)
        stream.wait_for("app: still rolling, waiting for 1 of 1 new targets")
        for number in range(4):
            sink(replace(ROLLING, service=f"app{number}"))
        stream.wait_for("still 5 services under way")
    assert not any(thread.name == "report" for thread in threading.enumerate())


def _picture(sink: Screen, width: int, height: int = 24) -> str:
    """What moves, as text."""
    stream = io.StringIO()
    to = console(SafeStream(stream), width=width, height=height)
    to.no_color = True
    with to.capture() as captured:
        to.print(sink.picture())
    plain = captured.get()
    for code in ("\x1b[1m", "\x1b[0m"):
        plain = plain.replace(code, "")
    return plain


def _screen(clock: Clock, width: int, height: int = 24) -> Screen:
    return Screen(SafeStream(io.StringIO()), "staging, tag abc", clock=clock, width=width, height=height)


def test_before_anything_is_known(clock: Clock) -> None:
    sink = _screen(clock, 80)
    clock.now += 1.5
    assert _picture(sink, 80) == "staging, tag abc: 1.5 s\n"


BLOCK_80 = """\
╭─ app: rolling, 15 s ─────────────────────────────────────────────────────╮
│ Waiting for  1 of 1 new targets to become healthy, for 5.0 s             │
│ Revision     app:12 -> app:13                                            │
│ Tasks        old 1 running, new 0 running and 1 pending, desired 1       │
│ Targets      1 initial                                                   │
│ Traffic      61 requests, 0 lost, longest gap 210 ms                     │
│ Failures     0 of 3                                                      │
╰──────────────────────────────────────────────────────────────────────────╯
"""


def test_a_block_at_80_columns(clock: Clock) -> None:
    sink = _screen(clock, 80)
    sink(replace(ROLLING, elapsed=10.0))
    clock.now += 2
    sink(ROLLING)  # it still waits for the same
    clock.now += 3
    assert _picture(sink, 80) == BLOCK_80


def test_a_block_is_never_wider_than_reads_well(clock: Clock) -> None:
    sink = _screen(clock, 120)
    sink(ROLLING)
    lines = _picture(sink, 120).splitlines()
    assert {len(line) for line in lines} == {100}
    assert len(lines) == len(BLOCK_80.splitlines())


def test_what_is_too_long_is_cut_and_never_wraps(clock: Clock) -> None:
    sink = _screen(clock, 80)
    sink(replace(ROLLING, waiting_for="x" * 200, new_revision="y" * 200, service="[bold]app[/bold]"))
    lines = _picture(sink, 80).splitlines()
    assert {len(line) for line in lines} == {
        76
    }  # a terminal echoes ^C behind the last line: it must not wrap
    assert "[bold]app[/bold]: rolling" in lines[0]
    assert len(lines) == len(BLOCK_80.splitlines())


def test_unmeasured_traffic_and_unknown_facts(clock: Clock) -> None:
    sink = _screen(clock, 80)
    unknown = replace(
        ROLLING, waiting_for="", old_revision="", new_revision="", targets=(), failures_allowed=0
    )
    sink(replace(unknown, traffic=Traffic(0, 0, 0, 0, measured=False, why_not="no url is set")))
    shown = _picture(sink, 80)
    for fact in ("Waiting for  nothing", "not known yet", "none yet", "not measured: no url is set"):
        assert fact in shown


def test_many_services_become_a_table(clock: Clock) -> None:
    sink = _screen(clock, 80)
    for number in range(30):
        sink(replace(ROLLING, service=f"app{number}"))
    lines = _picture(sink, 80).splitlines()
    assert [" ".join(line.split()) for line in lines[:2]] == [
        "Service Stage Old New Lost Waiting for",
        "app0 rolling, 12 s 1 0 of 1 0 1 of 1 new targets to become hea…",
    ]
    assert lines[-1] == "and 10 more"
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80


def test_the_story_scrolls_above_and_what_moved_is_gone(clock: Clock) -> None:
    stream = io.StringIO()
    with Screen(SafeStream(stream), "staging", clock=clock, width=80, height=24) as sink:
        sink(Said("app", "asleep at 0", "info"))
        sink(ROLLING)
        sink(Said("app", "the floor is 0: raised to 100", "warning"))
        sink(Finished(DEPLOYED))
    shown = stream.getvalue()
    assert "app: asleep at 0" in shown
    assert "\x1b[1;35m! " in shown
    assert "\x1b[1;32mok" in shown
    assert "app: deployed and proven, after 41 s" in shown


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"terminal": True}, Screen),
        ({"terminal": False}, Plain),
        ({}, Plain),
        ({"terminal": True, "json": True}, Plain),
    ],
)
def test_reporter_chooses(options: dict[str, bool], kind: type) -> None:
    assert type(room.reporter("local", "demo", stream=io.StringIO(), **options)) is kind


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert type(room.reporter("local", "demo", stream=io.StringIO(), terminal=True)) is Plain


def test_with_json_stdout_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with room.reporter("local", "demo", json=True, stream=sys.stdout) as sink:
        sink(Said("app", "hello"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "app: hello" in captured.err
