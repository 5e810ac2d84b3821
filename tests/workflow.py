"""The workflow's own commands, read from its file: `python -m tests.workflow JOB` runs those of a job here.

What GitHub fills in (`${{ ... }}`) is taken from the environment by name, so no text is replaced.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
SHELL = ("bash", "-e", "-c")  # as a runner on Linux does: `bash -e FILE`


@dataclass(frozen=True)
class Step:
    """One `run` of a job, with the environment that the file itself gives it."""

    job: str
    run: str
    env: dict[str, str]


def read(path: Path = WORKFLOW) -> Any:
    """The workflow as plain data."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(job: str, path: Path = WORKFLOW) -> list[Step]:
    """The steps of `job` that run a command, in order."""
    described = read(path)["jobs"][job]
    shared = {name: str(value) for name, value in described.get("env", {}).items() if "${{" not in str(value)}
    return [Step(job, step["run"], shared) for step in described["steps"] if "run" in step]


def main(job: str) -> int:
    """Run the task calls of `job` one after the other; the first exit code that is not 0, or 0."""
    for step in steps(job):
        if not step.run.startswith(("inv ", "exec inv ")):
            continue  # installs, which this clone has behind it
        print(f"== {step.run}", flush=True)
        done = subprocess.run([*SHELL, step.run], cwd=ROOT, env={**os.environ, **step.env}, check=False)
        if done.returncode != 0:
            print(f"exit {done.returncode}", flush=True)
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
