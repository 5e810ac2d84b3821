"""One locked repository for all tests of a process; each test spoils a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workspace import lock_repository, lock_workspace
from tests.workspace.lock_repository import Repository


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed repository whose lock is fresh, and a warm cache."""
    root = tmp_path_factory.mktemp("template")
    lock_workspace.warm(root / "warm")
    return lock_repository.make(root / "a pläce").root


@pytest.fixture
def repository(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A copy of it, in a folder whose name is no plain word; nothing of a hook or of CI around."""
    for name in ("CI", "PRE_COMMIT", "GIT_INDEX_FILE", "GIT_DIR", "UV_FROZEN", "UV_LOCKED"):
        monkeypatch.delenv(name, raising=False)
    return lock_repository.copy(template, tmp_path / "a pläce")
