"""Where the files of a lock come from: uv installs from whatever host the lock names, and asks nobody.

No host is known here. The artefacts of one registry share one host, so the finding is the stranger among them,
or a host that the lock at HEAD did not have for that registry; and a file without a hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from workspace_checks.findings import Finding
from workspace_checks.uv_lock import Lock, Package

_FILE = '{ url = "'


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
    files = sum(hosts.total() for hosts in counts.values())
    if not reasons and sum(p.text.count(', hash = "') for p in _packages(lock)) == files:
        return []
    return list(_findings(lock, reasons))


def _findings(lock: Lock, reasons: dict[tuple[str, str], str]) -> Iterator[Finding]:
    for package in _packages(lock):
        for number, row in enumerate(package.text.split("\n")):
            if _FILE not in row:
                continue
            line, url = package.line + 1 + number, row.partition(_FILE)[2].partition('"')[0]
            host, name = _host(url), url.rpartition("/")[2]
            if reason := reasons.get((package.at, host)):
                yield Finding(lock.path, line, "D011", f"{name} comes from {host}; {reason}.")
            if ', hash = "' not in row:
                yield Finding(lock.path, line, "D011", f"{name} has no hash.")


def _counts(lock: Lock) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for package in _packages(lock):
        hosts = found.setdefault(package.at, Counter())
        for piece in package.text.split(_FILE)[1:]:
            hosts[_host(piece)] += 1
    return {registry: hosts for registry, hosts in found.items() if hosts}


def _host(url: str) -> str:
    """The host of a URL with its scheme, as in `https://files.example.com`."""
    return url[: url.find("/", url.find("://") + 3)]


def _packages(lock: Lock) -> Iterator[Package]:
    return (package for package in lock.packages if package.kind == "registry" and "://" in package.at)
