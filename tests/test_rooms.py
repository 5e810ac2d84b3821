"""Who may import whom (the arrows of the house), read from the source of every module."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MEMBERS = {
    "ecs_deployment": ROOT / "infra/deployment/src/ecs_deployment",
    "ecs_stats": ROOT / "infra/observability/src/ecs_stats",
    "ecs_provisioning": ROOT / "infra/provisioning/aws/src/ecs_provisioning",
    "ecs_local": ROOT / "infra/local/src/ecs_local",
    "workspace_checks": ROOT / "infra/workspace/src/workspace_checks",
}
BELOW = {
    "ecs_deployment": set[str](),
    "ecs_stats": {"ecs_deployment"},
    "ecs_provisioning": {"ecs_deployment", "ecs_stats"},
    "ecs_local": set[str](),
    "workspace_checks": set[str](),
}
PURE = ("plan", "rollout", "verdict", "diagnose", "model", "outcome", "events")
ACTING = ("aws", "drive", "journal", "probe", "report")
WORLDLY = {"boto3", "botocore", "http", "os", "random", "socket", "subprocess", "threading", "time", "urllib"}
LONGEST = 400  # lines of a module


@dataclass(frozen=True)
class Import:
    """One imported module, where it stands and whether it runs when the module is loaded."""

    name: str
    line: int
    at_load: bool

    @property
    def top(self) -> str:
        return self.name.partition(".")[0]


def imports(path: Path, package: str) -> Iterator[Import]:
    """Every import of the module at `path`, which stands in `package` (dotted); relative ones resolved."""
    yield from _walk(ast.parse(path.read_text(encoding="utf-8")), package, at_load=True)


def _walk(node: ast.AST, package: str, *, at_load: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, at_load) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - child.level + 1]) if child.level else ""
            origin = ".".join(filter(None, [above, child.module]))
            # `from a import b` may mean the module a.b: name both ends of the arrow.
            yield from (Import(f"{origin}.{alias.name}", child.lineno, at_load) for alias in child.names)
        elif not isinstance(child, ast.expr):  # an import is a statement
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from _walk(child, package, at_load=at_load and not inside and not typing_only)


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def room(member: str, path: Path) -> str:
    """The first name below the member: `report` for report.py, report_live.py and report/live.py."""
    first = path.relative_to(MEMBERS[member]).parts[0]
    return first.removesuffix(".py").partition("_")[0]


def package_of(member: str, path: Path) -> str:
    return ".".join([member, *path.relative_to(MEMBERS[member]).parts[:-1]])


@cache
def edges() -> list[tuple[str, Path, Import]]:
    """Every import of every member: who makes it, where it stands."""
    return list(_of_members())


def _of_members() -> Iterator[tuple[str, Path, Import]]:
    for member, folder in MEMBERS.items():
        for path in modules(folder):
            for found in imports(path, package_of(member, path)):
                yield member, path, found


def place(path: Path, found: Import) -> str:
    return f"{path.relative_to(ROOT)}:{found.line} imports {found.name}"


def test_the_reader_sees_every_kind_of_import(tmp_path: Path) -> None:
    source = tmp_path / "sample.py"
    source.write_text(
        "import os.path\nfrom . import plan\nfrom ..other import x as y\nif TYPE_CHECKING:\n    import rich\n"
        "def f():\n    from boto3 import client\nclass C:\n    import json\n"
    )
    assert list(imports(source, "ecs_deployment.room")) == [
        Import("os.path", 1, True),
        Import("ecs_deployment.room.plan", 2, True),
        Import("ecs_deployment.other.x", 3, True),
        Import("rich", 5, False),
        Import("boto3.client", 7, False),
        Import("json", 9, True),
    ]


def test_arrows_between_members_point_down() -> None:
    above = {*MEMBERS, "tasks", "tests"}
    wrong = [
        place(path, found)
        for member, path, found in edges()
        if found.top in above - {member} and found.top not in BELOW[member]
    ]
    assert wrong == []


def _aws_allowed(member: str, path: Path, top: str) -> bool:
    if member == "ecs_deployment":
        return room(member, path) == "aws"
    return member == "ecs_provisioning" or (member == "ecs_local" and top in {"botocore", "moto"})


def test_only_the_port_speaks_the_sdk() -> None:
    wrong = [
        place(path, found)
        for member, path, found in edges()
        if found.top in {"boto3", "botocore", "moto"} and not _aws_allowed(member, path, found.top)
    ]
    assert wrong == []


def test_only_the_report_knows_colour() -> None:
    allowed = {("ecs_deployment", "report"), ("ecs_stats", "top")}
    wrong = [
        place(path, found)
        for member, path, found in edges()
        if found.top == "rich" and (member, room(member, path)) not in allowed
    ]
    assert wrong == []


def test_pure_rooms_import_no_acting_room_and_nothing_of_the_world() -> None:
    wrong = [
        place(path, found)
        for member, path, found in edges()
        if member == "ecs_deployment"
        and room(member, path) in PURE
        and (
            found.top in WORLDLY
            or (found.top == member and found.name.split(".")[1].partition("_")[0] in ACTING)
        )
    ]
    assert wrong == []


def test_tasks_bring_members_in_only_when_they_run() -> None:
    light = sys.stdlib_module_names | {"invoke", "tasks"}
    wrong = [
        place(path, found)
        for path in [ROOT / "tasks.py", *modules(ROOT / "tasks")]
        for found in imports(path, "tasks")
        if found.at_load and found.top not in light
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["tasks", "infra", "tests"])
def test_no_module_is_too_long(folder: str) -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(ROOT / folder)
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


@pytest.mark.parametrize(
    "manifest", [ROOT / "pyproject.toml", *sorted(ROOT.glob("infra/**/pyproject.toml"))], ids=str
)
def test_every_dependency_has_its_reason(manifest: Path) -> None:
    text = manifest.read_text(encoding="utf-8")
    read = tomllib.loads(text)
    named = [*read["project"].get("dependencies", []), *read["build-system"]["requires"]]
    named += [
        one for listed in read.get("dependency-groups", {}).values() for one in listed if isinstance(one, str)
    ]
    rows = [row for one in named for row in text.splitlines() if f'"{one}"' in row]
    assert len(rows) >= len(named)
    assert [row for row in rows if " # " not in row] == []
