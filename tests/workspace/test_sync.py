"""What `deps.sync` installs: everything, or one member; and the tools it asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from workspace_checks import sync, uv
from workspace_checks.errors import WorkspaceError

PROJECT = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.11"\n\n'
ROOT = PROJECT.format("root") + '[tool.uv.workspace]\nmembers = ["one", "two"]\n'
MEMBER = PROJECT + '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
# A build backend of its own, so that nothing is fetched: what it builds is an empty package.
BACKEND = """\
import pathlib, tomllib, zipfile
def build_editable(folder, settings=None, metadata=None):
    name = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]["name"]
    with zipfile.ZipFile(f"{folder}/{name}-1-py3-none-any.whl", "w") as wheel:
        about = f"{name}-1.dist-info"
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1\\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{about}/RECORD", "")
    return f"{name}-1-py3-none-any.whl"
"""
LOCK = """\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

importers:

  .: {}

  apps/a: {}
"""
NODE = {
    "pnpm-workspace.yaml": 'packages:\n  - "apps/*"\n',
    "package.json": '{"name": "web", "private": true}',
    "apps/a/package.json": '{"name": "@web/a", "version": "1.0.0"}',
    "pnpm-lock.yaml": LOCK,
}


def place(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = tmp_path / "a pläce"
    root.mkdir()
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


@pytest.fixture
def python(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv workspace of a root and two members, locked; its environment stands beside it."""
    for name, value in {
        "UV_PYTHON": sys.executable,
        "UV_OFFLINE": "1",
        "UV_PROJECT_ENVIRONMENT": str(top / "env"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    place(top, {"pyproject.toml": ROOT, ".gitignore": "env\n"})
    for name in ("one", "two"):
        place(top, {f"{name}/pyproject.toml": MEMBER.format(name), f"{name}/backend.py": BACKEND})
    subprocess.run([uv.find(), "lock", "-q"], cwd=top, check=True)
    return top


def installed(root: Path) -> set[str]:
    return {path.name.partition("-")[0] for path in (root / "env").rglob("*.dist-info")}


def test_one_member_then_all(python: Path) -> None:
    sync.sync(python, "one")
    assert installed(python) == {"one"}
    sync.sync(python, "two")
    assert installed(python) == {"one", "two"}  # the others stay
    lock = (python / "uv.lock").read_bytes()
    sync.sync(python)
    assert installed(python) == {"one", "two"}
    assert (python / "uv.lock").read_bytes() == lock


def test_what_would_be_run(python: Path) -> None:
    place(python, NODE)
    assert [str(step) for step in sync.plan(python)] == [
        "uv sync --locked --all-packages",
        "pnpm install --frozen-lockfile",
    ]
    assert [str(step) for step in sync.plan(python, "@web/a")] == [
        "pnpm install --frozen-lockfile --filter @web/a... --fail-if-no-match"
    ]
    with pytest.raises(WorkspaceError, match="--member three names nobody") as caught:
        sync.plan(python, "three")
    assert caught.value.cure == "The members are @web/a, one, root, two, web."


def test_pnpm_is_asked_with_the_lock_frozen(
    top: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place(top, NODE)
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    place(tmp_path / "bin", {"pnpm": '#!/bin/sh\necho "$@" > asked\nexit "${CODE:-0}"\n'})
    (tmp_path / "bin" / "pnpm").chmod(0o755)
    (tmp_path / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/bin")
    sync.sync(top)
    assert (top / "asked").read_text() == "install --frozen-lockfile\n"
    monkeypatch.setenv("CODE", "1")
    with pytest.raises(WorkspaceError, match="pnpm install ended with exit 1"):
        sync.sync(top)
    (tmp_path / "bin" / "pnpm").unlink()
    with pytest.raises(WorkspaceError, match="pnpm was not found on PATH"):
        sync.sync(top)


def test_where_nothing_is_locked_it_says_so(top: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"has no uv\.lock and no pnpm-lock\.yaml"):
        sync.sync(top)
