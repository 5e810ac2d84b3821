"""The repository itself: tests, linters and hooks, the same here, in the hook and in CI."""

from __future__ import annotations

import sys

from invoke.context import Context

from tasks._options import ROOT, UsageError, dry, names
from tasks._run import python_module, run, show
from tasks._task import task

_FOUND = 3  # the exit code of every check that found something
_FAST = {
    "ruff check": python_module("ruff", "check", "."),
    "ruff format": python_module("ruff", "format", "--check", "."),
}
_THOROUGH = {"mypy": python_module("mypy")}  # strict, over tasks/ and infra/: pyproject.toml says so

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
    linters = _FAST if fast else _FAST | _THOROUGH
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


@task
def hooks(c: Context) -> int | None:
    """Install the commit hooks of .pre-commit-config.yaml into this clone.

    Example: inv repo.hooks
    """
    arguments = python_module("pre_commit", "install")
    if dry(c):
        print(f"Would run: {show(arguments)}")
        return None
    return 0 if run(arguments) == 0 else 2
