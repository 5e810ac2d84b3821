"""`deps.*` on this very clone: the lock is fresh, and looking changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def inv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "invoke", *arguments],
        cwd=ROOT / "infra",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_lock_of_this_repository_is_fresh_and_is_not_touched() -> None:
    before = (ROOT / "uv.lock").stat()
    done = inv("deps.check", "--from", "worktree")
    assert (done.returncode, done.stdout, done.stderr) == (0, "uv.lock is fresh (work tree).\n", "")
    assert (ROOT / "uv.lock").stat().st_mtime_ns == before.st_mtime_ns


def test_a_check_imports_nothing_heavy() -> None:
    """Neither of what is remembered nor of what is not: the hook waits for it."""
    for source in ("worktree", "HEAD"):
        program = (
            "import sys; from pathlib import Path; from workspace_checks import memo;"
            f"memo.recall = lambda *_: None; from workspace_checks.check import examine;"
            f"report = examine(Path('.'), {source!r}); print(report.said, *sorted(sys.modules));"
            "ours = [m for name, m in sys.modules.items() if name.startswith('workspace_checks.')];"
            "print(*[c for m in ours for c in vars(m).values() if hasattr(c, '__dataclass_fields__')])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
        )
        listed, compiled = done.stdout.splitlines()
        said, _, modules = listed.partition("). ")
        assert said.startswith("uv.lock is fresh")
        heavy = {"boto3", "botocore", "rich", "tomlkit", "packaging", "yaml", "argparse", "ecs_deployment"}
        assert not heavy & {name.partition(".")[0] for name in modules.split()}
        assert compiled == ""  # a dataclass is compiled anew in every process


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("deps.check", "--from", "no-such"), 2, "--from no-such is no revision"),
        (("deps.check", "--from="), 2, "--from was given an empty value"),
        (("deps.fix", "--staged", "--dry"), 0, "Would lock what is stale, of the index."),
    ],
)
def test_its_options(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = inv(*arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_check_as_one_object() -> None:
    done = inv("deps.check", "--from", "HEAD", "--json")
    found = json.loads(done.stdout)
    assert (found["exit_code"], found["source"], found["verdict"]) == (done.returncode, "HEAD", "fresh")


def test_a_dry_sync_says_what_it_would_run() -> None:
    done = inv("deps.sync", "--dry")
    assert (done.returncode, done.stdout) == (0, "Would run: uv sync --locked --all-packages\n")
