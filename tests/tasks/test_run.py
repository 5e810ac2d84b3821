"""Programs that a task runs: their exit codes, their environment, their end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks import _run
from tasks._parse import UsageError
from tasks._place import ROOT


def test_it_runs_at_the_root_with_the_interpreter_in_use(capfd: pytest.CaptureFixture[str]) -> None:
    script = "import os, sys; print(os.getcwd(), sys.executable); sys.exit(7)"
    assert _run.run([sys.executable, "-c", script]) == 7
    assert capfd.readouterr().out == f"{ROOT} {sys.executable}\n"
    assert _run.python_module("pytest", "-q")[:3] == [sys.executable, "-m", "pytest"]


def test_nothing_points_it_at_a_real_environment(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in (
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "INFRA_ENV",
        "GIT_INDEX_FILE",
        "GITHUB_ENV",
        "ECS_LOCAL_HOME",
    ):
        monkeypatch.setenv(name, "foreign")
    monkeypatch.setenv("KEPT", "kept")
    script = "import os; print(sorted(k for k, v in os.environ.items() if v in ('foreign', 'kept')))"
    assert _run.run([sys.executable, "-c", script]) == 0
    assert capfd.readouterr().out == "['KEPT']\n"


def test_an_interrupted_program_tidies_up_first(tmp_path: Path) -> None:
    child = (
        "import signal, sys, time\n"
        "try:\n    print('child', flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('tidy', flush=True); sys.exit(2)\n"
    )
    parent = f"import sys; from tasks import _run; _run.run([sys.executable, '-c', {child!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "child\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert out == "tidy\n"
    assert "KeyboardInterrupt" in err


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError, match="zizmoor is not installed"):
        _run.run(_run.beside("zizmoor", "--offline"))
