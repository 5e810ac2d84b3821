"""Every kind of drift by itself: our verdict, what it names, and uv's verdict on the same files."""

# ruff: noqa: E501 - a table reads best with one kind a line

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workspace.lock_mutations import State, start
from tests.workspace.lock_workspace import WORKSPACE, Member, judge_files, lock, run_uv, write

FRESH, STALE, REFUSED, UNSURE = "fresh", "stale", "refused", "unsure"
Change = Callable[[State], None]


@pytest.fixture(scope="module")
def base(template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("base")
    write(root, start("").workspace.written())
    return lock(root)


def member(name: str, change: Callable[[Member], object]) -> Change:
    return lambda state: (
        change(state.workspace.members["." if name == "root" else f"packages/{name}"]),
        None,
    )[1]


def put(name: str, /, **fields: object) -> Change:
    return member(name, lambda one: [setattr(one, key, value) for key, value in fields.items()])


def need(name: str, *needs: str) -> Change:
    return put(name, needs=list(needs))


def edit(old: str, new: str) -> Change:
    def change(state: State) -> None:
        assert old in state.lock
        state.lock = state.lock.replace(old, new, 1)

    return change


def newbie(state: State) -> None:
    state.workspace.members["packages/new"] = Member("new")


def gone(folder: str, *, left: bool = False) -> Change:
    def change(state: State) -> None:
        del state.workspace.members[folder]
        if left:
            state.workspace.files[f"{folder}/note.txt"] = "left\n"

    return change


def moved(state: State) -> None:
    state.workspace.members["packages/elsewhere"] = state.workspace.members.pop("packages/four")


def globs(*names: str) -> Change:
    return lambda state: setattr(state.workspace, "globs", list(names))


def without_lock(state: State) -> None:
    state.lock = ""


def conflicted(state: State) -> None:
    state.lock = state.lock.replace(
        'name = "six"', '<<<<<<< HEAD\nname = "six"\n=======\nname = "sex"\n>>>>>>> other', 1
    )


USE = WORKSPACE["workspace"]
KINDS: dict[str, tuple[Change, str, str]] = {
    "a requirement was added": (need("four", "idna", "zipp>=1"), STALE, "packages/four/pyproject.toml:7: D003 zipp>=1 was added"),
    "a requirement was removed": (need("four"), STALE, "D003 idna was removed"),
    "a bound was changed": (need("two", "one[more]", "packaging>=24,<27"), STALE, "packaging>=24,<27 is asked for; uv.lock has packaging>=23,<27"),
    "a bound was respelled": (need("two", "one[more]", "Packaging < 27.0, >= 23"), FRESH, ""),
    "a zero was added": (need("root", "one", "six>=1.16.0"), FRESH, ""),
    "an exclusion without effect": (need("root", "one", "six>=1.16,!=0.0.1"), UNSURE, "six"),
    "the order was changed": (need("root", "six>=1.16", "one"), FRESH, ""),
    "a name was respelled": (need("four", "IDNA"), FRESH, ""),
    "a description was added": (put("one", description="text"), FRESH, ""),
    "a marker was added": (need("four", "idna ; sys_platform == 'win32'"), STALE, "idna ; sys_platform == 'win32' is asked for"),
    "a marker that always holds": (need("four", "idna ; python_version >= '3.8'"), FRESH, ""),
    "a marker was respelled": (need("one", "six>=1.10", 'attrs>=23;python_version>="3.12"'), FRESH, ""),
    "a marker was turned round": (need("one", "six>=1.10", "attrs>=23 ; '3.12' <= python_version"), UNSURE, "attrs"),
    "a marker was changed": (need("one", "six>=1.10", "attrs>=23 ; python_version >= '3.13'"), STALE, "attrs>=23"),
    "an extra of a requirement": (need("two", "one", "packaging>=23,<27"), STALE, "one (editable packages/one) is asked for"),
    "an extra was added": (put("four", extras={"a": [], "b": ["six"], "c": []}), STALE, "D003 extra c was added"),
    "an extra was removed": (put("four", extras={"b": ["six"]}), STALE, "D003 extra a was removed"),
    "an extra's requirement": (put("four", extras={"a": ["six"], "b": ["six"]}), STALE, "six ; extra == 'a' was added"),
    "a group was added": (put("four", groups={"docs": ["zipp"]}), STALE, "D003 group docs was added"),
    "an empty group was added": (put("four", groups={"docs": []}), STALE, "D003 group docs was added"),
    "a group was changed": (put("root", groups={"dev": ["iniconfig>=2"], "lint": ["pluggy>=1"]}), STALE, "group dev: pluggy>=1 was removed"),
    "a group was removed": (put("root", groups={}), STALE, "D003 group dev was removed"),
    "a group twice": (put("root", groups={"dev": ["zipp"], "Dev": []}), STALE, "D003 group Dev is declared twice"),
    "a member was added": (newbie, STALE, "packages/new/pyproject.toml:1: D004 member new is not in uv.lock"),
    "a member was removed": (gone("packages/four"), STALE, "D004 member four is in uv.lock"),
    "a member left its folder behind": (gone("packages/four", left=True), STALE, "D004 packages/four/ is a member by its glob"),
    "a member was renamed": (put("four", name="fore"), STALE, "D004 member fore is not in uv.lock"),
    "a member was moved": (moved, STALE, "D004 four stands in packages/elsewhere; uv.lock has packages/four"),
    "two members of one name": (put("four", name="one"), STALE, "D004 member one is also"),
    "a glob was narrowed": (globs("packages/[ot]*"), STALE, "D004 member four is in uv.lock"),
    "a glob was respelled": (globs("./packages/*/"), FRESH, ""),
    "an exclude was widened": (lambda state: setattr(state.workspace, "exclude", ["pack*four"]), STALE, "member four is in uv.lock"),
    "a source was removed": (put("three", sources={}), STALE, "D007 two is a member of this workspace and has no source"),
    "a source from Git": (put("two", sources={"one": '{ git = "https://example.com/x" }'}), UNSURE, "the source of one"),
    "a source that names no member": (put("four", sources={"idna": USE}), STALE, "D007 the source of idna says"),
    "a source that is not editable": (put("root", sources={"one": WORKSPACE["copy"]}), UNSURE, "one"),
    "requires-python was raised": (put("four", python=">=3.12,<3.15"), STALE, "packages/four/pyproject.toml:4: D008"),
    "requires-python was widened": (put("four", python=">=3.11"), STALE, "D008"),
    "requires-python was respelled": (put("one", python=">= 3.11.0"), FRESH, ""),
    "requires-python leaves one out": (put("one", python=">=3.11,!=3.12.1"), UNSURE, "requires-python"),
    "a version was changed": (put("one", version="1.1"), STALE, "D009 one is 1.1; uv.lock has 1.0"),
    "a version was respelled": (put("one", version="1.0.0"), FRESH, ""),
    "a version became dynamic": (put("four", version=None), STALE, "D009 four has a dynamic version"),
    "no package any more": (put("two", uv=["package = false"]), STALE, "D009 two is no package"),
    "no build system any more": (put("three", build=False), STALE, "D009 three is no package"),
    "a build system": (put("four", build=True), STALE, "D009 four is a package"),
    "a constraint": (put("root", uv=["package = false", 'constraint-dependencies = ["six<2"]']), STALE, "constraint-dependencies: six<2 was added"),
    "a constraint on nothing": (put("root", uv=["package = false", 'constraint-dependencies = ["absent<2"]']), UNSURE, ""),
    "an override": (put("root", uv=["package = false", 'override-dependencies = ["six>=1.10"]']), STALE, "override-dependencies: six>=1.10"),
    "another resolution": (put("root", uv=["package = false", 'resolution = "lowest-direct"']), STALE, "D003 resolution is 'lowest-direct'"),
    "the resolution there is": (put("root", uv=["package = false", 'resolution = "highest"']), FRESH, ""),
    "a setting beside": (put("root", uv=["package = false", "compile-bytecode = true"]), FRESH, ""),
    "unmanaged": (put("root", uv=["package = false", "managed = false"]), STALE, "D009 it says `managed = false`"),
    "no lock": (without_lock, STALE, "D001"),
    "a lock in conflict": (conflicted, STALE, "D002 it bears the marks of a merge conflict"),
    "a hand in the lock: a version": (edit('name = "one"\nversion = "1.0"', 'name = "one"\nversion = "9.9"'), STALE, "D009 one is 1.0; uv.lock has 9.9"),
    "a hand in the lock: metadata": (edit('specifier = ">=1.16"', 'specifier = ">=1.15"'), STALE, "six>=1.16 is asked for"),
    "a hand in the lock: an edge": (edit('    { name = "idna" },', '    { name = "gone" },'), STALE, "D010 four needs gone, which is not in uv.lock"),
    "a hand in the lock: no member list": (edit('    "four",\n', ""), STALE, "D004 member four is not listed"),
    "a hand in the lock: a blank": (edit('version = "1.0"', 'version  = "1.0"'), UNSURE, "it is not written as uv writes it"),
    "a hand in the lock: a quote": (edit('specifier = ">=1.16" }', "specifier = >=1.16 }"), REFUSED, "uv.lock:"),
    "a later revision": (edit("revision = 5", "revision = 99"), UNSURE, "revision 99"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_drift(kind: str, base: str, tmp_path: Path) -> None:
    change, expected, named = KINDS[kind]
    state = start(base)
    change(state)
    files = {path: text for path, text in state.files().items() if text}
    ours, why = judge_files(files)
    assert ours == expected, why
    assert named in "\n".join(why)
    write(tmp_path, files)
    theirs = run_uv(tmp_path, "lock", "--check").returncode == 0
    if expected != UNSURE:
        assert theirs is (expected == FRESH), why


def test_the_matrix_has_both_sides() -> None:
    verdicts = [expected for _, expected, _ in KINDS.values()]
    assert len(KINDS) >= 41
    assert {verdicts.count(verdict) > 0 for verdict in (FRESH, STALE, REFUSED, UNSURE)} == {True}
