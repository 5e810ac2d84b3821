"""What the whole workspace asks for, against the head of its lock: Pythons, constraints, ways to resolve."""

from __future__ import annotations

from workspace_checks import toml
from workspace_checks.uv_lock import Lock
from workspace_checks.uv_lock_compare import Drift, compare_lists
from workspace_checks.uv_lock_manifest import Project
from workspace_checks.uv_lock_markers import Bounds
from workspace_checks.uv_lock_members import Workspace
from workspace_checks.uv_lock_python import Python, bounds_of, intersection
from workspace_checks.uv_lock_requirements import from_table, parse

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


def python_bounds(workspace: Workspace, lock: Lock, found: Drift) -> Bounds:
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


def settings(workspace: Workspace, lock: Lock, python: Bounds, found: Drift) -> None:
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
    # A single one is the default of whoever locked, as a user's own uv.toml may set it: that is no drift.
    if len({package.at for package in lock.packages if package.kind == "registry"}) > 1:
        found.unsure.append(f"{lock.path}: packages of more than one index")
    for key, name in _LISTS.items():
        written = table.get(key, [])
        parsed = [parse(text) for text in toml.strings(written)]
        if not isinstance(written, list) or None in parsed or len(parsed) != len(written):
            found.unsure.append(f"{root.path}: tool.uv.{key}")
            continue
        inner = Drift()
        asked_list = [one for one in parsed if one is not None]
        compare_lists(
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
