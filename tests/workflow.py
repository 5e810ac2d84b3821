"""The workflow's own commands, read from its file: `python -m tests.workflow JOB` runs those of a job here.

    python -m tests.workflow deploy           the task calls, in this clone
    python -m tests.workflow --clean deploy   every `run`, installs included, in a clean clone of HEAD

What GitHub fills in (`${{ ... }}`) is taken from the environment by name, so no text is replaced. A step with
`if: cancelled() || failure()` runs only where one before it failed, as on GitHub.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
    condition: str = ""

    @property
    def after_failure(self) -> bool:
        return "failure()" in self.condition


def read(path: Path = WORKFLOW) -> Any:
    """The workflow, or an action, as plain data."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps(job: str, path: Path = WORKFLOW) -> list[Step]:
    """The steps of `job` that run a command, in order; those of our own actions stand where they are used."""
    workflow = read(path)
    described = workflow["jobs"][job]
    shared = {**workflow.get("env", {}), **described.get("env", {})}
    return [
        Step(job, step["run"], _known({**shared, **step.get("env", {})}), str(step.get("if", "")))
        for step in _flat(described["steps"])
        if "run" in step
    ]


def _flat(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in listed:
        uses = str(step.get("uses", ""))
        if uses.startswith("./"):
            yield from _flat(read(ROOT / uses / "action.yml")["runs"]["steps"])
        else:
            yield step


def _known(env: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in env.items() if "${{" not in str(value)}


def main(*arguments: str) -> int:
    """Run the steps of a job one after the other; the first exit code that is not 0, or 0."""
    clean, job = "--clean" in arguments, arguments[-1]
    if not clean:
        # The installs are what this clone has behind it.
        return run([step for step in steps(job) if step.run.startswith(("inv ", "exec inv "))], ROOT)
    with tempfile.TemporaryDirectory(prefix="workflow-") as place:
        clone = Path(place) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        return run(steps(job), clone)


def run(wanted: list[Step], folder: Path) -> int:
    """Run these steps in `folder` as a runner does, with files for what a step tells those after it."""
    code = 0
    with tempfile.TemporaryDirectory(prefix="runner-") as place:
        files = {
            name: str(Path(place) / name) for name in ("GITHUB_PATH", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")
        }
        for file in files.values():
            Path(file).touch()
        for step in wanted:
            if step.after_failure != bool(code):
                continue
            print(f"== {step.run.rstrip()}", flush=True)
            added = reversed(Path(files["GITHUB_PATH"]).read_text(encoding="utf-8").splitlines())
            path = os.pathsep.join([*added, os.environ.get("PATH", os.defpath)])
            env = {**os.environ, **files, **step.env, "PATH": path}
            done = subprocess.run([*SHELL, step.run], cwd=folder, env=env, check=False)
            if done.returncode != 0:
                print(f"exit {done.returncode}", flush=True)
                code = code or done.returncode
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
