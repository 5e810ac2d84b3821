"""A command line that Invoke's parser cannot place ends as every other refusal: what, what next, exit 2, one object.

By itself Invoke prints "No idea what 'app.deploi' is!" and ends with 1. Its program is not ours to derive from (`inv`
is Invoke's own command), so the one call with which it parses what is typed behind `inv` goes through here.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from typing import Any

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import Parser

from tasks._ends import told
from tasks._stdout import OneObject

_UNKNOWN = re.compile(r"No idea what (.+) is!", re.DOTALL)
_NO_VALUE = re.compile(r"Flag (?:<Argument: )?(?:--)?([\w-]+).* needed value", re.DOTALL)
_parse_argv = Parser.parse_argv


def install() -> None:
    """From here on the parser answers so; a second time does nothing."""
    Parser.parse_argv = _parsed  # type: ignore[method-assign] # Invoke has no seam here


def _parsed(self: Parser, argv: list[str]) -> Any:
    """`Parser.parse_argv`, but what cannot be placed is an `Exit` that says so. Completion looks at the rest itself."""
    words = list(argv)  # Invoke takes `--name=value` apart in it
    try:
        return _parse_argv(self, argv)
    except ParseError as error:
        if self.ignore_unknown or "--complete" in sys.argv:
            raise
        raise _ended(Exit("\n".join(_said(error, self)), code=2), words) from None
    except Exit as end:  # of an option of ours that was given no usable value
        raise _ended(end, words) from None


def _said(error: ParseError, parser: Parser) -> tuple[str, str]:
    """What is wrong, and what to do next."""
    text, task = str(error), (error.context.name if error.context else None) or ""
    if missing := _NO_VALUE.match(text):
        return f"--{missing[1]} was given no value.", "Give it a value or leave it out."
    help_of = f"inv --help {task} lists its options." if task else "inv --help lists its options."
    if not (unknown := _UNKNOWN.fullmatch(text)):
        return text, help_of
    word = str(ast.literal_eval(unknown[1]))
    if word.startswith("-"):
        context = error.context or parser.initial
        return (
            f"{task or 'inv'} has no option {word}.",
            f"{_near(word, context.flags if context else ())}{help_of}",
        )
    near = _near(word, parser.contexts)
    if near or not task or "." in word:
        return f"There is no task {word}.", f"{near}inv --list names all of them."
    return f"{word!r} is no task, and no value either: {task} takes options alone.", help_of


def _near(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word[:100], list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _ended(end: Exit, words: list[str]) -> Exit:
    """Told as a task would have told it, so far as it can be known what was meant."""
    from tasks import app

    task = next((word for word in words if word.startswith("app.")), "")
    outcome = getattr(getattr(app, task.removeprefix("app."), None), "outcome", False)
    options = {name: _value(name, words) for name in ("env", "service", "tag")}
    printed = OneObject(sys.stdout) if "--json" in words else None
    return told(end, options, printed, published=outcome)


def _value(name: str, words: list[str]) -> str:
    """What stands behind `--name`, or "" where nothing does."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == f"--{name}" and not after.startswith("--"):
            return after
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return ""
