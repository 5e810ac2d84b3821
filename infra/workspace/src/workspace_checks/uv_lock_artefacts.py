"""Where the files of a lock come from: uv installs from whatever host the lock names, and asks nobody.

No host is known here. The artefacts of one registry share one host, so the finding is the stranger among them,
or a host that the lock at HEAD did not have for that registry; and a file without a hash.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from workspace_checks.findings import Finding
from workspace_checks.uv_lock import Lock, Package

_FILE = re.compile(r'\{ url = "([a-z+]+://[^/"]*)([^"]*)"(, hash = "[a-z0-9]+:[0-9a-f]+")?')


class File(NamedTuple):
    """One artefact. `host` bears its scheme; `at` is its place in the text of its package."""

    package: Package
    host: str
    path: str
    hashed: bool
    at: int


def artefacts(lock: Lock, before: Lock | None, trusted: Collection[str] = ()) -> list[Finding]:
    """Every file that comes from a stranger or bears no hash. `before` is the lock at HEAD, where it differs."""
    counts = _counts(lock)
    earlier = _counts(before) if before else {}
    reasons: dict[tuple[str, str], str] = {}
    for registry, hosts in counts.items():
        usual, most = hosts.most_common(1)[0]
        for host, count in hosts.items():
            if host in trusted:
                continue
            if count < most:
                reasons[registry, host] = f"{registry} serves its files from {usual}"
            elif registry in earlier and host not in earlier[registry]:
                reasons[registry, host] = "the lock at HEAD did not have that host"
    return list(_findings(lock, reasons)) if reasons or not all(file.hashed for file in _files(lock)) else []


def _findings(lock: Lock, reasons: dict[tuple[str, str], str]) -> Iterator[Finding]:
    for file in _files(lock):
        line = file.package.line + 1 + file.package.text.count("\n", 0, file.at)
        name = file.path.rpartition("/")[2]
        reason = reasons.get((file.package.at, file.host))
        if reason:
            yield Finding(lock.path, line, "D011", f"{name} comes from {file.host}; {reason}.")
        if not file.hashed:
            yield Finding(lock.path, line, "D011", f"{name} has no hash.")


def _counts(lock: Lock) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for file in _files(lock):
        found.setdefault(file.package.at, Counter())[file.host] += 1
    return found


def _files(lock: Lock) -> Iterator[File]:
    for package in lock.packages:
        if package.kind == "registry" and "://" in package.at:
            for match in _FILE.finditer(package.text):
                yield File(package, match[1], match[2], match[3] is not None, match.start())
