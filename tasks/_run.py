"""Runs a program of ours to its end, and ends it well when we are interrupted."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tasks._parse import UsageError
from tasks._place import ROOT

_TIME_TO_TIDY = 30.0  # seconds a test run has to stop what it started

# What points a test at a real environment or a job's summary, or Git at another repository (a hook sets GIT_*).
_FOREIGN = ("AWS_", "GIT_", "GITHUB_", "INFRA_", "ECS_LOCAL_", "INVOKE_")


def python_module(*arguments: str) -> list[str]:
    """The command line of a module under the interpreter in use: no PATH, no activation needed."""
    return [sys.executable, "-m", *arguments]


def beside(program: str, *arguments: str) -> list[str]:
    """The command line of a program that is installed with the interpreter in use and is no module."""
    return [str(Path(sys.executable).parent / program), *arguments]


def show(arguments: Sequence[str]) -> str:
    """The command as one would type it."""
    return shlex.join(arguments)


def run(arguments: Sequence[str]) -> int:
    """Run it at the root of the repository, output where ours goes; its exit code.

    It is a process group of its own, so that Ctrl-C (which a terminal sends to everybody) and SIGTERM (which
    CI sends to us alone) reach it the same way: as one SIGINT from us, with time to tidy up.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
    try:
        child = subprocess.Popen(
            arguments, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, process_group=0
        )
    except FileNotFoundError:
        raise UsageError(
            f"{arguments[0]} is not installed.", "Install what uv.lock names: inv deps.sync"
        ) from None
    try:
        return child.wait()
    except KeyboardInterrupt:
        child.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            child.wait(_TIME_TO_TIDY)
        raise
    finally:
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
