"""The repository itself: tests, linters and hooks, the same here, in the hook and in CI."""

from __future__ import annotations

import os

from tasks import _checks
from tasks import _given as options
from tasks._given import Given
from tasks._options import GITHUB
from tasks._place import ROOT
from tasks._run import show
from tasks._task import task

ONLY = options.names(
    "only", "Paths or test ids below the root, comma separated. Default: all of tests/ but tests/bench."
)
MATCH = options.text("match", "Only tests whose name matches this pytest expression (-k). Default: all.")
BENCH = options.switch("bench", "Also the benchmarks of tests/bench, which take long. Default: off.")
FAST = options.switch(
    "fast", "Only ruff, which takes a moment; the commit hook does that. Default: mypy too."
)
FROM = options.text(
    "from",
    "What to judge: index, worktree, HEAD or any other commit. Default: index in a hook, HEAD in CI, "
    "else worktree.",
)
JSON = options.switch("json", "Print one JSON object on stdout. Default: a line for each finding.")
RUNNER = options.text("runner", "pre-commit or prek. Default: pre-commit where it is installed, else prek.")
REMOVE = options.switch(
    "remove", "Take the hooks away again, and put back what stood there before. Default: install them."
)


@task(ONLY, MATCH, BENCH)
def test(given: Given) -> int:
    """Run the tests; exit 0 when all pass, 3 when one fails.

    Example: inv repo.test --only tests/tasks
    """
    command = _checks.pytest_command(given[ONLY], given[MATCH], bench=given[BENCH])
    if given.dry:
        print(f"Would run: {show(command)}")
        return 0
    return _checks.tested(command)


@task(FAST)
def lint(given: Given) -> int:
    """Run every linter and the strict type check; exit 3 when one of them found something.

    Example: inv repo.lint --fast
    """
    linters = _checks.linters(fast=given[FAST])
    if given.dry:
        print("\n".join(f"Would run: {show(arguments)}" for arguments in linters.values()))
        return 0
    return _checks.linted(linters)


@task(FROM, JSON, GITHUB, default=True)
def check(given: Given) -> int | None:
    """Hold every command of workflows, hooks and manifests against the tree; exit 3 when one goes past it.

    Example: inv repo.check --from HEAD
    """
    from workspace_checks import scripts, tree

    from tasks import _found, _tree

    report = scripts.check(ROOT, given[FROM] or tree.default_source(os.environ), _tree.known())
    well = f"{report.commands} commands, and none goes past the task tree"
    return _found.tell(report.findings, report.label, well, as_json=given[JSON], github=given[GITHUB])


@task(RUNNER, REMOVE)
def hooks(given: Given) -> None:
    """Install the commit hooks of .pre-commit-config.yaml, and the lock's fixer before them.

    Example: inv repo.hooks --runner prek
    """
    from workspace_checks import hooks as installer

    from tasks._parse import choice

    chosen = choice("runner", given[RUNNER], installer.RUNNERS, "")
    if given.dry:
        print(f"Would {'take away' if given[REMOVE] else 'install'} the commit hooks of this clone.")
    elif given[REMOVE]:
        print("\n".join(installer.remove(ROOT)) or "There was nothing to take away.")
    else:
        print("\n".join(installer.install(ROOT, chosen)))
        print("Take them away with: inv repo.hooks --remove")
