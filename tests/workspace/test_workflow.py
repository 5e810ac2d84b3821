"""What hook and CI run: calls of tasks that exist, with options that exist, and pinned actions."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workspace_checks import scripts
from workspace_checks.findings import text

from tasks import _tree
from tests import workflow

ROOT = workflow.ROOT
WORKFLOW = workflow.WORKFLOW.read_text(encoding="utf-8")


def test_every_command_of_this_repository_goes_through_the_tree() -> None:
    """Workflow, action, hooks and .ci alike: tasks and options that exist, an environment that is named."""
    report = scripts.check(ROOT, "worktree", _tree.known())
    assert text(report.findings) == ""
    assert report.commands > 50  # the measure can fail


def test_the_jobs_call_nothing_but_tasks() -> None:
    for job in ("check", "deploy"):
        install, *rest = workflow.steps(job)
        assert ".venv/bin/uv run --frozen inv deps.sync" in install.run
        # `exec`: a cancelled job's signal reaches the task itself and not a shell around it.
        assert all(re.fullmatch(r"exec inv [a-z]+\.[a-z]+.*", step.run) for step in rest)


def test_the_environment_is_set_once() -> None:
    assert all(step.env == {"INFRA_ENV": "staging"} for step in workflow.steps("deploy"))
    assert WORKFLOW.count("INFRA_ENV") == 1


def test_steps_run_as_on_a_runner(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def step(run: str, condition: str = "") -> workflow.Step:
        return workflow.Step("job", run, {"INFRA_ENV": "staging"}, condition)

    after = "cancelled() || failure()"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "inv").write_text('#!/bin/sh\necho "ran $* on $INFRA_ENV"\n')
    (tmp_path / "bin" / "inv").chmod(0o755)
    well = [step('echo "$PWD/bin" >> "$GITHUB_PATH"'), step("exec inv a.b"), step("exec inv c.d", after)]
    assert workflow.run(well, tmp_path) == 0
    assert "ran a.b on staging\n" in (said := capfd.readouterr().out)
    assert "c.d" not in said
    assert workflow.run([step("exit 4"), step("echo never"), step("echo after", after)], tmp_path) == 4
    said = capfd.readouterr().out
    assert "after\n" in said
    assert "never" not in said


def test_actions_are_pinned_and_rights_are_few() -> None:
    described: dict[str, Any] = workflow.read()
    assert described["permissions"] == {}
    for job in described["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert set(job["permissions"]) <= {"contents", "id-token"}
    texts = [WORKFLOW, (ROOT / ".github/actions/install/action.yml").read_text(encoding="utf-8")]
    used = re.findall(r"uses: (?!\./)(.*)", "\n".join(texts))
    assert len(used) >= 4
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[0-9.]+", one) for one in used)


def test_a_hook_finds_the_tree_with_a_bare_path(tmp_path: Path) -> None:
    """As Git runs it: from anywhere in the clone, nothing activated; git and sh are all that is on PATH."""
    for tool in ("git", "sh"):
        source = subprocess.run(["which", tool], capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / tool).symlink_to(source)
    clone = tmp_path / "clone"
    (clone / ".ci").mkdir(parents=True)
    (clone / ".ci" / "inv").symlink_to(ROOT / ".ci" / "inv")
    (clone / "tasks.py").symlink_to(ROOT / "tasks.py")
    (clone / "tasks").symlink_to(ROOT / "tasks")
    subprocess.run(["git", "init", "-q", clone], check=True)

    def inv(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [clone / ".ci" / "inv", *arguments],
            cwd=clone / ".ci",
            env={"PATH": str(tmp_path), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    without = inv("deps.check")
    assert without.returncode == 2
    assert "no .venv and uv is not on PATH" in without.stderr
    (clone / ".venv" / "bin").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    done = inv("--list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "deps.check" in done.stdout
