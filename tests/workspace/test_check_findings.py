"""What is wrong beside a fresh lock: strangers, orphans, bounds; and how it is said."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from workspace_checks import check, say
from workspace_checks.check import Report
from workspace_checks.errors import WorkspaceError

from tests.workspace.lock_repository import Repository, clean
from tests.workspace.lock_workspace import Member


def examined(repository: Repository, source: str = "worktree") -> Report:
    return check.examine(repository.root, source)


def codes(report: Report) -> list[str]:
    return [one.code for one in report.findings]


def host_of(lock: str) -> str:
    return lock.partition('url = "')[2].partition("/packages")[0]


def test_an_artefact_from_a_stranger(repository: Repository) -> None:
    lock = repository.read("uv.lock")
    repository.write("uv.lock", lock.replace(host_of(lock), "https://files.example.com", 1))
    report = examined(repository)
    assert codes(report) == ["D011"]
    assert report.verdict == check.FRESH  # to uv it is
    index = lock.partition('registry = "')[2].partition('"')[0]
    assert f"comes from https://files.example.com; {index} serves its files from" in say.lines(report)
    config = '\n[tool.workspace-checks]\nartefact-hosts = ["https://files.example.com"]\n'
    repository.write("pyproject.toml", repository.read("pyproject.toml") + config)
    assert codes(examined(repository)) == []


def test_a_host_that_the_lock_at_head_did_not_have(repository: Repository) -> None:
    lock = repository.read("uv.lock")
    repository.write("uv.lock", lock.replace(host_of(lock), "https://files.example.com"))
    repository.git("add", ".")
    for source in ("worktree", "index"):
        report = examined(repository, source)
        assert set(codes(report)) == {"D011"}
        assert "the lock at HEAD did not have that host" in say.lines(report)


def test_an_artefact_without_a_hash(repository: Repository) -> None:
    lock = repository.read("uv.lock")
    at = lock.index(', hash = "')
    repository.write("uv.lock", lock[:at] + lock[lock.index('",', at + 10) + 1 :])
    assert codes(examined(repository)) == ["D011"]


def test_an_orphan_manifest(repository: Repository) -> None:
    repository.write("tools/odd one/pyproject.toml", Member("odd").toml())
    repository.write("fixtures/broken/pyproject.toml", "[project\n")
    repository.write("config/pyproject.toml", "[tool.ruff]\n")
    report = examined(repository)
    assert [(one.code, one.path) for one in report.findings] == [("D006", "tools/odd one/pyproject.toml")]
    assert report.command == "inv deps.add-member --path 'tools/odd one' && inv deps.fix"
    text = repository.read("pyproject.toml")
    repository.write("pyproject.toml", text + '\n[tool.workspace-checks]\nstandalone = ["tools/*"]\n')
    assert codes(examined(repository)) == []


def test_bounds_that_differ_between_members(repository: Repository) -> None:
    repository.need("packages/one", "idna>=3")
    repository.need("packages/two", "idna>=3.1")
    repository.lock()
    report = examined(repository)
    assert codes(report) == ["D012"]
    assert report.command == "inv deps.align --name idna && inv deps.fix"
    repository.git("add", ".")
    assert examined(repository, "index").command == (
        "inv deps.align --name idna && git add packages/two/pyproject.toml && inv deps.fix --staged"
    )
    text = repository.read("pyproject.toml")
    repository.write("pyproject.toml", text + '\n[tool.workspace-checks]\nfree-bounds = ["idna"]\n')
    assert codes(examined(repository)) == []


def test_a_glob_that_names_nothing(repository: Repository) -> None:
    text = repository.read("pyproject.toml").replace('["packages/*"]', '["packages/*", "infra/none"]')
    repository.write("pyproject.toml", text)
    assert codes(examined(repository)) == ["D004"]


def test_a_lock_whose_manifest_is_not_staged(repository: Repository) -> None:
    repository.git("rm", "-q", "--cached", "pyproject.toml")
    with pytest.raises(WorkspaceError, match="no Python or pnpm project"):
        examined(repository, "index")
    repository.git("add", ".")
    repository.write("other/uv.lock", repository.read("uv.lock"))
    repository.git("add", ".")
    assert codes(examined(repository, "index")) == ["D014"]


def test_a_second_lock_is_judged_as_well(repository: Repository) -> None:
    repository.write("tools/pyproject.toml", Member("tools", uv=["package = false"]).toml())
    from tests.workspace.lock_workspace import lock

    lock(repository.root / "tools")
    repository.git("add", ".")
    assert examined(repository).said == "uv.lock and tools/uv.lock are fresh (work tree)."
    repository.need("tools", "six")
    report = examined(repository)
    assert [(one.code, one.path) for one in report.findings] == [("D003", "tools/pyproject.toml")]


def test_every_finding_at_once_in_three_forms(repository: Repository) -> None:
    repository.need("packages/one", "zipp")
    repository.need("packages/two", "pluggy")
    repository.write("tools/pyproject.toml", Member("odd").toml())
    repository.git("add", ".")
    command = [sys.executable, "-m", "workspace_checks", "check", "--from", "index"]

    def run(*more: str, **environ: str) -> tuple[int, str]:
        done = subprocess.run(
            [*command, *more],
            cwd=repository.root,
            env=clean(environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    code, said = run()
    assert code == 3
    assert said.splitlines() == [
        "3 findings (index):",
        "packages/one/pyproject.toml:6: D003 zipp was added; uv.lock has no such entry.",
        "packages/two/pyproject.toml:6: D003 pluggy was added; uv.lock has no such entry.",
        (
            "tools/pyproject.toml:1: D006 odd belongs to no workspace and has no lock of its own. "
            "Name it in [tool.uv.workspace], or in `standalone` of [tool.workspace-checks]."
        ),
        "Run: python -m workspace_checks fix --staged",
    ]
    found = json.loads(run("--json")[1])
    assert (found["exit_code"], found["verdict"], found["source"]) == (3, "stale", "index")
    assert [one["code"] for one in found["findings"]] == ["D003", "D003", "D006"]
    assert run(GITHUB_ACTIONS="true")[1].startswith(
        "::error file=packages/one/pyproject.toml,line=6,title=D003::"
    )
