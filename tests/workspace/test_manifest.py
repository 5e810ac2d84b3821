"""Manifests edited: the lines that change, and every other one as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from workspace_checks import manifest, manifest_align, manifest_member
from workspace_checks.errors import WorkspaceError

ROOT = """\
# The root.
[project]
name = "root"
version = "1"
dependencies = ['attrs >= 21', ] # as somebody wrote it

[dependency-groups]
dev = [
    { include-group = "members" },
    "attrs<30,>=22",          # newer
    "c>=1",    # in a column
    "c>=1.10", # in a column
    "attrs>=23; python_version < '3.12'",
]
members = [
    "one", # the first
]

[tool.uv.workspace]
members = [
    "parts/one", # the first
    "more/*",
]
exclude = ["more/old"]

[tool.uv.sources]
one = { workspace = true } # from here
"""
ONE = """\
[project]
name = "one"
version = "1"
dependencies = ["Attrs[x]"]

[project.optional-dependencies]
more = ["attrs @ https://example.com/attrs.whl", "b~=1.0"]
"""
NEW = '[project]\nname = "{}"\nversion = "1"\n'
SHEET = """\
packages:
  # ours
  - "apps/*"
  - libs/one # the first

catalog:
  zod: ^3
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = tmp_path / "a pläce"
    files = {
        "pyproject.toml": ROOT,
        "parts/one/pyproject.toml": ONE,
        "parts/Two_2/pyproject.toml": NEW.format("Two_2"),
        "more/three/pyproject.toml": NEW.format("three"),
        "more/old/pyproject.toml": NEW.format("old"),
        "pnpm-workspace.yaml": SHEET,
        "libs/one/package.json": '{"name": "one"}',
        "libs/two/package.json": '{"name": "two"}',
        "apps/x/package.json": '{"name": "x"}',
        "plain/empty": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def changes(before: str, after: str) -> list[str]:
    """The lines that are new, those that are gone with a minus."""
    old, new = before.splitlines(), after.splitlines()
    return [f"-{line}" for line in old if line not in new] + [line for line in new if line not in old]


def test_a_member_joins_and_nothing_else_moves(top: Path) -> None:
    assert manifest_member.add(top, "parts/Two_2") == [
        "pyproject.toml: parts/Two_2 is a member of the workspace",
        "pyproject.toml: [tool.uv.sources] has two-2 = { workspace = true }",
        "pyproject.toml: the dependency group members asks for two-2",
    ]
    after = (top / "pyproject.toml").read_text()
    assert changes(ROOT, after) == ['    "two-2",', '    "parts/Two_2",', "two-2 = { workspace = true }"]
    assert manifest_member.add(top, "./parts/../parts/Two_2/") == []
    assert (top / "pyproject.toml").read_text() == after


def test_one_that_a_glob_names_is_a_member_already(top: Path) -> None:
    assert manifest_member.add(top, "more/three") == [
        "pyproject.toml: [tool.uv.sources] has three = { workspace = true }",
        "pyproject.toml: the dependency group members asks for three",
    ]


def test_the_first_member_makes_the_workspace(top: Path) -> None:
    (top / "pyproject.toml").write_text(NEW.format("root"))
    manifest_member.add(top, "parts/one")
    assert (top / "pyproject.toml").read_text() == NEW.format("root") + (
        '\n[tool.uv.workspace]\nmembers = [\n    "parts/one",\n]\n'
        "\n[tool.uv.sources]\none = { workspace = true }\n"
    )
    assert {one.name for one in manifest.workspace(top).members} == {"root", "one"}


def test_a_package_joins_the_pnpm_workspace(top: Path) -> None:
    assert manifest_member.add(top, "libs/two") == ["pnpm-workspace.yaml: libs/two is one of its packages"]
    after = (top / "pnpm-workspace.yaml").read_text()
    assert changes(SHEET, after) == ['  - "libs/two"']
    assert after.index("libs/one") < after.index("libs/two") < after.index("catalog")
    assert (manifest_member.add(top, "libs/two"), manifest_member.add(top, "apps/x")) == ([], [])
    (top / "pnpm-workspace.yaml").unlink()
    manifest_member.add(top, "libs/one")
    assert (top / "pnpm-workspace.yaml").read_text() == 'packages:\n  - "libs/one"\n'
    (top / "pnpm-workspace.yaml").write_text('packages: ["apps/*"]\n')
    with pytest.raises(WorkspaceError, match="in one line"):
        manifest_member.add(top, "libs/two")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere", "--path nowhere is no folder"),
        ("..", "is not below the root"),
        (".", "is not below the root"),
        ("plain", "has neither pyproject.toml nor package.json"),
        ("more/old", "excludes more/old"),
    ],
)
def test_what_cannot_join_is_refused(top: Path, path: str, said: str) -> None:
    with pytest.raises(WorkspaceError, match=said):
        manifest_member.add(top, path)
    assert (top / "pyproject.toml").read_text() == ROOT


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("parts/Two_2/pyproject.toml", "[project]\nversion = '1'\n", "has no .project. with a name"),
        ("parts/Two_2/pyproject.toml", '[project]\nname = "ONE"\n', "is named one already"),
        ("parts/Two_2/pyproject.toml", "[project\n", "pyproject.toml:1: "),
        ("pyproject.toml", "a = 1\nb = [\n", "pyproject.toml:"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named(top: Path, file: str, text: str, said: str) -> None:
    (top / file).write_text(text)
    with pytest.raises(WorkspaceError, match=said) as caught:
        manifest_member.add(top, "parts/Two_2")
    assert caught.value.exit_code == 2


def test_one_bound_is_what_all_allow_together(top: Path) -> None:
    assert manifest_align.align(top, "ATTRS") == [
        "parts/one/pyproject.toml:4: Attrs any version is >=22,<30 now",
        "pyproject.toml:5: attrs >=21 is >=22,<30 now",
    ]
    assert changes(ROOT, (top / "pyproject.toml").read_text()) == [
        "-dependencies = ['attrs >= 21', ] # as somebody wrote it",
        'dependencies = ["attrs>=22,<30", ] # as somebody wrote it',
    ]
    assert changes(ONE, (top / "parts/one/pyproject.toml").read_text()) == [
        '-dependencies = ["Attrs[x]"]',
        'dependencies = ["Attrs[x]>=22,<30"]',
    ]
    assert manifest_align.align(top, "attrs") == []


def test_a_comment_stays_in_its_column(top: Path) -> None:
    manifest_align.align(top, "c", ">=1.2")
    assert (
        '    "c>=1.2",  # in a column\n    "c>=1.2",  # in a column\n' in (top / "pyproject.toml").read_text()
    )
    manifest_align.align(top, "c", ">=1.2,!=1.3,!=1.4")
    assert '    "c>=1.2,!=1.3,!=1.4", # in a column\n' in (top / "pyproject.toml").read_text()


def test_a_bound_that_is_given_wins(top: Path) -> None:
    assert len(manifest_align.align(top, "attrs", ">=25")) == 4
    assert '"attrs>=25; python_version < \\"3.12\\""' in (top / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("one", "two", "together"),
    [
        (">=1", "<2", ">=1,<2"),
        (">=1,<3", ">=1.5,<2.5", ">=1.5,<2.5"),
        (">1", ">=1", ">1"),
        ("<=2", "<2", "<2"),
        ("~=1.4", ">=1.4.2", ">=1.4.2,~=1.4"),
        ("!=1.5", ">=1.5", ">=1.5,!=1.5"),
        ("==1.*", ">=1.2", ">=1.2,==1.*"),
        (">=2", "<2", None),
        ("==1.0", "==1.1", None),
        ("~=1.0", ">=2", None),
    ],
)  # fmt: skip
def test_together(top: Path, one: str, two: str, together: str | None) -> None:
    (top / "pyproject.toml").write_text(ROOT.replace("attrs >= 21", f"b{one}").replace("attrs<30", "c<30"))
    (top / "parts/one/pyproject.toml").write_text(ONE.replace("b~=1.0", f"b{two}"))
    if together is None:
        with pytest.raises(WorkspaceError, match=r"No version of b fits every member: .*toml:\d+ says"):
            manifest_align.align(top, "b")
    else:
        manifest_align.align(top, "b")
        for file in ("pyproject.toml", "parts/one/pyproject.toml"):
            assert f'b{together}"' in (top / file).read_text() or f"b{together}'" in (top / file).read_text()


def test_what_cannot_be_aligned_is_refused(top: Path) -> None:
    with pytest.raises(WorkspaceError, match="No member of the workspace asks for nobody"):
        manifest_align.align(top, "nobody")
    with pytest.raises(WorkspaceError, match="--bound 1 is no bound"):
        manifest_align.align(top, "attrs", "1")


def test_line_ends_and_rights_stay(top: Path) -> None:
    file = top / "pyproject.toml"
    file.write_bytes(ROOT.replace("\n", "\r\n").encode())
    file.chmod(0o600)
    manifest_align.align(top, "attrs")
    assert file.read_bytes().count(b"\r\n") == file.read_bytes().count(b"\n")
    assert file.stat().st_mode & 0o777 == 0o600
