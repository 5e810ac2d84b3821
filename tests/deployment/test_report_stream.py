"""Readers that leave and streams that are closed: never a traceback, and the exit code stays."""

import errno
import io
import os
import subprocess
import sys
import textwrap

import pytest
from ecs_deployment import report
from ecs_deployment.outcome import Report
from ecs_deployment.report_stream import SafeStream, draws, opened

PROGRAM = """
import sys
from ecs_deployment import report
from ecs_deployment.events import Said
from ecs_deployment.outcome import Outcome, Report, Result
asked = "--json" in sys.argv
with report.reporter("local", "demo", json=asked, terminal="--live" in sys.argv) as sink:
    for number in range(2000):
        sink(Said("app", f"line {number} with some length, so that pipes fill", "warning"))
report.final(Report("local", "demo", 1.0, 1, (Result("app", Outcome.FAILED, cause="Broken."),)), json=asked)
report.facts("title", [("a", "b")])
report.findings([])
sys.exit(5)
"""


def _run(*arguments: str, closed: str) -> tuple[int, str]:
    """Exit code and stderr of the program, with its stdout broken in one of two ways."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), *arguments]
    environ = {**os.environ, "TERM": "xterm", "GITHUB_ACTIONS": ""}
    if closed == "at the start":
        shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
        done = subprocess.run(shell, stderr=subprocess.PIPE, env=environ, timeout=60, check=False)
        return done.returncode, done.stderr.decode()
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stdout:
        done = subprocess.run(
            command, stdout=stdout, stderr=subprocess.PIPE, env=environ, timeout=60, check=False
        )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("closed", ["at the start", "by its reader"])
@pytest.mark.parametrize("option", ["--plain", "--live", "--json"])
def test_a_closed_stdout_changes_neither_exit_code_nor_manners(option: str, closed: str) -> None:
    code, complaint = _run(option, closed=closed)
    assert code == 5
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint
    if option != "--json":
        assert complaint == ""


def test_a_closed_stderr_is_no_traceback_either() -> None:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), "--json"]
    shell = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    done = subprocess.run(shell, stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 5
    assert done.stdout.startswith(b'{\n  "environment": "local"')


def test_a_closed_stream_is_no_error() -> None:
    stream = io.StringIO()
    safe = SafeStream(stream)
    stream.close()
    safe.line("hello")
    safe.line("again")
    assert not safe.isatty()


def test_what_an_encoding_lacks_becomes_a_question_mark() -> None:
    raw = io.BytesIO()
    wrapper = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    SafeStream(wrapper).line("a → b é")
    assert raw.getvalue() == b"a ? b ?\n"


class FullDisk(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    safe = SafeStream(FullDisk())
    safe.line("one")
    safe.line("two")
    assert capsys.readouterr().err == "The report cannot be written: No space left on device.\n"


def test_no_stream_at_all() -> None:
    safe = opened(None, default=None)
    safe.line("hello")
    assert safe.encoding == "utf-8"
    with pytest.raises(OSError, match="fileno"):
        safe.fileno()


def test_in_the_background_of_a_terminal_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """`inv ... &` leaves the terminal to whoever types there; lines may come in between, pictures may not."""
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        assert draws(SafeStream(terminal), None)
        monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
        assert not draws(SafeStream(terminal), None)
    os.close(ours)


class _Full(io.StringIO):
    def write(self, text: str) -> int:  # noqa: ARG002 - there is no room for any
        raise OSError(errno.ENOSPC, "No space left on device")


def test_who_only_reports_hears_of_a_full_disk_and_a_deploy_goes_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(OSError, match="No space left"):
        report.facts("title", [("a", "b")], stream=_Full())
    report.final(Report("local", "demo", 1.0, 1), stream=_Full(), environ={})
    assert "The report cannot be written: No space left" in capfd.readouterr().err
