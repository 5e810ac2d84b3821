"""Where a lock is not what the manifests of its workspace ask for: every difference that uv would act on.

uv trusts what came from a registry, and holds each member's manifest against the metadata that the lock keeps
of it (uv's source: `Lock::satisfies`). So does this, and it says which requirement it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workspace_checks import toml
from workspace_checks.findings import Finding
from workspace_checks.uv_lock import NEWEST_REVISION, Lock, Package
from workspace_checks.uv_lock_markers import Bounds, Same
from workspace_checks.uv_lock_members import Project, Workspace
from workspace_checks.uv_lock_python import Python, bounds_of, intersection
from workspace_checks.uv_lock_requirements import Requirement, compare, from_table, parse
from workspace_checks.uv_lock_wanted import Wanted, wanted

# What [tool.uv] may hold without any effect on the lock, or with one that is judged member by member.
# fmt: off
_HARMLESS = frozenset({
    "add-bounds", "build-backend", "cache-dir", "cache-keys",
    "compile-bytecode", "concurrent-builds", "concurrent-downloads", "concurrent-installs",
    "default-groups", "dev-dependencies", "http-timeout", "keyring-provider",
    "link-mode", "managed", "native-tls", "no-cache",
    "no-progress", "offline", "package", "pip",
    "preview", "preview-features", "publish-url", "python-downloads",
    "python-install-mirror", "python-preference", "pypy-install-mirror", "reinstall",
    "reinstall-package", "required-version", "sources", "trusted-publishing",
    "workspace",
})
# fmt: on
_LISTS = {
    "constraint-dependencies": "constraints",
    "override-dependencies": "overrides",
    "build-constraint-dependencies": "build-constraints",
}
_OPTIONS = {
    "resolution": "resolution-mode",
    "prerelease": "prerelease-mode",
    "fork-strategy": "fork-strategy",
}
_DEFAULTS = {
    "resolution": "highest",
    "prerelease": "if-necessary-or-explicit",
    "fork-strategy": "requires-python",
}
_DEFAULT_INDEX = "https://pypi.org/simple"  # uv's documentation, "Package indexes"


@dataclass
class Drift:
    """What was found: `stale` are differences, `unsure` what only uv can judge, `doubtful` what it then means."""

    stale: list[Finding] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    doubtful: list[Finding] = field(default_factory=list)

    def say(self, path: str, line: int, code: str, message: str) -> None:
        """Add a difference."""
        self.stale.append(Finding(path, line, code, message))


def drift(workspace: Workspace, lock: Lock) -> Drift:
    """Every difference between this workspace and its lock."""
    found = Drift(unsure=[f"{workspace.root.path}: {reason}" for reason in workspace.unsure])
    if not lock.regular:
        found.unsure.append(f"{lock.path}: it is not written as uv writes it")
        return found
    if workspace.root.uv.get("managed") is False:
        line = workspace.root.line("managed")
        found.say(
            workspace.root.path, line, "D009", "it says `managed = false`: uv neither locks nor checks it."
        )
    if lock.revision > NEWEST_REVISION:
        found.unsure.append(f"{lock.path}: revision {lock.revision} of its format is newer than this check")
    if lock.packages and not any("[package.metadata]" in package.text for package in lock.packages):
        found.unsure.append(f"{lock.path}: it keeps no metadata of the members")
    python = _python(workspace, lock, found)
    _settings(workspace, lock, python, found)
    _members(workspace, lock, found)
    for member in workspace.members:
        entries = lock.by_name.get(member.name, ())
        if len(entries) == 1:
            _member(workspace, member, lock, entries[0], python, found)
        elif member.name:
            says = f"has {len(entries)} entries in uv.lock" if entries else "is not in uv.lock"
            found.say(member.path, 1, "D004", f"member {member.name} {says}.")
    _edges(lock, found)
    return found


def _python(workspace: Workspace, lock: Lock, found: Drift) -> Bounds:
    """requires-python of the whole, which is what all members share; the bounds that markers are judged within."""
    root = workspace.root
    locked = bounds_of(str(lock.header.get("requires-python", "")))
    asked: list[tuple[Project, Python]] = []
    for member in workspace.members:
        written = member.project.get("requires-python")
        if isinstance(written, str):
            bounds = bounds_of(written)
            if bounds is None:
                found.unsure.append(f"{member.path}: requires-python {written!r}")
            else:
                asked.append((member, bounds))
    if locked is None:
        found.unsure.append(f"{lock.path}: its requires-python")
        return (0,), None
    if not asked:
        found.unsure.append(f"{root.path}: no requires-python, so uv takes that of the Python it finds")
        return locked
    whole = intersection(bounds for _, bounds in asked)
    if whole != locked and not any("requires-python" in reason for reason in found.unsure):
        narrow = [m for m, bounds in asked if intersection([bounds, locked]) != locked] or [asked[0][0]]
        for member in narrow:
            found.say(
                member.path,
                member.line("requires-python"),
                "D008",
                f"requires-python is {member.project['requires-python']!r}; together the members ask for "
                f"another range than uv.lock, which has {lock.header['requires-python']!r}.",
            )
    return locked


def _settings(workspace: Workspace, lock: Lock, python: Bounds, found: Drift) -> None:
    """Constraints, overrides and the ways to resolve; what else [tool.uv] may hold is for uv to judge."""
    root, table = workspace.root, workspace.root.uv
    manifest, options = toml.table(lock.header, "manifest"), toml.table(lock.header, "options")
    for key in sorted(set(table) - _HARMLESS - set(_LISTS) - set(_OPTIONS)):
        found.unsure.append(f"{root.path}: tool.uv.{key}")
    for key in sorted(set(options) - set(_OPTIONS.values())):
        found.unsure.append(f"{lock.path}: its option {key}")
    for key in sorted(set(manifest) - {"members", *_LISTS.values()}):
        found.unsure.append(f"{lock.path}: its manifest's {key}")
    for key in ("conflicts", "supported-markers", "required-markers"):
        if key in lock.header:
            found.unsure.append(f"{lock.path}: its {key}")
    if not root.project and root.document.get("dependency-groups"):
        found.unsure.append(f"{root.path}: the groups of a root that is no project")
    for key, name in _OPTIONS.items():
        asked, locked = table.get(key, _DEFAULTS[key]), options.get(name, _DEFAULTS[key])
        if asked != locked:
            found.say(root.path, root.line(key), "D003", f"{key} is {asked!r}; uv.lock has {locked!r}.")
    here = set(lock.by_name)
    if any(package.kind == "registry" and package.at != _DEFAULT_INDEX for package in lock.packages):
        found.unsure.append(f"{lock.path}: packages of another index than uv's default")
    for key, name in _LISTS.items():
        written = table.get(key, [])
        parsed = [parse(text) for text in toml.strings(written)]
        if not isinstance(written, list) or None in parsed or len(parsed) != len(written):
            found.unsure.append(f"{root.path}: tool.uv.{key}")
            continue
        inner = Drift()
        asked_list = [one for one in parsed if one is not None]
        _compare(
            root, key, asked_list, [from_table(entry) for entry in manifest.get(name, [])], python, inner
        )
        absent = {one.name for one in asked_list} - here
        if inner.stale and (absent or toml.table(root.uv, "sources")):
            inner.unsure.append(f"{root.path}: tool.uv.{key} of what is not in the lock")
            found.doubtful += inner.stale if absent else []
            inner.stale = [] if absent else inner.stale
        found.stale += inner.stale
        found.doubtful += inner.doubtful
        found.unsure += inner.unsure


def _members(workspace: Workspace, lock: Lock, found: Drift) -> None:
    """The names, the folders, and whether each is installed as an editable, or not at all."""
    root = workspace.root
    names: dict[str, Project] = {}
    for member in workspace.members:
        if not member.name:
            found.say(member.path, 1, "D004", "a member without [project] and a name, which uv refuses.")
        elif member.name in names:
            where = names[member.name].path
            found.say(member.path, member.line("name ="), "D004", f"member {member.name} is also {where}.")
        names.setdefault(member.name, member)
    for folder in workspace.empty:
        found.say(
            root.path,
            root.line("members"),
            "D004",
            f"{folder}/ is a member by its glob and has no pyproject.toml.",
        )
    listed = toml.strings(toml.table(lock.header, "manifest").get("members"))
    expected = set(names) - {""}
    actual = set(listed) or ({root.name} if len(expected) == 1 and root.name in expected else set())
    if listed and len(expected) == 1 and root.name in expected:
        found.say(
            lock.path, toml.line_of(lock.text, "members = ["), "D004", "it lists members; there are none."
        )
    for name in sorted(expected - actual):
        if name in lock.by_name:
            found.say(names[name].path, 1, "D004", f"member {name} is not listed as one in uv.lock.")
    for name in sorted(actual - expected - ({root.name} if not listed else set())):
        line = toml.line_of(lock.text, f'    "{name}",')
        found.say(lock.path, line, "D004", f"member {name} is in uv.lock; no pyproject.toml declares it.")


def _member(
    workspace: Workspace, member: Project, lock: Lock, entry: Package, python: Bounds, found: Drift
) -> None:
    """One member against its entry."""
    at = workspace.at(member)
    want: Wanted = wanted(workspace, member)
    found.unsure += want.unsure
    found.stale += want.wrong
    if entry.at != at and entry.local:
        found.say(member.path, 1, "D004", f"{member.name} stands in {at}; uv.lock has {entry.at}.")
    kind = workspace.kinds[member.name]
    if entry.kind != kind and kind:
        found.say(
            member.path, member.line("[build-system]", "package =", "name ="), "D009",
            f"{member.name} is {_KIND[kind]}; uv.lock has it as {_KIND.get(entry.kind, entry.kind)}.",
        )  # fmt: skip
    version = member.project.get("version")
    dynamic = "version" in toml.strings(member.project.get("dynamic"))
    if isinstance(version, str) and not _same_version(version, entry.version):
        locked = "none: it was dynamic" if entry.version is None else entry.version
        found.say(
            member.path,
            member.line("version ="),
            "D009",
            f"{member.name} is {version}; uv.lock has {locked}.",
        )
    elif dynamic and entry.version is not None:
        found.say(
            member.path, member.line("dynamic"), "D009",
            f"{member.name} has a dynamic version; uv.lock has {entry.version}.",
        )  # fmt: skip
    elif version is None and not dynamic:
        found.unsure.append(f"{member.path}: neither a version nor a dynamic one")
    if lock.revision >= 1:
        for extra in sorted(want.extras ^ entry.extras):
            says = "was added" if extra in want.extras else "was removed; it is still in uv.lock"
            found.say(
                member.path, member.line("[project.optional-dependencies]"), "D003", f"extra {extra} {says}."
            )
    _compare(member, "", want.requirements, entry.requirements, python, found)
    groups = entry.groups
    for group in sorted({*want.groups, *groups}):
        if (group in want.groups) != (group in groups):
            says = "was added" if group in want.groups else "was removed; it is still in uv.lock"
            found.say(member.path, member.line("[dependency-groups]"), "D003", f"group {group} {says}.")
        else:
            _compare(member, f"group {group}: ", want.groups[group], groups[group], python, found)


_KIND = {"editable": "a package", "virtual": "no package", "directory": "a package, not editable"}


def _compare(
    project: Project,
    where: str,
    asked: list[Requirement],
    locked: list[Requirement],
    python: Bounds,
    found: Drift,
) -> None:
    """Two sets of requirements; what is in both is struck off first."""
    here, there = set(asked), set(locked)
    if here == there and not any(one.odd for one in here):
        return
    left = list(dict.fromkeys(one for one in asked if one.odd or one not in there))
    right = list(dict.fromkeys(one for one in locked if one.odd or one not in here))
    names = sorted({one.name for one in (*left, *right)})
    for name in names:
        ours = [one for one in left if one.name == name]
        theirs = [one for one in right if one.name == name]
        for one in list(ours):
            match = next((other for other in theirs if compare(one, other, python) is Same.YES), None)
            if match is not None:
                ours.remove(one)
                theirs.remove(match)
        # What is asked for twice, beside the same extra, uv may write as one: the difference may be none.
        beside = [[_extra(one) for one in side if one.name == name] for side in (asked, locked)]
        twice = any(len(set(extras)) < len(extras) for extras in beside)
        _differ(project, where.removesuffix(": "), ours, theirs, python, found, twice=twice)


def _differ(
    project: Project,
    where: str,
    ours: list[Requirement],
    theirs: list[Requirement],
    python: Bounds,
    found: Drift,
    *,
    twice: bool,
) -> None:
    """Say how two lists of one name differ, or that it takes uv to tell whether they do."""
    odd = next((one for one in (*ours, *theirs) if one.odd), None)
    doubt = bool(ours and theirs) and compare(ours[0], theirs[0], python) is Same.UNSURE
    said = list(_differences(project, f"{where}: " if where else "", ours, theirs))
    if odd or doubt or (twice and said):
        name = (*ours, *theirs)[0].name
        found.unsure.append(f"{project.path}: {name}{f', for {odd.odd}' if odd else ''}")
        found.doubtful += said
    else:
        found.stale += said


def _differences(
    project: Project, prefix: str, ours: list[Requirement], theirs: list[Requirement]
) -> Iterator[Finding]:
    if ours and theirs:
        message = f"{prefix}{ours[0]} is asked for; uv.lock has {theirs[0]}."
        yield Finding(project.path, _line(project, ours[0]), "D003", message)
        return
    for one in ours:
        message = f"{prefix}{one} was added; uv.lock has no such entry."
        yield Finding(project.path, _line(project, one), "D003", message)
    for one in theirs:
        line = project.line("dependencies", "[dependency-groups]")
        yield Finding(project.path, line, "D003", f"{prefix}{one} was removed; it is still in uv.lock.")


def _extra(requirement: Requirement) -> str:
    """The extra that asks for it, as its marker says; empty where none does."""
    return requirement.marker.partition("extra == '")[2].partition("'")[0]


def _line(project: Project, requirement: Requirement) -> int:
    text = requirement.text
    return project.line(f'"{text}"', f"'{text}'", text, requirement.name)


def _same_version(written: str, locked: str | None) -> bool:
    if locked is None or written == locked:
        return locked is not None
    if re.sub(r"(?:\.0)+$", "", written) == re.sub(r"(?:\.0)+$", "", locked):
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(written) == Version(locked)
    except InvalidVersion:
        return False


def _edges(lock: Lock, found: Drift) -> None:
    """Entries that name a package which is not there, or that stand twice: uv cannot read such a lock."""
    for message, line in _dangling(lock):
        found.say(lock.path, line, "D010", message)


def _dangling(lock: Lock) -> Iterator[tuple[str, int]]:
    names = {package.name for package in lock.packages}
    ids = {(package.name, package.version or "") for package in lock.packages}
    seen: set[tuple[str, str | None, str, str]] = set()
    for package in lock.packages:
        key = (package.name, package.version, package.kind, package.at)
        if key in seen:
            yield f"{package.name} {package.version or ''} stands twice.", package.line
        seen.add(key)
        if package.kind == "registry" and package.version is None:
            yield f"{package.name} has no version.", package.line
        for rows in package.needs:
            if len(set(rows)) < len(rows):
                row = next(row for row in rows if rows.count(row) > 1)
                name = row.partition('"')[0]
                yield f"{package.name} needs {name} twice.", package.row(row)
            for row in rows:
                name, _, rest = row.partition('"')
                version = rest.split('"', 2)[1] if rest.startswith(", version = ") else ""
                if name not in names or (version and (name, version) not in ids):
                    needed = f"{name} {version}".strip()
                    yield f"{package.name} needs {needed}, which is not in uv.lock.", package.row(row)
