"""Whether a lock is written as uv writes it: then it is read by slices, and needs no parser."""

from __future__ import annotations

import re

_TEXT = r'"[^"\\]*"'
_LEAF = rf"[\w-]+ = (?:{_TEXT}|\d+|true|false|\[{_TEXT}(?:, {_TEXT})*\])"
_REST = rf"(?:, (?:{_LEAF}|source = \{{ {_LEAF}(?:, {_LEAF})* \}}))* \}}"
_NAMED = rf"\{{ name = {_TEXT}{_REST}"
_FILE = rf"\{{ url = {_TEXT}, hash = {_TEXT}(?:, size = \d+)?(?:, upload-time = {_TEXT})? \}}"
_ROW = re.compile(rf"    (?:{_FILE}|{_NAMED}|\{{ (?:url|path|filename) = {_TEXT}{_REST}|{_TEXT}),")
_KEY = re.compile(
    rf"({_TEXT}|[\w-]+) = (?:{_TEXT}|\d+|true|false|\[\]|\[{_TEXT}(?:, {_TEXT})*\]"
    rf"|\{{ {_LEAF}{_REST}|\[{_NAMED}\]|(\[))"
)

# What uv writes under which heading; nothing said where the keys are names, and have lists.
_HEAD: frozenset[str] | None = frozenset(
    ("version", "revision", "requires-python", "resolution-markers", "supported-markers", "required-markers")
)
_HEADINGS: dict[str, frozenset[str] | None] = {
    "[[package]]": frozenset(
        ("name", "version", "source", "resolution-markers", "dependencies", "sdist", "wheels")
    ),
    "[manifest]": None,
    "[manifest.dependency-groups]": None,
    "[options]": frozenset(("resolution-mode", "prerelease-mode", "fork-strategy", "exclude-newer")),
    "[package.dev-dependencies]": None,
    "[package.metadata]": frozenset(("requires-dist", "provides-extras")),
    "[package.metadata.requires-dev]": None,
    "[package.optional-dependencies]": None,
}


def regular(text: str) -> bool:
    """Whether every line has one of the few shapes that uv writes: then it is TOML, and needs no parser."""
    keys: set[str] = set()
    headings: set[str] = set()
    allowed = _HEAD
    within = packages = False
    for row in text.split("\n"):
        if within:
            if row == "]":
                within = False
            elif _ROW.fullmatch(row) is None:
                return False
        elif match := _KEY.fullmatch(row):
            known = row[match.end(1) + 3] == "[" if allowed is None else match[1] in allowed
            if match[1] in keys or not known:
                return False
            keys.add(match[1])
            within = match[2] is not None
        elif row == "[[package]]":
            keys, allowed, headings, packages = set(), _HEADINGS[row], set(), True
        elif row in _HEADINGS and row not in headings and row.startswith("[package") is packages:
            keys, allowed = set(), _HEADINGS[row]
            headings.add(row)
        elif row:
            return False
    return not within
