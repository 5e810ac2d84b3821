"""Holds calls of `inv` against the real task tree: tasks and options that exist, an environment that is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from workspace_checks.scripts_model import Task, Tasks
from workspace_checks.scripts_words import Word

_ASKS = frozenset(
    {"--help", "-h", "--version", "-V", "--list", "-l", "--complete", "--print-completion-script"}
)
_ENVIRONMENT = "--env"


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a call."""

    code: str
    message: str
    cure: str


@dataclass
class _Open:
    """The task whose options are being read."""

    name: str
    task: Task
    seen: set[str] = field(default_factory=set)


def complaints(words: Sequence[Word], tasks: Tasks, given: frozenset[str]) -> Iterator[Complaint]:
    """Everything wrong with `inv WORDS`, where the variables `given` are set; `words` begin behind `inv`.

    What is filled in when the script runs is not judged, and nothing behind it that it may change.
    """
    asks = any(word.text in _ASKS for word in words)
    task: _Open | None = None
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        name, equals, value = word.text.partition("=")
        if word.dynamic and not (equals and name.startswith("--") and "$" not in name):
            return  # it may be an option, a task, several or none
        if not word.text.startswith("-"):
            if task is not None and not asks:
                yield from _missing(task, given)
            found = tasks.tasks.get(word.text)
            if found is None:
                yield _no_task(word.text, tasks, after=task)
                return
            task = _Open(word.text, found)
            continue
        if name == "--":
            return
        takes = _takes_value(name, task, tasks)
        if takes is None:
            yield _no_option(name, task, tasks)
            continue
        if task is not None:
            task.seen.add(name)
        if not takes:
            continue
        if not equals:
            if at >= len(words) or (words[at].text.startswith("--") and not words[at].dynamic):
                if name in _ASKS:
                    continue  # `inv --list` lists everything
                yield Complaint("S005", f"{name} has no value.", f"Give {name} a value.")
                continue
            value, dynamic = words[at].text, words[at].dynamic
            at += 1
        else:
            dynamic = word.dynamic
        if name == _ENVIRONMENT and not dynamic and "INFRA_ENVIRONMENTS" not in given:
            yield from _known_environment(value, tasks)
    if task is not None and not asks:
        yield from _missing(task, given)


def _takes_value(name: str, task: _Open | None, tasks: Tasks) -> bool | None:
    """Whether this option takes a value; None where nobody knows the option."""
    if task is not None and name in task.task.options:
        return task.task.options[name]
    if name in tasks.core:
        return tasks.core[name]
    if len(name) > 2 and not name.startswith("--"):  # -ec is -e -c, and -fFILE has its value with it
        return False if name[:2] in tasks.core else None
    return None


def _missing(task: _Open, given: frozenset[str]) -> Iterator[Complaint]:
    for option in sorted(task.task.required - task.seen):
        if option == _ENVIRONMENT and "INFRA_ENV" not in given:
            yield Complaint(
                "S004",
                f"`inv {task.name}` names no environment.",
                "Add --env NAME, or set INFRA_ENV once above it.",
            )
        elif option != _ENVIRONMENT:
            yield Complaint("S005", f"`inv {task.name}` needs {option}.", f"Add {option}.")


def _known_environment(value: str, tasks: Tasks) -> Iterator[Complaint]:
    if tasks.environments and value not in tasks.environments:
        yield Complaint(
            "S004", f"--env {value} names no environment.", f"Known: {', '.join(sorted(tasks.environments))}."
        )


def _no_task(name: str, tasks: Tasks, after: _Open | None) -> Complaint:
    near = get_close_matches(name, tasks.tasks, n=1)
    if near:
        cure = f"Did you mean {near[0]}?"
    elif after is not None and after.task.options:
        cure = (
            f"A value belongs to an option, such as {min(after.task.options)}; `inv --list` shows the tasks."
        )
    else:
        cure = "`inv --list` shows them."
    return Complaint("S002", f"there is no task {name}.", cure)


def _no_option(name: str, task: _Open | None, tasks: Tasks) -> Complaint:
    known = sorted(task.task.options if task else (option for option in tasks.core if len(option) > 2))
    near = get_close_matches(name, known, n=1)
    cure = (
        f"Did you mean {near[0]}?"
        if near
        else f"`inv --help {task.name if task else ''}".rstrip() + "` shows them."
    )
    owner = f"`inv {task.name}` has no option {name}." if task else f"`inv` itself has no option {name}."
    return Complaint("S003", owner, cure)
