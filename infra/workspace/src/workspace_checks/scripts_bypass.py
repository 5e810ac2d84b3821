"""Which commands go past the task tree, and which task does their work.

A row is a pattern and its tasks. The pattern's first word is the program; the command goes on with its other words
in that order, the options and their values in between do not matter. The first row that matches counts. A task that
the tree does not have is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable

_DEPLOY = ("app.deploy --env ENV --tag TAG",)
_BUILD = ("app.build --env ENV --tag TAG",)
_LOOK = ("app.verify --env ENV", "app.status --env ENV")
_APPLY = ("infra.apply --env ENV",)
_PLAN = ("infra.plan --env ENV",)
_DESTROY = ("infra.destroy --env ENV --confirm ENV",)
_SYNC, _FIX, _CHECK = ("deps.sync",), ("deps.fix",), ("deps.check",)
_TEST, _LINT, _HOOKS = ("repo.test",), ("repo.lint",), ("repo.hooks",)

_Row = tuple[str, tuple[str, ...]]


def _each(tools: str, verbs: dict[str, tuple[str, ...]]) -> tuple[_Row, ...]:
    """A row for every pair of tool and verb; the verb "" is the tool itself, whatever it is asked to do."""
    return tuple((f"{tool} {verb}".strip(), tasks) for tool in tools.split() for verb, tasks in verbs.items())


_ROWS: tuple[_Row, ...] = (
    *_each(
        "aws",
        {
            "ecs update-service": _DEPLOY,
            "ecs register-task-definition": _DEPLOY,
            "ecs deploy": _DEPLOY,
            "ecs wait": _LOOK,
            "ecs describe-services": _LOOK,
            "ecs describe-tasks": _LOOK,
            "ecs list-tasks": _LOOK,
            "ecr": _BUILD,
            "cloudformation validate-template": ("infra.lint",),
            "cloudformation delete-stack": _DESTROY,
            "cloudformation describe-stacks": _PLAN,
            "cloudformation": _APPLY,
            "logs": ("app.logs --env ENV",),
            "application-autoscaling": ("app.wake --env ENV", "app.sleep --env ENV"),
            "": (),
        },
    ),
    *_each(
        "docker", {"build": _BUILD, "buildx": _BUILD, "push": _BUILD, "tag": _BUILD, "login": _BUILD, "": ()}
    ),
    *_each(
        "cdk sam terraform tofu pulumi",
        {
            **dict.fromkeys(("deploy", "apply", "up"), _APPLY),
            **dict.fromkeys(("diff", "plan", "synth", "preview"), _PLAN),
            **dict.fromkeys(("destroy", "delete"), _DESTROY),
            "": (),
        },
    ),
    *_each("ecs-deploy", {"": _DEPLOY}),
    *_each("ecs ecspresso copilot", {"deploy": _DEPLOY}),
    *_each("ecspresso copilot", {"": ()}),
    *_each(
        "uv",
        {
            "lock --check": _CHECK,
            "lock --locked": _CHECK,
            "lock": _FIX,
            "add": _FIX,
            "remove": _FIX,
            "sync": _SYNC,
            "pip": _SYNC,
            "": (),
        },
    ),
    *_each("pip pip3", {"install": _SYNC}),
    *_each("poetry pdm pipenv", {"install": _SYNC, "sync": _SYNC, "lock": _FIX, "check": _CHECK}),
    *_each(
        "pnpm npm yarn bun",
        {
            "install --lockfile-only --frozen-lockfile": _CHECK,
            "install --lockfile-only": _FIX,
            **dict.fromkeys(("install", "i", "ci"), _SYNC),
            "add": _FIX,
            **dict.fromkeys(("test", "t", "run test"), _TEST),
            **dict.fromkeys(("lint", "run lint"), _LINT),
            **dict.fromkeys(("deploy", "run deploy"), _DEPLOY),
            "run": (),
        },
    ),
    *_each("pytest tox nox", {"": _TEST}),
    *_each("ruff mypy black isort flake8 pylint pyright actionlint zizmor", {"": _LINT}),
    *_each("cfn-lint", {"": ("infra.lint",)}),
    *_each("pre-commit prek", {"install": _HOOKS, "run": _LINT}),
    *_each("husky", {"": _HOOKS}),
    *_each("localstack moto_server", {"": ("local.up",)}),
)
_PATTERNS = tuple((tuple(pattern.split()), tasks) for pattern, tasks in _ROWS)

_ACTIONS: dict[str, tuple[str, ...]] = {
    "aws-actions/amazon-ecs-deploy-task-definition": _DEPLOY,
    "aws-actions/amazon-ecs-render-task-definition": _DEPLOY,
    "aws-actions/amazon-ecr-login": _BUILD,
    "aws-actions/aws-cloudformation-github-deploy": _APPLY,
    "docker/build-push-action": _BUILD,
    "docker/login-action": _BUILD,
    "pre-commit/action": _LINT,
    "j178/prek-action": _LINT,
    "astral-sh/ruff-action": _LINT,
}
_HOOK_IDS: dict[str, tuple[str, ...]] = {
    "uv-lock": _FIX,
    "uv-sync": _SYNC,
    "pip-compile": _FIX,
    "poetry-check": _CHECK,
    "poetry-lock": _FIX,
    **dict.fromkeys(
        ("ruff", "ruff-check", "ruff-format", "mypy", "black", "isort", "flake8"), ("repo.lint --fast",)
    ),
    **dict.fromkeys(("actionlint", "zizmor"), _LINT),
    "cfn-lint": ("infra.lint",),
}
_ASKS = frozenset({"--version", "-V", "--help", "-h", "help"})  # what only asks about the program


def of_command(program: str, words: Iterable[str]) -> tuple[str, ...] | None:
    """The tasks that do what this command does; none where no task does it; None where it may stand."""
    rest = list(words)
    if _ASKS & set(rest[:1]):
        return None
    rows = [(pattern, tasks) for (name, *pattern), tasks in _PATTERNS if name == program]
    # Nobody knows of every option whether a value follows it: first as if one did, then as if it might.
    for valued in (True, False):
        for pattern, tasks in rows:
            if pattern and _matches(pattern, rest, valued=valued):
                return tasks
    return next((tasks for pattern, tasks in rows if not pattern), None)


def of_use(kind: str, name: str) -> tuple[str, ...] | None:
    """The same for an action (`owner/name`) or a hook's id."""
    return (_ACTIONS if kind == "action" else _HOOK_IDS).get(name)


def _matches(pattern: list[str], words: list[str], *, valued: bool) -> bool:
    """Whether the command goes on like the pattern; a word behind an option may be its value, and is if `valued`."""
    options = {word.partition("=")[0] for word in words if word.startswith("-")}
    if not all(wanted in options for wanted in pattern if wanted.startswith("-")):
        return False
    wanted = [word for word in pattern if not word.startswith("-")]
    for before, word in zip(["", *words], words, strict=False):
        if not wanted:
            break
        if word.startswith("-"):
            continue
        value = before.startswith("-") and "=" not in before
        if word == wanted[0] and not (valued and value):
            wanted.pop(0)
        elif not value:
            return False
    return not wanted
