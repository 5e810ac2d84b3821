"""The task tree as plain facts, for checks of what calls it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.parser.argument import Argument

from tasks._place import ROOT, known_environments

if TYPE_CHECKING:
    from workspace_checks.scripts_model import Tasks


def known() -> Tasks:
    """Every task with its options, as Invoke would parse them; aliases included."""
    from invoke.program import Program
    from workspace_checks.scripts_model import Task, Tasks

    collection = _collection()
    tasks: dict[str, Task] = {}
    for name, aliases in collection.task_names.items():
        arguments = collection[name].get_arguments()
        task = Task(_options(arguments), frozenset(_required(arguments)))
        tasks |= dict.fromkeys((name, *aliases), task)
    program = Program()
    core = _options([*program.core_args(), *program.task_args()])
    environments = known_environments(ROOT / "infra" / "environments.toml")
    return Tasks(tasks, core, frozenset(environments))


def _collection() -> Collection:
    """What tasks.py mounts, loaded as Invoke loads it: the file is the one table of contents."""
    from invoke.loader import FilesystemLoader

    package = sys.modules.get("tasks")
    try:
        module, folder = FilesystemLoader(start=str(ROOT)).load("tasks")
    finally:
        if package is not None:
            sys.modules["tasks"] = package  # the loader and tasks.py pass the name between them
    return Collection.from_module(module, loaded_from=folder)


def _options(arguments: Iterable[Argument]) -> dict[str, bool]:
    """`--name` -> whether it takes a value; a switch that is on by default has a --no-name as well."""
    found = {}
    for argument in arguments:
        for name in argument.names:
            found[f"--{name}" if len(name) > 1 else f"-{name}"] = bool(argument.takes_value)
        if argument.kind is bool and argument.default is True:
            found[f"--no-{argument.name}"] = False
    return found


def _required(arguments: Iterable[Argument]) -> Iterable[str]:
    """Invoke knows no required option; our help texts say so, and which one falls back to INFRA_ENV."""
    for argument in arguments:
        text = argument.help or ""
        if text.endswith("Required.") or "$INFRA_ENV" in text:
            yield f"--{argument.name}"
