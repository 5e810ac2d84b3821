"""Keeps what parsing brought, by git's id of the content: it can never change, and TOML is slow to parse.

A line for each: an id, a space, and the document as JSON; `true` for a lock that is written as uv writes it. Only
what was asked for is read. A file that cannot be read or written is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_MOST = 4 << 20  # bytes; a file beyond that starts anew


class Facts:
    """What is known of the contents of one repository; `program` says which version of this package may know it."""

    def __init__(self, file: Path, program: str) -> None:
        self._file = file
        self._head = f"{program}\n".encode()
        self._kept: dict[bytes, bytes] = {}
        self._new: list[bytes] = []
        with suppress(OSError):
            content = file.read_bytes()
            self._anew = not content.startswith(self._head) or len(content) > _MOST
            if not self._anew:
                self._kept = dict(row.split(b" ", 1) for row in content.split(b"\n")[1:-1] if b" " in row)
            return
        self._anew = True

    def get(self, name: str) -> Any:
        """What is known of that content; nothing when it is not."""
        row = self._kept.get(name.encode())
        with suppress(ValueError):
            return None if row is None else json.loads(row)
        return None

    def learn(self, name: str, what: Mapping[str, Any] | bool) -> None:
        """Keep this of that content; what JSON cannot hold (a date) is parsed anew each time."""
        with suppress(TypeError, ValueError):
            self._new.append(f"{name} {json.dumps(what, allow_nan=False)}\n".encode())

    def save(self) -> None:
        """Write down what was learnt."""
        if not self._new:
            return
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            with self._file.open("wb" if self._anew else "ab") as file:
                file.write((self._head if self._anew else b"") + b"".join(self._new))
