"""The quick reader of uv.lock against a real TOML parser: the same data, and never more trusting."""

# ruff: noqa: E501 - a table reads best with one case a line

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspace_checks import uv_lock
from workspace_checks.errors import WorkspaceError
from workspace_checks.uv_lock_markers import Same, same, tidy
from workspace_checks.uv_lock_python import bounds_of, intersection
from workspace_checks.uv_lock_requirements import Requirement, compare, from_table, parse, with_extra

ROOT = Path(__file__).resolve().parents[2]
SMALL = """\
version = 1
revision = 5
requires-python = ">=3.11"

[manifest]
members = [
    "one",
    "two",
]

[[package]]
name = "idna"
version = "3.20"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.example.com/a.tar.gz", hash = "sha256:aa", size = 216463 }
wheels = [
    { url = "https://files.example.com/a.whl", hash = "sha256:bb", size = 1, upload-time = "2026-09-17T14:11:04.752Z" },
]

[[package]]
name = "one"
version = "1.0"
source = { editable = "packages/one" }
dependencies = [
    { name = "idna", marker = "sys_platform != 'win32'" },
]

[package.metadata]
requires-dist = [{ name = "idna", marker = "sys_platform != 'win32'", specifier = ">=3" }]
provides-extras = ["x", "y"]

[package.metadata.requires-dev]
dev = [
    { name = "idna", extras = ["all", "some"] },
]
none = []

[[package]]
name = "two"
source = { virtual = "packages/two" }
"""


def held_against_toml(text: str, lock: uv_lock.Lock) -> None:
    """What the quick reader says is what TOML says."""
    packages: list[dict[str, Any]] = tomllib.loads(text).get("package", [])
    assert [(p.name, p.version) for p in lock.packages] == [(p["name"], p.get("version")) for p in packages]
    for package, entry in zip(lock.packages, packages, strict=True):
        assert entry["source"][package.kind] == package.at
        assert text.split("\n")[package.line - 1] == "[[package]]"
        metadata = entry.get("metadata", {})
        assert package.requirements == [from_table(one) for one in metadata.get("requires-dist", [])]
        assert package.extras == set(metadata.get("provides-extras", []))
        assert package.groups == {
            name: [from_table(one) for one in listed]
            for name, listed in metadata.get("requires-dev", {}).items()
        }
        lists = [
            entry.get("dependencies", []),
            *entry.get("optional-dependencies", {}).values(),
            *entry.get("dev-dependencies", {}).values(),
        ]
        named = [[row.partition('"')[0] for row in rows] for rows in package.needs]
        assert named == [[one["name"] for one in rows] for rows in lists if rows]


@pytest.mark.parametrize(
    "text", [SMALL, (ROOT / "uv.lock").read_text(encoding="utf-8")], ids=["small", "ours"]
)
def test_the_same_data(text: str) -> None:
    lock = uv_lock.read("uv.lock", text.encode())
    assert lock.regular
    held_against_toml(text, lock)
    windows = uv_lock.read("uv.lock", text.replace("\n", "\r\n").encode())
    assert [one.text for one in windows.packages] == [one.text for one in lock.packages]


PIECES = st.sampled_from(
    ['"', "]", "[", "}", "{ ", ",", "\n", "    ", " = ", "a", "\\", "#", "'", "[package.metadata]\n"]
)


@settings(deadline=None)
@given(at=st.integers(0, len(SMALL)), length=st.integers(0, 40), piece=st.one_of(st.just(""), PIECES))
def test_what_is_damaged_is_never_taken_for_well_formed(at: int, length: int, piece: str) -> None:
    text = SMALL[:at] + piece + SMALL[at + length :]
    try:
        lock = uv_lock.read("uv.lock", text.encode())
    except WorkspaceError as error:
        lock, refused = None, error.what
    if lock is None:
        assert re.match(r"uv\.lock:\d+: ", refused)
        return
    tomllib.loads(text)
    if lock.regular:
        held_against_toml(text, lock)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("python_version >= '3.12'", 'python_full_version >= "3.12"', Same.YES),
        ("python_version > '3.11'", "python_full_version >= '3.12'", Same.YES),
        ("python_version == '3.12'", "python_full_version == '3.12.*'", Same.YES),
        ("python_version >= '3.8'", "", Same.YES),  # within >=3.11
        ("python_version < '3'", "python_version < '2'", Same.YES),
        ("python_version >= '3.13'", "", Same.NO),
        ("extra == 'A_b' and os_name == 'nt'", "os_name == 'nt' and extra == 'a-b'", Same.YES),
        ("os_name == 'nt' or os_name == 'java'", "os_name == 'java' or os_name == 'nt'", Same.YES),
        ("os_name == 'a' and (extra == 'x' or extra == 'y')", "(os_name == 'a' and extra == 'x') or (os_name == 'a' and extra == 'y')", Same.YES),
        ("sys_platform == 'win32'", "sys_platform == 'linux'", Same.NO),
        ("sys_platform == 'win32'", "os_name == 'nt'", Same.UNSURE),
        ("'linux' in sys_platform", "sys_platform == 'linux'", Same.UNSURE),
        ("no marker", "at all", Same.UNSURE),
    ],
)  # fmt: skip
def test_markers(left: str, right: str, expected: Same) -> None:
    assert same(tidy(left), tidy(right), ((3, 11), None)) is expected
    assert same(tidy(right), tidy(left), ((3, 11), None)) is expected


ATOMS = st.sampled_from(
    ["python_version >= '3.12'", "python_full_version < '3.12.4'", "sys_platform == 'win32'", "sys_platform != 'win32'",
     "python_version == '3.13'", "extra == 'x'", "python_version < '3.11'"]
)  # fmt: skip
MARKERS = st.recursive(
    ATOMS, lambda inner: st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"), max_leaves=4
)  # fmt: skip


@settings(deadline=None)
@given(left=MARKERS, right=MARKERS)
def test_markers_that_are_the_same_hold_in_the_same_places(left: str, right: str) -> None:
    from packaging.markers import Marker

    verdict = same(tidy(left), tidy(right), ((3, 11), (3, 15)))
    cases = [
        {"python_full_version": f"3.{minor}.{patch}", "python_version": f"3.{minor}", "sys_platform": platform, "extra": extra}
        for minor in (11, 12, 13, 14) for patch in (0, 3, 4, 5) for platform in ("win32", "linux") for extra in ("x", "")
    ]  # fmt: skip
    alike = all(Marker(left).evaluate(dict(case)) == Marker(right).evaluate(dict(case)) for case in cases)
    assert verdict is (Same.YES if alike else Same.NO)


def test_requirements() -> None:
    python = ((3, 11), None)

    def verdict(left: str, right: str) -> Same:
        one, two = parse(left), parse(right)
        assert one is not None
        assert two is not None
        return compare(one, two, python)

    assert verdict("A.b_c >= 1.0, <2", "a-b-c<2.0.0,>=1") is Same.YES
    assert verdict("a (>=1)", "a>=1") is Same.YES
    assert verdict("a[y, X]", "a[x,y]") is Same.YES
    assert verdict("a>=1", "a>=1,!=0.5") is Same.UNSURE
    assert verdict("a>=1", "a>=1.1") is Same.NO
    assert verdict("a~=1.0", "a~=1.0.0") is Same.NO
    assert verdict("a>=1,>=1", "a>=1") is Same.UNSURE
    assert verdict("a @ https://example.com/a.whl", "a") is Same.UNSURE
    assert parse("[x]") is None
    either = Requirement("a", marker="os_name == 'nt' or os_name == 'java'")
    shown = "a ; (os_name == 'nt' or os_name == 'java') and extra == 'x-y'"
    assert str(with_extra(either, "X_y")) == shown


def test_ranges_of_python() -> None:
    assert bounds_of(">=3.11, <3.14") == bounds_of(">=3.11.0,<3.14.0") == ((3, 11), (3, 14))
    assert bounds_of("~=3.11") == ((3, 11), (4,))
    assert bounds_of("==3.11.*") == ((3, 11), (3, 12))
    assert bounds_of("!=3.11.1") is None
    assert bounds_of("all of them") is None
    assert intersection([((3, 11), None), ((3, 9), (3, 14)), ((3,), (3, 15))]) == ((3, 11), (3, 14))
