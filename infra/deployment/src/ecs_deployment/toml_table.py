"""Reads a settings file, typed: whatever is wrong is one `SettingsError` with file, line, key and cure.

Standard library only: it is on every task's start-up path.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_deployment.errors import SettingsError
from ecs_deployment.suggest import did_you_mean

_LARGEST_FILE = 1_000_000  # bytes
_SECRET_LOOKING = re.compile(
    r"(?i)pass|secret|token|credential|api_?key|AKIA|ASIA|://[^/\s]*@|[A-Za-z0-9+/_-]{24,}"
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    dict: "a table",
    list: "a list",
}


@dataclass(frozen=True)
class Table:
    """A table of the file, and where it stands there."""

    file: Path
    text: str
    key: tuple[str, ...]
    values: Mapping[str, Any]

    def error(self, name: str | None, what: str, cure: str) -> SettingsError:
        """The error for one key of this table, or for the table itself."""
        key = self.key if name is None else (*self.key, name)
        line = _line_of(self.text, key)
        where = f"{self.file}, line {line}" if line else str(self.file)
        return SettingsError(f"{where}: {_dotted(key)} {what}.", cure)

    def only(self, *known: str) -> None:
        """Refuse the first key that is none of these."""
        for name in self.values:
            if name not in known:
                raise self.error(name, "is no setting", did_you_mean(name, known))

    def text_at(self, name: str) -> str | None:
        """The text under `name`, without blanks around it; None where it is not set."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.wrong(name, "text in quotes", f'For example: {name} = "..."')
        if not value.strip() or not value.isprintable():
            raise self.error(name, "is empty or not printable", "Give it a value, or leave the key out.")
        return value.strip()

    def flag_at(self, name: str) -> bool:
        """The boolean under `name`; False where it is not set."""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, "true or false", "Write the word without quotes.")
        return value

    def number_at(self, name: str, *, least: int, most: int, default: int) -> int:
        """The whole number under `name`, within the limits."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number", f"For example: {name} = {default}")
        if not least <= value <= most:
            raise self.error(name, f"is {str(value)[:20]}", f"Give a number from {least} to {most}.")
        return value

    def texts_at(self, name: str, *, one_is_enough: bool) -> tuple[str, ...] | None:
        """The list of texts under `name`; where `one_is_enough`, a single text is a list of one."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and one_is_enough:
            value = [value]
        expected = "a text or a list of texts" if one_is_enough else "a list of texts"
        example = f'For example: {name} = ["...", "..."]'
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(name, expected, example)
        if not value or not all(item.strip() for item in value):
            raise self.error(name, "is empty or has an empty text in it", example)
        return tuple(value)

    def table_at(self, name: str, example: str) -> Table | None:
        """The table under `name`; None where it is not set."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "a table", f"For example: {example}")
        return Table(self.file, self.text, (*self.key, name), value)

    def wrong(self, name: str, expected: str, cure: str) -> SettingsError:
        """The error for a value of the wrong type: what was expected, and what stands there."""
        return self.error(name, f"must be {expected}, and is {_described(name, self.values[name])}", cure)


def read(file: Path) -> Table:
    """The whole file as a table. Raises `SettingsError` for whatever keeps it from being read as TOML."""
    text = _text(file)
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # tomllib's own error, and Python's for a number of too many digits
        raise SettingsError(f"{file}: this is no valid TOML: {error}.", "Mend that line.") from None
    except RecursionError:
        raise SettingsError(f"{file}: its lists or tables are nested too deeply.", "Mend the file.") from None
    return Table(file, text, (), values)


def _text(file: Path) -> str:
    cure = "The environment variable INFRA_ENVIRONMENTS can name another file."
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        raise SettingsError(f"There is no settings file {file}.", cure) from None
    except IsADirectoryError:
        raise SettingsError(f"The settings file {file} is a directory.", cure) from None
    except OSError as error:
        raise SettingsError(f"The settings file {file} cannot be read: {error.strerror}.", cure) from None
    if len(raw) > _LARGEST_FILE:
        raise SettingsError(f"The settings file {file} is larger than {_LARGEST_FILE:,} bytes.", cure)
    try:
        return raw.decode("utf-8-sig")  # editors on Windows put a mark at the start
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{file}, line {line}: this is not UTF-8.", "Save the file as UTF-8.") from None


def _described(name: str, value: object) -> str:
    """What stands there: its type, and the value itself where it is short and cannot be a secret."""
    kind = _KINDS.get(type(value), "a date or time")
    shown = f'"{value}"' if isinstance(value, str) else str(value).lower()
    if isinstance(value, dict | list) or _SECRET_LOOKING.search(f"{name} {shown}"):
        return kind
    return shown if len(shown) <= 40 and shown.isprintable() else kind


def _dotted(key: tuple[str, ...]) -> str:
    shown = ("".join(c if c.isprintable() else "?" for c in part)[:60] for part in key)
    return ".".join(part if _BARE_KEY.fullmatch(part) else f'"{part}"' for part in shown)


def _line_of(text: str, key: tuple[str, ...]) -> int | None:
    """The line nearest to the key: its own, or that of the table around it. Only errors ask for it."""
    best, found = 0, None
    for number, at in _keys(text):
        both = min(len(at), len(key))  # [a.b] also declares a
        if both > best and at[:both] == key[:both]:
            best, found = both, number
    return found


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """(line number, key) of every line that looks like a table's header or a key, in the file's order."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = _parsed(stripped) or table
            yield number, table
        elif "=" in stripped:
            key = _parsed(f"{stripped.partition('=')[0]} = 0")
            if key:
                yield number, (*table, *key)


def _parsed(line: str) -> tuple[str, ...]:
    """The one key that a line of TOML sets; () where it is none by itself."""
    try:
        node: object = tomllib.loads(line)
    except (ValueError, RecursionError):
        return ()
    key: list[str] = []
    while isinstance(node, dict) and node:
        name, node = next(iter(node.items()))
        key.append(name)
    return tuple(key)
