"""The values that were read from task definitions in this process: whatever prints, prints none of them.

A container may log what its environment holds without a word that gives it away, so the form of a line is not
enough. Every definition passes the port (`aws.port`), which teaches its values here; `masking.masked_text` asks.
The value of a secret that ECS injects is never read by a deploy, so that of those only the form can tell.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit

SECRET_NAME = re.compile(
    r"pass(?:word|wd|phrase)?$|secret|token|credential|api[_.-]?key|access[_.-]?key|private[_.-]?key|authorization",
    re.IGNORECASE,
)
"""What a thing is called whose value should not be printed."""

_LONG = 8  # from here a value is masked wherever it stands, also as a part of something longer
_SHORT = 6  # below _LONG only as a word of its own, and only where it is more than letters
_NAMED = 4  # under a name such as DB_PASSWORD, as a word of its own
# What says nothing about a service, and would make holes into every other sentence.
_ORDINARY = frozenset(
    ("127.0.0.1", "application", "critical", "database", "development", "disabled", "localhost", "production")
)
_NOTHING = re.compile(r"(?!)")


class Known:
    """Values to hide and words that are public anyhow, and the one pattern they make."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()
        self._public: frozenset[str] = frozenset()
        self.pattern = _NOTHING
        self._lock = threading.Lock()  # a survey of many services learns on several threads

    def learn(self, content: Mapping[str, Any]) -> None:
        """Hide the environment values of a task definition's containers from now on."""
        pairs = (p for d in content.get("containerDefinitions", ()) for p in d.get("environment", ()))
        found = {form for pair in pairs for form in _forms(str(pair.get("name")), str(pair.get("value", "")))}
        with self._lock:
            if not found <= self._values:
                self._values |= found
                self._compile()

    def spare(self, words: Iterable[str | None]) -> None:
        """Words of the settings and of the command line: a value that is part of one is no secret."""
        self._public |= {word for word in words if word}
        self._compile()

    def forget(self) -> None:
        """Start anew."""
        self._values = self._public = frozenset()
        self.pattern = _NOTHING

    def _compile(self) -> None:
        hidden = [v for v in self._values if not any(v in word for word in self._public)]
        hidden.sort(key=len, reverse=True)
        self.pattern = re.compile("|".join(map(_alternative, hidden))) if hidden else _NOTHING


KNOWN = Known()
"""The process's own; a thread that renders meanwhile sees the pattern before or after, never a half."""


def _alternative(value: str) -> str:
    escaped = re.escape(value)
    return escaped if len(value) >= _LONG else rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])"


def _forms(name: str, value: str) -> Iterator[str]:
    """The value as a log may show it: whole, by lines, escaped, and what a URL or JSON in it keeps secret."""
    for part in {value, *value.splitlines()}:
        plain = part.strip()
        if _is_hidden(name, plain):
            yield from (plain, json.dumps(plain)[1:-1], quote(plain, safe=""))
    for inner_name, inner in _within(value):
        yield from _forms(inner_name, inner)


def _is_hidden(name: str, value: str) -> bool:
    if SECRET_NAME.search(name):
        return len(value) >= _NAMED
    if value.lower() in _ORDINARY:
        return False
    return len(value) >= _LONG or (len(value) >= _SHORT and not value.isalpha() and not value.isdigit())


def _within(value: str) -> Iterator[tuple[str, str]]:
    """(name, text) of what a value holds besides itself."""
    if "://" in value:
        with suppress(ValueError):
            yield "password", urlsplit(value).password or ""
    elif value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            yield from _leaves("", json.loads(value))


def _leaves(name: str, content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        for key, inner in content.items():
            yield from _leaves(key, inner)
    elif isinstance(content, list):
        for inner in content:
            yield from _leaves(name, inner)
    elif isinstance(content, str):
        yield name, content
