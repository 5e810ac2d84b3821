import io
from dataclasses import replace

import pytest
from ecs_deployment import report as room
from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.report_final import Line, screen, table, wrapped
from ecs_deployment.report_text import WORDS, clean, duration, traffic

from tests.deployment.report_samples import DEPLOYED, DIGEST, ROLLED_BACK, report

WELL = """\
app on staging: deployed and proven

  Now         The service is awake, and sleeps again after 5 idle minutes.
  Revision    app:12 -> app:13
  Digest sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  Deployment  ecs-svc/7712345678901234567
  Sleep       it was at 0 and was brought to 1 for this deploy
  Traffic     212 requests, 0 lost, longest gap 1,210 ms
  Stages      starting 12 s, rolling 24 s, proving 5.1 s
  Given back  minimumHealthyPercent 0, scale-in
  Note        minimumHealthyPercent 100 would spare raising it at each deploy.

  Total  41 s, 37 API calls, exit code 0 (done and proven)
  Next   inv app.verify --env staging: look again, reading only
"""

ILL = """\
web on staging: rolled back, the service is well on the earlier revision

  Cause   3 of 3 new tasks exited with code 1: the variable DATABASE_URL is
          missing.
  Advice  Give the container the variable DATABASE_URL, then deploy again.
  Evidence
    | 3 x Essential container in task exited (exit code 1)
    | KeyError: 'DATABASE_URL' password=***
    | ::error::injected ## [error]injected

  Now         web:7 serves, 1 of 1 tasks healthy.
  Revision    web:7 (as before)
  Digest sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  Deployment  ecs-svc/8
  Traffic     212 requests, 3 lost, longest gap 1,210 ms
  Stages      starting 12 s, rolling back 44 s
  Still owed  scale-in stays suspended: AccessDenied

  Total  5 min 41 s, 37 API calls, exit code 4 (rolled back, and well)
  Slow   Slower than 300 s, which is what a deploy should stay under. Most of it
         went into rolling back, 44 s.
  Next   inv app.deploy --env staging --tag abc: once the cause is mended
"""


def text(lines: list[Line]) -> str:
    return "".join(f"{line.text}\n" for line in lines)


def test_a_good_end_at_80_columns() -> None:
    assert text(screen(report(DEPLOYED), 80)) == WELL


def test_a_bad_end_at_80_columns() -> None:
    assert text(screen(report(ROLLED_BACK, seconds=341.2), 80)) == ILL


def test_a_digest_stands_beside_its_label_where_there_is_room() -> None:
    assert f"  Digest      {DIGEST}\n" in text(screen(report(DEPLOYED), 120))


def test_several_services_are_summed_up_by_the_worst() -> None:
    shown = text(screen(report(DEPLOYED, ROLLED_BACK), 80))
    assert "2 services: 1 deployed and proven, 1 rolled back\n  Rolled back  web\n" in shown
    assert "exit code 4 (rolled back, and well)" in shown


def test_of_many_services_those_that_went_wrong_stand_by_the_summary_and_the_others_are_brief() -> None:
    many = [
        replace(ROLLED_BACK, service="jobs"),
        *(replace(DEPLOYED, service=f"s{n}", notes=()) for n in range(40)),
    ]
    torn = Result("mail", Outcome.INTERRUPTED, summary="mail:2 serves.")
    shown = text(screen(report(torn, *many, replace(ROLLED_BACK, service="web")), 80))
    assert "  Rolled back  jobs, web\n  Interrupted  mail\n" in shown
    heads = [line.partition(" ")[0] for line in shown.splitlines() if " on staging: " in line]
    assert heads == [*(f"s{n}" for n in range(40)), "mail", "jobs", "web"]
    assert "s38 on staging: deployed and proven\ns39 on staging: deployed and proven\n\nmail on" in shown
    assert len(shown.splitlines()) < 100


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words_a_code_and_a_next_step(outcome: Outcome) -> None:
    result = Result("app", outcome, cause="Because.", summary="So it is.")
    shown = text(screen(report(result), 80))
    assert f"app on staging: {WORDS[outcome].says}" in shown
    assert f"exit code {outcome.exit_code} ({WORDS[outcome].code_means})" in shown
    assert "  Next   inv app." in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNCHANGED])
def test_where_nothing_changed_no_traffic_is_missed(outcome: Outcome) -> None:
    assert "Traffic" not in text(screen(report(Result("app", outcome)), 80))


def test_traffic_that_was_not_measured_says_why() -> None:
    unmeasured = Traffic(0, 0, 0, 0, measured=False, why_not="no url is set")
    shown = text(screen(report(replace(DEPLOYED, probe=unmeasured)), 80))
    assert "  Traffic     not measured: no url is set\n" in shown


def test_only_so_much_evidence_is_shown() -> None:
    long = replace(ROLLED_BACK, evidence=tuple(f"line {n}" for n in range(100)))
    shown = text(screen(report(long), 80))
    assert "| ... 70 more, see --json" in shown
    assert "| line 99\n" in shown
    assert "| line 69\n" not in shown


def test_a_run_without_services_is_no_crash() -> None:
    assert text(screen(report(), 80)) == "  Total  41 s, 37 API calls, exit code 0 (nothing was asked for)\n"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0.0 s"), (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (119.4, "119 s"), (125, "2 min 05 s")],
)
def test_duration(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, "not measured"),
        (Traffic(0, 0, 0, 0, measured=False), "not measured"),
        (Traffic(1, 0, 0, 0), "1 request, 0 lost"),
        (Traffic(1234, 2, 1, 5000), "1,234 requests, 2 lost, longest gap 5,000 ms"),
    ],
)
def test_traffic(seen: Traffic | None, expected: str) -> None:
    assert traffic(seen) == expected


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("plain → text", "plain → text"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07shown", "shown"),
        ("a\tb\r\nc\x00d", "a    b  c d"),
        ("\u202eturned", " turned"),
        ("token=abc123", "token=***"),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_final_without_a_terminal_has_no_colour() -> None:
    stream = io.StringIO()
    room.final(report(DEPLOYED), stream=stream, environ={})
    assert stream.getvalue() == "\n" + text(screen(report(DEPLOYED), 80))


def test_final_on_a_terminal_sets_off_the_headline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    stream = io.StringIO()
    room.final(report(DEPLOYED), stream=stream, terminal=True, environ={})
    shown = stream.getvalue()
    assert "\x1b[1;32mapp on staging: deployed and proven\x1b[0m" in shown
    assert "\x1b[1m  Traffic\x1b[0m     212 requests" in shown


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    stream = io.StringIO()
    room.final(report(ROLLED_BACK), stream=stream, terminal=True, environ={})
    assert "\x1b[1;3" not in stream.getvalue()
    assert "web on staging: rolled back" in stream.getvalue()


def test_table_aligns_and_names_a_repeated_label_once() -> None:
    assert text(table([("A", "1"), ("Bee", "2"), ("Bee", "3")], 40)) == "  A    1\n  Bee  2\n       3\n"


def test_facts() -> None:
    stream = io.StringIO()
    room.facts("app\x1b[31m", [("Revision", "app:12"), ("Tasks", "1 of 1")], stream)
    assert stream.getvalue() == "app\n  Revision  app:12\n  Tasks     1 of 1\n"


def test_findings() -> None:
    stream = io.StringIO()
    room.findings([("app", "2 targets are unhealthy.", "Look at the log.")], stream)
    assert stream.getvalue() == "app: 2 targets are unhealthy.\n  Look at the log.\n"


def test_no_findings() -> None:
    stream = io.StringIO()
    room.findings([], stream)
    assert stream.getvalue() == "No findings.\n"


def test_a_command_stays_on_one_line_to_be_copied() -> None:
    command = "`inv app.rollback --env staging --service web`"
    told = f"Nothing to abort: the journal has no run of this service; {command} goes back."
    lines = wrapped(told, 80)
    assert any(command in line for line in lines)
    assert " ".join(lines) == told
    assert max(map(len, wrapped(told, 40))) <= 40  # but for one that no line could hold


def test_a_long_line_without_a_label_leaves_no_empty_one_above() -> None:
    shown = table([("Revision", "new"), ("", "x" * 90)], 80)
    assert [line.text for line in shown] == ["  Revision  new", "    " + "x" * 90]


def test_what_stands_behind_a_column_goes_on_below_itself() -> None:
    shown = table([("Events", "2 s ago     " + "word " * 14)], 60)
    assert [line.text.index("word") for line in shown] == [22, 22]
