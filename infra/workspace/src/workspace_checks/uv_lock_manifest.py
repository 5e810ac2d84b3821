"""The `pyproject.toml` files of a tree, each parsed once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

from workspace_checks import toml
from workspace_checks.uv_lock_requirements import name_of

MANIFEST = "pyproject.toml"


class Project:
    """One manifest. `folder` is its place as seen from the root of the repository, `.` for the root itself."""

    def __init__(self, path: str, text: str, document: dict[str, Any]) -> None:
        self.path, self.folder = path, parent(path)
        self.text = text
        self.document = document

    @cached_property
    def project(self) -> dict[str, Any]:
        """Its `[project]` table, empty where it has none."""
        return toml.table(self.document, "project")

    @cached_property
    def uv(self) -> dict[str, Any]:
        """Its `[tool.uv]` table, empty where it has none."""
        return toml.table(self.document, "tool", "uv")

    @cached_property
    def sources(self) -> dict[str, Any]:
        """`[tool.uv.sources]` by name."""
        return {name_of(name): source for name, source in toml.table(self.uv, "sources").items()}

    @cached_property
    def name(self) -> str:
        """Its name in the one spelling that a lock has; empty where it has none."""
        name = self.project.get("name")
        return name_of(name) if isinstance(name, str) else ""

    def line(self, *needles: str) -> int:
        """Where the first of these stands."""
        return toml.line_of(self.text, *needles)


class Known:
    """What is known of the files of a tree, by path: here, nothing ever is."""

    def get(self, path: str) -> Any:
        """The document, or what else was learnt; nothing when it is not known."""

    def learn(self, path: str, what: dict[str, Any] | bool) -> None:
        """Keep it."""


class Manifests:
    """The manifests of a tree, parsed as they are asked for; `folders` finds the folders of an expression."""

    def __init__(
        self, contents: Mapping[str, bytes], folders: Callable[[str], Collection[str]], known: Known
    ) -> None:
        self.contents = contents
        self.folders = folders
        self._known = known
        self._parsed: dict[str, Project] = {}

    def get(self, path: str) -> Project:
        """The manifest at that path, refused with its line where it does not parse."""
        if path not in self._parsed:
            content = self.contents[path]
            document = self._known.get(path)
            if not isinstance(document, dict):
                document = toml.read(path, content)
                self._known.learn(path, document)
            self._parsed[path] = Project(path, toml.text(path, content), document)
        return self._parsed[path]


def parent(path: str) -> str:
    """The folder of a file of the repository."""
    return path.rpartition("/")[0] or "."


def below(folder: str, name: str) -> str:
    """The path of a file in a folder of the repository."""
    return name if folder == "." else f"{folder}/{name}"
