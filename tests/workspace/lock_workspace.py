"""A uv workspace as data, written out as real files: what the tests of lock checks mutate."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workspace_checks import uv

Item = str | dict[str, str]


@dataclass
class Member:
    """One manifest. `sources` are TOML values by name, `uv` and `tail` lines as they stand."""

    name: str
    version: str | None = "1.0"
    python: str | None = ">=3.11"
    needs: list[str] = field(default_factory=list)
    extras: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, list[Item]] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    uv: list[str] = field(default_factory=list)
    build: bool = False
    description: str = ""
    project: bool = True

    def toml(self) -> str:
        """The manifest."""
        lines = ["[project]", f"name = {json.dumps(self.name)}"]
        lines += ['dynamic = ["version"]'] if self.version is None else [f'version = "{self.version}"']
        lines += [f'description = "{self.description}"'] if self.description else []
        lines += [f'requires-python = "{self.python}"'] if self.python else []
        lines += ["dependencies = [", *(f"    {json.dumps(need)}," for need in self.needs), "]"]
        lines = lines if self.project else []
        if self.extras and self.project:
            lines += ["", "[project.optional-dependencies]"]
            lines += [f"{name} = {json.dumps(needs)}" for name, needs in self.extras.items()]
        if self.groups:
            lines += ["", "[dependency-groups]"]
            for name, items in self.groups.items():
                shown = ", ".join(
                    json.dumps(item)
                    if isinstance(item, str)
                    else f'{{ include-group = "{item["include-group"]}" }}'
                    for item in items
                )
                lines.append(f"{name} = [{shown}]")
        if self.build:
            lines += [
                "",
                "[build-system]",
                'requires = ["setuptools>=77"]',
                'build-backend = "setuptools.build_meta"',
            ]
        if self.uv:
            lines += ["", "[tool.uv]", *self.uv]
        if self.sources:
            lines += ["", "[tool.uv.sources]", *(f"{name} = {value}" for name, value in self.sources.items())]
        return "\n".join([*lines, ""])


@dataclass
class Workspace:
    """Members by folder; `.` is the root."""

    members: dict[str, Member]
    globs: list[str] = field(default_factory=lambda: ["packages/*"])
    exclude: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """Whatever else there is."""

    def written(self) -> dict[str, str]:
        """Path -> text, without the lock."""
        found = {}
        for folder, member in self.members.items():
            text = member.toml()
            if folder == ".":
                text += f"\n[tool.uv.workspace]\nmembers = {json.dumps(self.globs)}\n"
                text += f"exclude = {json.dumps(self.exclude)}\n" if self.exclude else ""
            found["pyproject.toml" if folder == "." else f"{folder}/pyproject.toml"] = text
        return {**found, **self.files}


WORKSPACE = {"workspace": "{ workspace = true }", "copy": "{ workspace = true, editable = false }"}


def example() -> Workspace:
    """A root and four members that use most of what a manifest can say."""
    use = WORKSPACE["workspace"]
    return Workspace(
        {
            ".": Member(
                "root", needs=["one", "six>=1.16"], uv=["package = false"], sources={"one": use},
                groups={"dev": ["iniconfig>=2", {"include-group": "lint"}], "lint": ["pluggy>=1"]},
            ),
            "packages/one": Member(
                "one", needs=["six>=1.10", "attrs>=23 ; python_version >= '3.12'"], build=True,
                extras={"more": ["idna>=3"]},
            ),
            "packages/two": Member("two", needs=["one[more]", "packaging>=23,<27"], sources={"one": use}, build=True),
            "packages/three": Member("three", needs=["two"], sources={"two": use}, build=True),
            "packages/four": Member("four", python=">=3.11,<3.15", needs=["idna"], extras={"a": [], "b": ["six"]}),
        }
    )  # fmt: skip


POOL = ("attrs", "idna", "iniconfig", "packaging", "pluggy", "six", "zipp")


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write them below `root`."""
    for path, text in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def run_uv(root: Path, *arguments: str, offline: bool = True) -> subprocess.CompletedProcess[str]:
    """uv in `root`, with the Python of the tests, free of this machine's own settings."""
    environ = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("UV_FROZEN", "UV_LOCKED", "VIRTUAL_ENV", "GIT_"))
    }
    return subprocess.run(
        [uv.find(), *arguments, *(["--offline"] if offline else [])],
        cwd=root,
        env={**environ, "UV_PYTHON": os.path.realpath(sys.executable)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def lock(root: Path) -> str:
    """Lock `root`, from the cache where that is enough, and give back the lock."""
    done = run_uv(root, "lock")
    if done.returncode != 0:
        done = run_uv(root, "lock", offline=False)
    assert done.returncode == 0, done.stderr
    return (root / "uv.lock").read_text(encoding="utf-8")


def warm(root: Path, *, builds: bool = False) -> None:
    """Bring what mutations may ask for into uv's cache, so that it decides without the network afterwards."""
    everything = Member("warm", needs=list(POOL), uv=["package = false"])
    older = Member("older", needs=["packaging<25", "attrs<25", "idna<3.8"], uv=["package = false"])
    lowest = Member(
        "lowest", needs=["six>=1.10", "attrs>=23"], uv=["package = false", 'resolution = "lowest-direct"']
    )
    dynamic = Member("dynamic", version=None, build=True)
    for member in (everything, older, lowest, *([dynamic] if builds else [])):
        write(root / member.name, {"pyproject.toml": member.toml()})
        lock(root / member.name)


def judge_files(files: Mapping[str, str]) -> tuple[str, list[str]]:
    """Our own verdict on these files, before uv is asked: `fresh`, `stale`, `unsure` or `refused`; and why."""
    from workspace_checks.errors import WorkspaceError
    from workspace_checks.judge import Case, judge

    folders = {str(parent) for path in files for parent in Path(path).parents}
    import re

    case = Case(
        {path: text.encode() for path, text in files.items()},
        lambda pattern: {folder for folder in folders if re.fullmatch(pattern, folder)},
    )
    try:
        judged = judge(case)
    except WorkspaceError as error:
        return "refused", [error.what]
    stale = [
        f"{one.path}:{one.line}: {one.code} {one.message}" for part in judged.parts for one in part.stale
    ]
    unsure = [reason for part in judged.parts for reason in part.unsure]
    return ("stale" if stale else "unsure" if unsure else "fresh"), stale or unsure
