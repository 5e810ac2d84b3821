"""What `deps.check` costs, beside `inv --version`, uv's own check and a commit under uv's hook, in one run.

    python -m tests.bench.deps_speed --members 3,50,300 --runs 15

The cases take turns, so that a busy machine slows all of them alike. "changed" has one manifest that no memo
knows; "known" is the same contents again. CPU is user and system time of the process and its children.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workspace_checks import uv

from tests.workspace.lock_repository import Repository, clean
from tests.workspace.lock_workspace import Member, Workspace, lock, write

ROOT = Path(__file__).resolve().parents[2]
_NEEDS = (
    "aiohttp>=3", "boto3>=1.40", "flask>=3", "httptools>=0.6", "hypothesis>=6", "idna>=3", "jinja2>=3", "moto>=5",
    "mypy>=1", "packaging>=23", "pluggy>=1", "pre-commit>=4", "pytest>=8", "pyyaml>=6", "requests>=2", "rich>=13",
    "ruff>=0.5", "six>=1", "tomlkit>=0.13", "werkzeug>=3",
)  # fmt: skip
_HOOK = """\
repos:
  - repo: local
    hooks:
      - id: lock
        name: lock
        entry: {entry}
        language: system
        pass_filenames: false
        always_run: true
"""


def workspace(members: int) -> Workspace:
    """A root and as many members, each with six packages of the registry and the member before it."""
    found = {".": Member("root", needs=["invoke>=3"], uv=["package = false"])}
    for number in range(members):
        needs = [_NEEDS[(number * 7 + step) % len(_NEEDS)] for step in range(6)]
        sources = {}
        if number:
            needs.append(f"part-{number - 1:03}")
            sources[f"part-{number - 1:03}"] = "{ workspace = true }"
        name = f"part-{number:03}"
        found[f"packages/{name}"] = Member(name, needs=needs, sources=sources, build=True)
    return Workspace(found)


@dataclass
class Case:
    """One thing to measure; `prepare` runs before each time and is not measured."""

    name: str
    command: list[str]
    prepare: Callable[[], None] = lambda: None
    environ: Mapping[str, str] = field(default_factory=dict)
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def run(case: Case, root: Path) -> None:
    """Once, in milliseconds."""
    case.prepare()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        case.command, cwd=root, env=case.environ, capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{case.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    case.wall.append((time.perf_counter() - began) * 1000)
    case.cpu.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)


def prepared(folder: Path, members: int) -> Repository:
    """A committed repository with that many members, and the task tree in it."""
    root = folder / f"members-{members}"
    write(root, workspace(members).written())
    lock(root)
    for name in ("tasks.py", "tasks"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
    made = Repository(root)
    made.git("init", "-q", "-b", "main", ".")
    made.git("add", ".")
    made.git("commit", "-q", "-m", "start")
    return made


def cases(repository: Repository, runner: str) -> list[Case]:
    """Everything that is compared."""
    environ = clean({"UV_PYTHON": os.path.realpath(sys.executable)})
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    inv = [sys.executable, "-m", "invoke"]
    count = 0

    def change() -> None:
        """A description that was never there before: nothing that a lock has, and new contents all the same."""
        nonlocal count
        count += 1
        path = "packages/part-001/pyproject.toml"
        text = repository.read(path).split("description")[0].split("requires-python")
        rest = repository.read(path).partition("requires-python")[2]
        repository.write(path, f'{text[0]}description = "{count}"\nrequires-python{rest}')

    def hooked(entry: str) -> Callable[[], None]:
        def prepare() -> None:
            change()
            repository.write(".pre-commit-config.yaml", _HOOK.format(entry=entry))
            repository.git("add", ".")

        return prepare

    def know() -> None:
        subprocess.run(
            [*inv, "deps.check"], cwd=repository.root, env=environ, check=True, capture_output=True
        )

    commit = ["git", "commit", "-q", "-m", "change"]
    bare = ["git", "commit", "-q", "--no-verify", "-m", "change"]
    check = f"{sys.executable} -m invoke deps.check"
    return [
        Case("inv --version", [*inv, "--version"], environ=environ),
        Case("inv deps.check, known", [*inv, "deps.check"], know, environ),
        Case("inv deps.check, changed", [*inv, "deps.check"], change, environ),
        Case("uv lock --check --offline", [str(uv.find()), "lock", "--check", "--offline"], environ=environ),
        Case("git commit, no hook", bare, hooked("true"), environ),
        Case(f"git commit, {runner}, deps.check", commit, hooked(check), environ),
        Case(f"git commit, {runner}, uv lock --check", commit, hooked(f"{uv.find()} lock --check"), environ),
    ]


def main() -> None:
    """Measure and print a table for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--members", default="3,50,300")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--runner", choices=("pre_commit", "prek"), default="pre_commit")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        for members in map(int, options.members.split(",")):
            repository = prepared(Path(place), members)
            subprocess.run(
                [sys.executable, "-m", options.runner, "install"], cwd=repository.root, env=clean(), check=True,
                capture_output=True,
            )  # fmt: skip
            measured = cases(repository, options.runner)
            for _ in range(options.runs + 1):
                for case in measured:
                    run(case, repository.root)
            show(members, measured)


def show(members: int, measured: list[Case]) -> None:
    """The table; the first run of each is left out, and ratios are medians of the ratios of each round."""
    lines = f"\n{members} members: milliseconds, median (minimum)            wall            cpu   x inv --version, cpu"
    print(lines)
    base = measured[0].cpu[1:]
    for case in measured:
        wall, cpu = case.wall[1:], case.cpu[1:]
        ratio = statistics.median(mine / other for mine, other in zip(cpu, base, strict=True))
        print(
            f"{case.name:45} {statistics.median(wall):8.0f} ({min(wall):4.0f}) "
            f"{statistics.median(cpu):6.0f} ({min(cpu):4.0f}) {ratio:8.2f} ({min(cpu) / min(base):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
