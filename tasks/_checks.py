"""The programs behind `inv repo.test` and `inv repo.lint`, and what their ends mean."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence

from tasks._ends import FOUND
from tasks._parse import UsageError
from tasks._place import ROOT
from tasks._run import beside, python_module, run

_FAST = {
    "ruff check": python_module("ruff", "check", "."),
    "ruff format": python_module("ruff", "format", "--check", "."),
}
_THOROUGH = {
    "mypy": python_module("mypy"),  # strict, over tasks/ and infra/: pyproject.toml says so
    "zizmor": beside("zizmor", "--offline", "--quiet", "."),  # workflows, actions and hooks
}

# The tests wait more than they compute, on two cores too; a file's tests stay together, with the engine they share,
# and the files keep the order of tests/conftest.py, the longest first.
_AT_ONCE = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")

# pytest's own exit codes. 2 is an interruption or a file that could not be collected: a finding, since a
# real interruption never gets this far.
_PYTEST_EXIT = {0: 0, 1: FOUND, 2: FOUND, 4: 2, 5: 2}


def pytest_command(only: Sequence[str], match: str, *, bench: bool) -> list[str]:
    """pytest over those paths and test ids, over all of tests/ where none is named; benchmarks only where wanted."""
    for name in only:
        if not (ROOT / name.partition("::")[0]).exists():
            raise UsageError(
                f"--only {name}: there is no such file or folder.", f"Name it as seen from {ROOT}."
            )
    arguments = python_module("pytest", *(only or _AT_ONCE))
    if match:
        arguments += ["-k", match]
    if not bench and not any(name.startswith("tests/bench") for name in only):
        arguments += ["--ignore=tests/bench"]
    return arguments


def tested(command: Sequence[str]) -> int:
    """Run pytest; the exit code its end means here."""
    return _PYTEST_EXIT.get(run(command), 1)


def linters(*, fast: bool) -> dict[str, list[str]]:
    """Name and command of each."""
    return _FAST if fast else _FAST | _THOROUGH | _where_found()


def linted(commands: Mapping[str, Sequence[str]]) -> int:
    """Run them all; exit 3 when one of them found something."""
    found = []
    for name, arguments in commands.items():
        print(f"== {name}", flush=True)
        if run(arguments) != 0:
            found.append(name)
    if found:
        print(f"Findings from {', '.join(found)}. See above.", file=sys.stderr)
    return FOUND if found else 0


def _where_found() -> dict[str, list[str]]:
    """actionlint comes from no Python registry without a download: it runs where it is installed."""
    if shutil.which("actionlint"):
        return {"actionlint": ["actionlint"]}
    print("Not run: actionlint, which is not on PATH.", file=sys.stderr)
    return {}
