"""pnpm's lock against its manifests, without pnpm; each verdict was once held against `pnpm install --frozen-lockfile`."""

# ruff: noqa: E501 - a table reads best with one kind a line

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workspace_checks.judge import Case, Judgement, judge
from workspace_checks.pnpm_lock_members import expression

WORKSPACE = """\
packages:
  - "packages/*"
  - "!packages/old"
catalog:
  zod: ^3.22.0
catalogs:
  old:
    is-odd: ^2.0.0
overrides:
  is-number: ^6.0.0
"""
LOCK = """\
lockfileVersion: '9.0'

settings:
  autoInstallPeers: true
  excludeLinksFromLockfile: false

catalogs:
  default:
    zod:
      specifier: ^3.22.0
      version: 3.25.76
  old:
    is-odd:
      specifier: ^2.0.0
      version: 2.0.0

overrides:
  is-number: ^6.0.0

importers:

  .:
    devDependencies:
      zod:
        specifier: 'catalog:'
        version: 3.25.76

  packages/a:
    dependencies:
      b:
        specifier: workspace:*
        version: link:../b
      is-odd:
        specifier: catalog:old
        version: 2.0.0
      zod:
        specifier: ^3
        version: 3.25.76
    optionalDependencies:
      is-even:
        specifier: ^1.0.0
        version: 1.0.0

  packages/b: {}

packages:

  is-even@1.0.0:
    resolution: {integrity: sha512-LEhnkAdJ}
"""
Files = dict[str, Any]


def files() -> Files:
    """A workspace whose lock pnpm 10.34.9 wrote. Manifests are objects, all else is text."""
    return {
        "pnpm-workspace.yaml": WORKSPACE,
        "pnpm-lock.yaml": LOCK,
        "package.json": {"name": "root", "private": True, "devDependencies": {"zod": "catalog:"}},
        "packages/a/package.json": {
            "name": "a",
            "dependencies": {"is-odd": "catalog:old", "b": "workspace:*"},
            "peerDependencies": {"zod": "^3"},
            "optionalDependencies": {"is-even": "^1.0.0"},
        },
        "packages/b/package.json": {"name": "b", "scripts": {"x": "pnpm --filter a run x"}},
        "packages/old/package.json": {"name": "old"},
    }


def text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, indent=2)


def judged(given: Files) -> Judgement:
    folders = {str(parent) for path in given for parent in Path(path).parents}
    return judge(
        Case(
            {path: text(content).encode() for path, content in given.items()},
            lambda pattern: {folder for folder in folders if re.fullmatch(pattern, folder)},
        )
    )


def put(path: str, key: str, value: object) -> Callable[[Files], None]:
    return lambda given: given[path].update({key: value})


def swap(path: str, old: str, new: str) -> Callable[[Files], None]:
    def change(given: Files) -> None:
        assert old in given[path]
        given[path] = given[path].replace(old, new)

    return change


def add(path: str, content: object) -> Callable[[Files], None]:
    return lambda given: given.update({path: content})


A, ROOT = "packages/a/package.json", "package.json"
DRIFT: dict[str, tuple[Callable[[Files], object], str]] = {
    "a bound was changed": (put(A, "optionalDependencies", {"is-even": "^1.0.1"}), "packages/a/package.json:11: D003 is-even ^1.0.1 is asked for; pnpm-lock.yaml has ^1.0.0."),
    "one was added": (put(ROOT, "dependencies", {"left-pad": "^1"}), "package.json:8: D003 left-pad ^1 was added"),
    "one was removed": (put(ROOT, "devDependencies", {}), "D003 zod catalog: was removed"),
    "one became a plain one": (put(A, "optionalDependencies", {}), "D003 is-even ^1.0.0 was removed"),
    "one moved to another kind": (lambda g: g[ROOT].update(devDependencies={}, dependencies={"zod": "catalog:"}), "in devDependencies"),
    "a catalog was changed": (swap("pnpm-workspace.yaml", "zod: ^3.22.0", "zod: ^3.23.0"), "pnpm-workspace.yaml:5: D003 catalog default has zod ^3.23.0"),
    "a catalog lost one": (swap("pnpm-workspace.yaml", "  zod: ^3.22.0", "  x: ^1"), "package.json:5: D007 zod says catalog:; that catalog does not have it."),
    "an override was changed": (swap("pnpm-workspace.yaml", "is-number: ^6", "is-number: ^7"), "pnpm-workspace.yaml:9: D003 the overrides"),
    "a member was added": (add("packages/c/package.json", {"name": "c"}), "packages/c/package.json:1: D004 member c is no importer"),
    "a member was removed": (lambda g: g.pop("packages/b/package.json"), "pnpm-lock.yaml:44: D013 importer packages/b is left over"),
    "a workspace dependency on nobody": (put(A, "dependencies", {"is-odd": "catalog:old", "b": "workspace:*", "q": "workspace:*"}), "D007 q says workspace:*; no member has that name."),
    "no lock": (lambda g: g.pop("pnpm-lock.yaml"), "pnpm-lock.yaml:1: D001"),
    "a lock in conflict": (swap("pnpm-lock.yaml", "importers:", "<<<<<<< HEAD\n=======\n>>>>>>> x\nimporters:"), "pnpm-lock.yaml:20: D002"),
}  # fmt: skip


def test_a_fresh_lock() -> None:
    found = judged(files())
    assert (found.parts[0].stale, found.beside) == ([], [])


@pytest.mark.parametrize("kind", DRIFT)
def test_a_kind_of_drift(kind: str) -> None:
    change, named = DRIFT[kind]
    given = files()
    change(given)
    said = [f"{one.path}:{one.line}: {one.code} {one.message}" for one in judged(given).parts[0].stale]
    assert any(named in one for one in said), said


def test_an_orphan_and_a_glob_that_names_nothing() -> None:
    given = files()
    given["infra/deployment/package.json"] = {"name": "deployment"}
    given["infra/plain/package.json"] = {"type": "module"}
    given["pnpm-workspace.yaml"] = WORKSPACE.replace("catalog:", '  - "apps/*"\ncatalog:', 1)
    found = [(one.code, one.path, one.line) for one in judged(given).beside]
    assert found == [("D004", "pnpm-workspace.yaml", 4), ("D006", "infra/deployment/package.json", 2)]


@pytest.mark.parametrize(
    ("call", "names_somebody"),
    [
        ("pnpm --filter deployment run deploy", False), ("pnpm --filter a run x", True), ("pnpm -F b... build", True),
        ("pnpm --filter '@scope/*' test", False), ("pnpm --filter=./packages/a test", True), ("npm --filter nope x", True),
        ("pnpm --filter ./infra/deployment run deploy", False), ("pnpm --filter '...[origin/main]' test", True),
        ("pnpm --filter '{packages/*}' test", True), ("pnpm --filter \"$NAME\" test", True), ("pnpm --filter '*' x", True),
        ("pnpm --filter !b --filter nope x", False),
    ],
)  # fmt: skip
def test_a_filter_that_names_nobody_would_do_nothing(call: str, names_somebody: bool) -> None:
    for path, content in (
        (".github/workflows/ci.yml", f"on: push\njobs:\n  a:\n    steps:\n      - run: {call}\n"),
        ("packages/b/package.json", {"name": "b", "scripts": {"deploy": call}}),
    ):
        given = files()
        given[path] = content
        found = [(one.path, one.code) for one in judged(given).beside]
        assert found == ([] if names_somebody else [(path, "D004")])


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("packages/*", "packages/a", True), ("packages/*", "packages/a/b", False), ("packages/**", "packages/a/b", True),
        ("**/app", "x/y/app", True), ("**/app", "app", True), ("{apps,libs}/*", "libs/x", True), ("./a", "a", True),
        ("a.b", "axb", False),
    ],
)  # fmt: skip
def test_pnpms_globs(glob: str, path: str, matches: bool) -> None:
    assert bool(re.fullmatch(expression(glob), path)) is matches
