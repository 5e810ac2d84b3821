"""The real command in a process of its own, with nothing of this machine's AWS configuration in sight."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tasks import nursery

ROOT = Path(__file__).resolve().parents[2]

Done = subprocess.CompletedProcess[str]


def inv(environ: Mapping[str, str], *arguments: str, cwd: Path = ROOT) -> Done:
    """`inv` with these arguments, ended within two minutes."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "INFRA_", "GITHUB_", "ECS_LOCAL"))
    }
    nowhere = {
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    code, out, err = nursery.run(arguments, {**kept, **nowhere, **environ}, cwd, timeout=120)
    return Done(arguments, code, out, err)


def refused(done: Done, code: int, *words: str) -> None:
    """It ended with that code and said these words on stderr, briefly, with a cure and no traceback."""
    assert done.returncode == code, done
    assert "Traceback" not in done.stderr
    assert "Unexpected" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    lines = done.stderr.strip().splitlines()
    assert 2 <= len(lines) <= 4, (
        lines
    )  # what, what to do, and where INFRA_ENV decided or something was started


def one_object(done: Done) -> dict[str, Any]:
    """The one JSON object on stdout, with what every object has."""
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["exit_code"] == done.returncode
    assert {"environment", "tag", "outcome"} <= set(found)
    return found
