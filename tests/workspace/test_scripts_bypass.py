"""Which commands go past the tree, and what is offered instead."""

from __future__ import annotations

import pytest
from workspace_checks import scripts_bypass

from tasks import _tree


def ways(command: str) -> tuple[str, ...] | None:
    program, *words = command.split()
    return scripts_bypass.of_command(program, words)


@pytest.mark.parametrize(
    ("command", "task"),
    [
        ("aws ecs update-service --cluster a", "app.deploy"),
        ("aws --region eu-west-3 --no-cli-pager ecs update-service", "app.deploy"),
        ("aws ecs --cluster a wait services-stable", "app.verify"),
        ("aws cloudformation deploy --template-file x", "infra.apply"),
        ("aws cloudformation delete-stack", "infra.destroy"),
        ("docker build .", "app.build"),
        ("docker --debug build .", "app.build"),
        ("docker --context a buildx build --push .", "app.build"),
        ("uv lock", "deps.fix"),
        ("uv lock --check", "deps.check"),
        ("uv --quiet sync --frozen", "deps.sync"),
        ("pip install -r requirements.txt", "deps.sync"),
        ("pnpm install --frozen-lockfile", "deps.sync"),
        ("pnpm install --lockfile-only --frozen-lockfile", "deps.check"),
        ("pnpm --filter deployment run deploy", "app.deploy"),
        ("pnpm -r test", "repo.test"),
        ("npm ci", "deps.sync"),
        ("npm t", "repo.test"),
        ("yarn lint", "repo.lint"),
        ("pytest", "repo.test"),
        ("ruff check .", "repo.lint"),
        ("pre-commit install", "repo.hooks"),
        ("husky", "repo.hooks"),
        ("cdk deploy --all", "infra.apply"),
        ("terraform -chdir=infra plan", "infra.plan"),
        ("ecs deploy cluster service", "app.deploy"),
        ("localstack start", "local.up"),
    ],
)
def test_a_task_does_it(command: str, task: str) -> None:
    found = ways(command)
    assert found is not None
    assert [way.partition(" ")[0] for way in found][:1] == [task]


@pytest.mark.parametrize(
    "command",
    [
        "docker run --rm x build",
        "aws s3 ls logs",
        "pnpm --filter test run build",
        "uv python install",
        "cdk ls",
        "aws",
    ],
)
def test_no_task_does_it(command: str) -> None:
    assert ways(command) == ()


@pytest.mark.parametrize(
    "command", ["echo aws ecs", "uv --version", "docker --help", "pip list", "git push", "npm pack"]
)
def test_it_may_stand(command: str) -> None:
    assert ways(command) is None


def test_every_task_that_is_offered_exists() -> None:
    """With the options that are offered with it."""
    known = _tree.known().tasks
    rows = [tasks for _, tasks in scripts_bypass._PATTERNS]
    rows += [tasks for kind in (scripts_bypass._ACTIONS, scripts_bypass._HOOK_IDS) for tasks in kind.values()]
    offered = {way.partition(" ")[0] for tasks in rows for way in tasks}
    assert offered - set(known) == set()
    for way in {way for tasks in rows for way in tasks}:
        name, *words = way.split()
        assert {word for word in words if word.startswith("--")} <= set(known[name].options)
