"""Plain facts about the commands of a repository: what calls, what may be called, what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Script:
    """Shell text in some file."""

    path: str
    line: int
    """Of the file, from 1: where the first line of the text stands."""
    text: str
    given: frozenset[str] = frozenset()
    """Names of the variables that its surroundings set."""
    folded: bool = False
    """Whether the lines of the text are not those of the file, as in a folded YAML scalar."""
    told: bool = False
    """Whether it is only told, as in a README: then nothing but its calls of `inv` is judged."""
    borrowed: bool = False
    """Whether somebody else's surroundings set more, as those of the job that uses a composite action."""

    def place(self, line: int) -> int:
        """The line of the file where this line of the text (from 0) stands."""
        return self.line if self.folded else self.line + line


@dataclass(frozen=True)
class Use:
    """Somebody else's action or hook, called by its name."""

    path: str
    line: int
    kind: str
    """`action` or `hook`."""
    name: str
    """`docker/build-push-action`, or the id of a hook."""


@dataclass(frozen=True)
class Task:
    """One task of the tree, as a command line sees it."""

    options: Mapping[str, bool]
    """`--name` -> whether it takes a value."""
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tasks:
    """The task tree: what `inv` may be followed by."""

    tasks: Mapping[str, Task]
    core: Mapping[str, bool]
    """The task runner's own options -> whether each takes a value."""
    environments: frozenset[str] = frozenset()
    """What `--env` may name; empty where that is not known."""


@dataclass(frozen=True)
class Allowance:
    """A command that may go past the tree, and why."""

    file: str
    """A pattern such as `.github/*`."""
    command: str
    """The words it begins with, such as `pip install uv`."""
    reason: str
    line: int
    """Of pyproject.toml, from 1."""


@dataclass(frozen=True)
class Rules:
    """What pyproject.toml says under [tool.workspace-checks.scripts]."""

    allow: tuple[Allowance, ...] = ()
    shell: tuple[str, ...] = ()
    """Patterns of further shell scripts to read."""
    skip: tuple[str, ...] = ()
    """Patterns of files not to read, such as samples of what is wrong."""
