"""pnpm-lock.yaml against the manifests of its workspace, without pnpm: importers, specifiers and catalogs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workspace_checks import toml, yaml_file
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import Finding
from workspace_checks.pnpm_lock_members import Package, Workspace

LOCK = "pnpm-lock.yaml"
_KINDS = ("dependencies", "devDependencies", "optionalDependencies")


class Lock:
    """The part of the lock before its packages, which is all that a check needs."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.text = toml.text(path, content)
        head = self.text.partition("\npackages:\n")[0]
        document = yaml_file.read(path, head)
        self.document: dict[str, Any] = document if isinstance(document, dict) else {}
        version = str(self.document.get("lockfileVersion", "none"))
        if not version.startswith("9."):
            raise WorkspaceError(
                f"{path}:1: a lock of version {version}; version 9 is known here.",
                "Lock with pnpm 9 or 10 (`pnpm install --lockfile-only`), or update this check.",
            )

    def table(self, *names: str) -> dict[str, Any]:
        """The table at that path, empty where there is none."""
        return toml.table(self.document, *names)

    def line(self, *needles: str) -> int:
        """Where the first of these stands."""
        return toml.line_of(self.text, *needles)


def drift(workspace: Workspace, lock: Lock) -> Iterator[Finding]:
    """Every difference between the manifests and the lock."""
    importers = lock.table("importers")
    for folder, package in workspace.members.items():
        if folder in importers:
            yield from _importer(workspace, package, lock, importers[folder])
        else:
            yield Finding(
                package.path, 1, "D004", f"member {package.name or folder} is no importer of {lock.path}."
            )
    for folder in importers:
        if folder not in workspace.members:
            yield Finding(
                lock.path, lock.line(f"\n  {folder}:", f"\n  '{folder}':") + 1, "D013",
                f"importer {folder} is left over: no package.json of the workspace stands there.",
            )  # fmt: skip
    yield from _catalogs(workspace, lock)
    if workspace.overrides != lock.table("overrides"):
        yield Finding(
            workspace.path, toml.line_of(workspace.text, "overrides"), "D003",
            f"the overrides are not those of {lock.path}.",
        )  # fmt: skip


def _importer(workspace: Workspace, package: Package, lock: Lock, importer: Any) -> Iterator[Finding]:
    asked = package.asked(peers=lock.table("settings").get("autoInstallPeers") is True)
    locked = {
        name: (kind, str(entry.get("specifier")) if isinstance(entry, dict) else str(entry))
        for kind in _KINDS
        for name, entry in toml.table(importer, kind).items()
    }
    for name in sorted({*asked, *locked}):
        line = package.line(f'"{name}"')
        if name not in locked:
            yield Finding(
                package.path,
                line,
                "D003",
                f"{name} {asked[name][1]} was added; {lock.path} has no such entry.",
            )
        elif name not in asked:
            yield Finding(
                package.path, package.line('ependencies"'), "D003",
                f"{name} {locked[name][1]} was removed; it is still in {lock.path}.",
            )  # fmt: skip
        elif asked[name] != locked[name] and locked[name][1] != workspace.overrides.get(name):
            (kind, specifier), (other, has) = asked[name], locked[name]
            place = "" if kind == other else f" in {other}"
            yield Finding(
                package.path, line, "D003", f"{name} {specifier} is asked for; {lock.path} has {has}{place}."
            )
        if name in asked:
            yield from _sources(workspace, package, name, asked[name][1], line)


def _sources(
    workspace: Workspace, package: Package, name: str, specifier: str, line: int
) -> Iterator[Finding]:
    if specifier.startswith("workspace:"):
        target = specifier.removeprefix("workspace:").rpartition("@")[0] or name
        if not target.startswith(".") and target not in {one.name for one in workspace.members.values()}:
            yield Finding(package.path, line, "D007", f"{name} says {specifier}; no member has that name.")
    elif specifier.startswith("catalog:"):
        catalog = specifier.removeprefix("catalog:").strip() or "default"
        if name not in workspace.catalogs.get(catalog, {}):
            yield Finding(
                package.path, line, "D007", f"{name} says {specifier}; that catalog does not have it."
            )


def _catalogs(workspace: Workspace, lock: Lock) -> Iterator[Finding]:
    for catalog, entries in lock.table("catalogs").items():
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            has = str(toml.table({"entry": entry}, "entry").get("specifier"))
            asked = workspace.catalogs.get(catalog, {}).get(name)
            if asked is not None and asked != has:
                yield Finding(
                    workspace.path, toml.line_of(workspace.text, f"{name}:", f"{name}':", f'{name}":'), "D003",
                    f"catalog {catalog} has {name} {asked}; {lock.path} has {has}.",
                )  # fmt: skip
