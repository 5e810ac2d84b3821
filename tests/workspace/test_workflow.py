"""What hook and CI run: calls of tasks that exist, with options that exist, and pinned actions."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests import workflow

ROOT = workflow.ROOT
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]


def tree() -> Collection:
    module, folder = FilesystemLoader(start=str(ROOT)).load("tasks")
    return Collection.from_module(module, loaded_from=folder)


def calls() -> list[str]:
    """Every call of `inv` in workflow, hooks and .ci/run, as typed after `inv`."""
    lines = [
        line for job in ("check", "deploy") for step in workflow.steps(job) for line in step.run.splitlines()
    ]
    lines += [hook["entry"] for hook in HOOKS]
    lines += (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    found = (re.search(r"(?:^|[\s/])inv ([a-z]+\.[a-z].*)$", line) for line in lines)
    return [match[1].partition("||")[0] for match in found if match]


@pytest.mark.parametrize("call", sorted(set(calls())))
def test_every_call_names_a_task_and_options_that_exist(call: str) -> None:
    name, *rest = shlex.split(call)
    assert name in tree().task_names
    known = {f"--{option}" for argument in tree()[name].get_arguments() for option in argument.names}
    assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known


def test_the_jobs_call_nothing_but_tasks() -> None:
    for job in ("check", "deploy"):
        install, *rest = workflow.steps(job)
        assert ".venv/bin/uv run --frozen inv deps.sync" in install.run
        assert all(re.fullmatch(r"(exec )?inv [a-z]+\.[a-z]+.*", step.run) for step in rest)


def test_what_github_fills_in_is_left_to_the_environment() -> None:
    assert [step.env for step in workflow.steps("deploy")] == [{"INFRA_ENV": "staging"}] * 4


def test_actions_are_pinned_and_rights_are_few() -> None:
    described: dict[str, Any] = workflow.read()
    assert described["permissions"] == {"contents": "read"}
    for job in described["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert set(job.get("permissions", {})) <= {"contents", "id-token"}
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])


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
