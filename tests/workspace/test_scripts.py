"""Every command of a repository against its task tree: real files in a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from workspace_checks import scripts
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import text
from workspace_checks.scripts_model import Task, Tasks

TREE = Tasks(
    tasks={
        name: Task(
            {"--env": True, "--tag": True}, frozenset({"--env"}) if name.startswith("app.") else frozenset()
        )
        for name in (
            "app.build",
            "app.deploy",
            "app.verify",
            "app.status",
            "deps.check",
            "deps.fix",
            "deps.sync",
        )
    }
    | {name: Task({}) for name in ("repo.test", "repo.lint", "repo.hooks", "infra.apply")},
    core={"--dry": False},
)
FILES = {
    ".github/workflows/ci.yml": """\
env:
  INFRA_ENV: staging
jobs:
  all:
    steps:
      - uses: actions/checkout@v5
      - uses: aws-actions/amazon-ecs-deploy-task-definition@v2
      - run: |
          cd infra/deployment && pnpm install --frozen-lockfile
          aws --region eu-west-3 ecs update-service \\
            --cluster app
      - run: exec inv app.verify
      - run: exec inv app.verfy --env staging
""",
    ".github/actions/x/action.yml": "runs:\n  steps:\n    - run: uv sync && inv app.verify\n      shell: bash\n",
    ".pre-commit-config.yaml": "repos:\n  - repo: https://example.com/x\n    hooks:\n      - id: uv-lock\n",
    "apps/a/package.json": '{"scripts": {\n  "all": "pnpm run one",\n  "deploy": "npx cdk deploy"\n}}',
    "Makefile": "test:\n\t@uv run pytest\n\tuv run inv repo.test\n\tuv run --frozen inv deps.check\n",
    ".husky/pre-commit": "inv deps.check --fast\n",
    "scripts/other.sh": "docker compose up\n",
    "node_modules/x/package.json": '{"scripts": {"a": "uv sync"}}',
    "docs/README.md": "uv sync\n```bash\nuv sync && inv app.verify\ninv app.history\n```\n",
}
FOUND = """\
.github/actions/x/action.yml:3: S001 `uv sync` goes past the task tree. Instead: inv deps.sync
.github/workflows/ci.yml:7: S001 the action aws-actions/amazon-ecs-deploy-task-definition goes past the task tree. \
Instead: inv app.deploy --env ENV --tag TAG
.github/workflows/ci.yml:9: S001 `pnpm install --frozen-lockfile` goes past the task tree. Instead: inv deps.sync
.github/workflows/ci.yml:10: S001 `aws --region eu-west-3 ecs update-service ...` goes past the task tree. \
Instead: inv app.deploy --env ENV --tag TAG
.github/workflows/ci.yml:13: S002 there is no task app.verfy. Did you mean app.verify?
.husky/pre-commit:1: S003 `inv deps.check` has no option --fast. `inv --help deps.check` shows them.
.pre-commit-config.yaml:4: S001 the hook uv-lock goes past the task tree. Instead: inv deps.fix
Makefile:2: S001 `pytest` goes past the task tree. Instead: inv repo.test
Makefile:3: S006 `uv run` rewrites a stale lock before the task looks at it. Write `uv run --frozen inv ...`.
apps/a/package.json:3: S001 `cdk deploy` goes past the task tree. Instead: inv infra.apply --env ENV
docs/README.md:4: S002 there is no task app.history. `inv --list` shows them."""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = tmp_path / "a pläce"
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    git(root, "init", "-q")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a", *arguments], cwd=root, check=True)


def found(root: Path, source: str = "worktree") -> str:
    return text(scripts.check(root, source, TREE).findings)


def test_every_command_that_goes_past_the_tree_and_every_call_that_is_wrong(top: Path) -> None:
    assert found(top) == FOUND
    assert scripts.check(top, "worktree", TREE).commands == 19


def test_what_is_judged_is_what_was_asked_for(top: Path) -> None:
    assert found(top, "index") == ""
    git(top, "add", ".")
    git(top, "commit", "-qm", "x")
    (top / "Makefile").write_text("all:\n\ttox\n")
    git(top, "add", ".")
    (top / "Makefile").write_bytes(b"all:\r\n\tnox\r\n")
    assert found(top, "HEAD") == FOUND
    for source, tool in (("index", "tox"), ("worktree", "nox")):
        assert f"Makefile:2: S001 `{tool}` goes past the task tree. Instead: inv repo.test" in found(
            top, source
        )
    (top / "Makefile").unlink()
    assert "Makefile" not in found(top)
    with pytest.raises(WorkspaceError, match="--from nowhere is no commit"):
        found(top, "nowhere")


def test_what_may_go_past_the_tree_has_a_reason(top: Path) -> None:
    (top / "pyproject.toml").write_text(
        "[tool.workspace-checks.scripts]\n"
        'shell = ["scripts/*.sh"]\n'
        'skip = ["apps/*"]\n'
        "allow = [\n"
        '  { file = ".github/*", command = "aws --region", reason = "why" },\n'
        '  { file = "*.sh", command = "docker compose", reason = "why" },\n'
        '  { file = "*", command = "uv-lock", reason = "why" },\n'
        '  { file = "Makefile", command = "nox", reason = "why" },\n'
        "]\n"
    )
    left = [
        line
        for line in FOUND.splitlines()
        if not any(word in line for word in ("aws --region", "uv-lock", "apps/"))
    ]
    gone = "pyproject.toml:8: S007 nothing in Makefile runs `nox` any more. Take this entry of allow away."
    assert found(top).splitlines() == [*left, gone]
    (top / "apps/a/package.json").write_text("{")
    (top / "docs/README.md").write_bytes(b"\xff\n```sh\ninv deps.chekc\n```\n")
    assert "docs/README.md:3: S002 there is no task deps.chekc." in found(top)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (".github/workflows/ci.yml", b"a: [\n", ".github/workflows/ci.yml:2: this is no YAML"),
        (".github/workflows/ci.yml", b"a: 1\nb: \xff\n", ".github/workflows/ci.yml:2: this is not UTF-8"),
        ("apps/a/package.json", b"{", "apps/a/package.json:1: this is no JSON"),
        ("pyproject.toml", b"a = 1\nb = [\n", "pyproject.toml:3: no valid TOML"),
        ("pyproject.toml", b"[tool.workspace-checks.scripts]\nalow = []\n", "has no alow"),
        ("pyproject.toml", b"[tool.workspace-checks.scripts]\nshell = 1\n", "shell under"),
        ("pyproject.toml", b"[tool.workspace-checks.scripts]\nallow = ['uv']\n", "all three are needed"),
        (
            "pyproject.toml",
            b'[tool.workspace-checks.scripts]\nallow = [{ file = "*", command = "uv", reason = " " }]\n',
            "all three are needed",
        ),
    ],
)
def test_what_cannot_be_read_is_a_sentence(top: Path, file: str, content: bytes, said: str) -> None:
    (top / file).write_bytes(content)
    with pytest.raises(WorkspaceError) as caught:
        found(top)
    assert caught.value.exit_code == 2
    assert said in f"{caught.value.what} {caught.value.cure}"


def test_outside_of_a_repository_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="not in a Git repository"):
        found(tmp_path)
