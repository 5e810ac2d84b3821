"""Where a lock is not what the manifests of its workspace ask for: every difference that uv would act on.

uv trusts what came from a registry, and holds each member's manifest against the metadata that the lock keeps
of it (uv's source: `Lock::satisfies`). So does this, and it says which requirement it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workspace_checks import toml
from workspace_checks.uv_lock import NEWEST_REVISION, Lock, Package
from workspace_checks.uv_lock_compare import Drift, compare_lists
from workspace_checks.uv_lock_manifest import Project
from workspace_checks.uv_lock_markers import Bounds
from workspace_checks.uv_lock_members import Workspace
from workspace_checks.uv_lock_settings import python_bounds, settings
from workspace_checks.uv_lock_wanted import Wanted, wanted


def drift(workspace: Workspace, lock: Lock) -> Drift:
    """Every difference between this workspace and its lock."""
    found = Drift()
    found.unsure += [f"{workspace.root.path}: {reason}" for reason in workspace.unsure]
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
    python = python_bounds(workspace, lock, found)
    settings(workspace, lock, python, found)
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
    if want.built:
        # A build backend writes this metadata, and may write it in its own way: the manifest is a hint only.
        inner = Drift()
        _lists(member, want, entry, lock, python, inner)
        if inner.stale or inner.unsure:
            found.unsure.append(f"{member.path}: what its build backend says")
            found.doubtful += [] if want.unsure else [*inner.stale, *inner.doubtful]
    else:
        _lists(member, want, entry, lock, python, found)


def _lists(member: Project, want: Wanted, entry: Package, lock: Lock, python: Bounds, found: Drift) -> None:
    """Its extras, requirements and groups against those the lock keeps."""
    if lock.revision >= 1:
        for extra in sorted(want.extras ^ entry.extras):
            says = "was added" if extra in want.extras else "was removed; it is still in uv.lock"
            found.say(
                member.path, member.line("[project.optional-dependencies]"), "D003", f"extra {extra} {says}."
            )
    compare_lists(member, "", want.requirements, entry.requirements, python, found)
    groups = entry.groups
    for group in sorted({*want.groups, *groups}):
        if (group in want.groups) != (group in groups):
            says = "was added" if group in want.groups else "was removed; it is still in uv.lock"
            found.say(member.path, member.line("[dependency-groups]"), "D003", f"group {group} {says}.")
        else:
            compare_lists(member, f"group {group}: ", want.groups[group], groups[group], python, found)


_KIND = {"editable": "a package", "virtual": "no package", "directory": "a package, not editable"}


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
