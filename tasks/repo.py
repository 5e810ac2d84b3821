"""The repository itself: tests, linters and hooks, the same here, in the hook and in CI."""

from __future__ import annotations

import os
import sys

from invoke.context import Context

from tasks._options import ROOT, UsageError, choice, dry, names
from tasks._run import beside, python_module, run, show
from tasks._task import task

_FOUND = 3  # the exit code of every check that found something
_FAST = {
    "ruff check": python_module("ruff", "check", "."),
    "ruff format": python_module("ruff", "format", "--check", "."),
}
_THOROUGH = {
    "mypy": python_module("mypy"),  # strict, over tasks/ and infra/: pyproject.toml says so
    "zizmor": beside("zizmor", "--offline", "--quiet", "."),  # workflows, actions and hooks
}

# The tests wait more than they compute, on two cores too; a file's tests stay together, with the engine they share.
_AT_ONCE = ("-n", "4", "--dist", "loadfile")

# pytest's own exit codes. 2 is an interruption or a file that could not be collected: a finding, since a
# real interruption never gets this far.
_PYTEST_EXIT = {0: 0, 1: _FOUND, 2: _FOUND, 4: 2, 5: 2}


@task(
    help={
        "only": "Paths or test ids below the root, comma separated. Default: all of tests/ but tests/bench.",
        "match": "Only tests whose name matches this pytest expression (-k). Default: all.",
        "bench": "Also the benchmarks of tests/bench, which take long. Default: off.",
    }
)
def test(c: Context, *, only: str = "", match: str = "", bench: bool = False) -> int | None:
    """Run the tests; exit 0 when all pass, 3 when one fails.

    Example: inv repo.test --only tests/tasks
    """
    chosen = names("only", only)
    for name in chosen:
        if not (ROOT / name.partition("::")[0]).exists():
            raise UsageError(
                f"--only {name}: there is no such file or folder.", f"Name it as seen from {ROOT}."
            )
    arguments = python_module("pytest", *(chosen or _AT_ONCE))
    if match:
        arguments += ["-k", match]
    if not bench and not any(name.startswith("tests/bench") for name in chosen):
        arguments += ["--ignore=tests/bench"]
    if dry(c):
        print(f"Would run: {show(arguments)}")
        return None
    return _PYTEST_EXIT.get(run(arguments), 1)


@task(help={"fast": "Only ruff, which takes a moment; the commit hook does that. Default: mypy too."})
def lint(c: Context, *, fast: bool = False) -> int | None:
    """Run every linter and the strict type check; exit 3 when one of them found something.

    Example: inv repo.lint --fast
    """
    linters = _FAST if fast else _FAST | _THOROUGH | _where_found()
    if dry(c):
        print("\n".join(f"Would run: {show(arguments)}" for arguments in linters.values()))
        return None
    found = []
    for name, arguments in linters.items():
        print(f"== {name}", flush=True)
        if run(arguments) != 0:
            found.append(name)
    if found:
        print(f"Findings from {', '.join(found)}. See above.", file=sys.stderr)
        return _FOUND
    return None


def _where_found() -> dict[str, list[str]]:
    """actionlint comes from no Python registry without a download: it runs where it is installed."""
    import shutil

    if shutil.which("actionlint"):
        return {"actionlint": ["actionlint"]}
    print("Not run: actionlint, which is not on PATH.", file=sys.stderr)
    return {}


@task(
    help={
        "from": "What to judge: index, worktree, HEAD or any other commit. Default: index in a hook, HEAD in CI, "
        "else worktree.",
        "json": "Print one JSON object on stdout. Default: a line for each finding.",
        "github": "Also print GitHub annotations. Default: on where GITHUB_ACTIONS is true.",
    },
    default=True,
)
def check(c: Context, *, from_: str = "", json: bool = False, github: bool = False) -> int | None:
    """Hold every command of workflows, hooks and manifests against the tree; exit 3 when one goes past it.

    Example: inv repo.check --from HEAD
    """
    from workspace_checks import scripts, tree

    from tasks import _found, _tree

    report = scripts.check(ROOT, from_ or tree.default_source(os.environ), _tree.known())
    well = f"{report.commands} commands, and none goes past the task tree"
    return _found.tell(report.findings, report.label, well, as_json=json, github=github)


@task(
    help={
        "runner": "pre-commit or prek. Default: pre-commit where it is installed, else prek.",
        "remove": "Take the hooks away again, and put back what stood there before. Default: install them.",
    }
)
def hooks(c: Context, *, runner: str = "", remove: bool = False) -> None:
    """Install the commit hooks of .pre-commit-config.yaml, and the lock's fixer before them.

    Example: inv repo.hooks --runner prek
    """
    from workspace_checks import hooks as installer

    chosen = choice("runner", runner, installer.RUNNERS, "")
    if dry(c):
        print(f"Would {'take away' if remove else 'install'} the commit hooks of this clone.")
        return
    if remove:
        print("\n".join(installer.remove(ROOT)) or "There was nothing to take away.")
        return
    print("\n".join(installer.install(ROOT, chosen)))
    print("Take them away with: inv repo.hooks --remove")
