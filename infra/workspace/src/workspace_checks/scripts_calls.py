"""Holds calls of `inv` against the real task tree: tasks and options that exist, an environment that is named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
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
    mistyped: bool = False
    """Whether a value was given to an option that nobody knows: it may be any of those that are missing."""


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
            found = tasks.tasks.get(word.text)
            if found is None:
                yield _no_task(word.text, tasks, after=task)
                return  # what stands behind it may be meant for it
            if task is not None and not asks:
                yield from _missing(task, given)
            task = _Open(word.text, found)
            continue
        if name == "--":
            return
        takes = _takes_value(name, task, tasks)
        if takes is None:
            near = _near(name, task, tasks, {one.text.partition("=")[0] for one in words})
            yield _no_option(name, near, task)
            # One mistake is one complaint: what follows is read as the option that was meant would be.
            valued = _follows(words[at:], tasks)
            if task is not None and near:
                task.seen.add(near)
            elif task is not None:
                task.mistyped |= bool(equals) or valued
            at += valued and not equals and (not near or bool(_takes_value(near, task, tasks)))
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


def _follows(rest: Sequence[Word], tasks: Tasks) -> bool:
    """Whether the next word is a value, being neither option nor task."""
    return bool(rest) and not rest[0].text.startswith("-") and rest[0].text not in tasks.tasks


def _missing(task: _Open, given: frozenset[str]) -> Iterator[Complaint]:
    if task.mistyped:
        return
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


def _near(name: str, task: _Open | None, tasks: Tasks, given: Collection[str]) -> str:
    """The option that was meant, most likely: one that begins alike (`--environment`), else one spelled alike.

    Not one that is given besides.
    """
    options = task.task.options if task else tasks.core
    known = sorted(option for option in options if len(option) > 2 and option not in given)
    alike = [one for one in known if len(name) > 4 and (one.startswith(name) or name.startswith(one))]
    bare = {one.lstrip("-"): one for one in known}
    alike += [bare[one] for one in get_close_matches(name.lstrip("-"), bare, n=1)]
    return alike[0] if alike else ""


def _no_option(name: str, near: str, task: _Open | None) -> Complaint:
    cure = (
        f"Did you mean {near}?"
        if near
        else f"`inv --help {task.name if task else ''}".rstrip() + "` shows them."
    )
    owner = f"`inv {task.name}` has no option {name}." if task else f"`inv` itself has no option {name}."
    return Complaint("S003", owner, cure)
