"""One verdict over every lock of a tree, from the contents of its files alone: no git, no uv, no network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from workspace_checks import toml
from workspace_checks import uv_lock_members as uv
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import Finding
from workspace_checks.uv_lock_manifest import Known, Manifests, Project, below, parent

if TYPE_CHECKING:
    from workspace_checks import uv_lock

UV_LOCK, PNPM_LOCK, PNPM_WORKSPACE = "uv.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml"
WORKFLOWS = ".github/"


class Case(NamedTuple):
    """What is judged. `before` gives a file at HEAD, to hold a changed lock against the one it came from."""

    contents: Mapping[str, bytes]
    folders: Callable[[str], Collection[str]]
    unmerged: Collection[str] = ()
    special: Collection[str] = ()
    before: Callable[[str], bytes] = lambda _: b""
    known: Known = Known()


class Part:
    """One lock. `stale` are the differences from its manifests, `unsure` what only uv can judge."""

    def __init__(self, lock: str, workspace: uv.Workspace | None = None) -> None:
        self.lock = lock
        self.workspace = workspace
        """The uv workspace behind it; nothing for pnpm."""
        self.stale: list[Finding] = []
        self.unsure: list[str] = []
        self.doubtful: list[Finding] = []
        """What it means where uv finds an unsure one stale."""
        self.readable = True
        """Whether uv could be asked: there is a lock, and it is not in conflict."""


class Judgement:
    """Every lock, and what is wrong beside them: it makes no lock stale."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.beside: list[Finding] = []
        self.patterns: list[str] = []
        """The folders that globs name, as expressions: a verdict depends on them as well."""


def judge(case: Case) -> Judgement:
    """Hold every lock of the case against its manifests."""
    found = Judgement()
    for path in case.unmerged:
        if _name(path) not in (UV_LOCK, PNPM_LOCK):
            raise WorkspaceError(
                f"{path} is not merged yet.",
                "Resolve it, `git add` it and try again; the lock comes after it.",
            )
    _uv(case, found)
    _pnpm(case, found)
    if not found.parts:
        raise WorkspaceError(
            "There is no Python or pnpm project here: no pyproject.toml with [project] and no pnpm-lock.yaml.",
            "Run this in a repository that has one, or add the manifest to what is judged (`git add`).",
        )
    return found


def _uv(case: Case, found: Judgement) -> None:
    locks = [path for path in (*case.contents, *case.unmerged) if _name(path) == UV_LOCK]
    manifests = Manifests(case.contents, case.folders, case.known)
    read = uv.find(manifests, locks)
    for workspace in read.workspaces:
        found.patterns += [workspace.pattern] if workspace.pattern else []
        found.parts.append(_uv_part(case, workspace, found))
    roots = {workspace.lock for workspace in read.workspaces}
    for lock in locks:
        if lock not in roots:
            found.beside.append(
                Finding(
                    lock, 1, "D014", "a lock without its pyproject.toml.", f"git add {_manifest_of(lock)}"
                )
            )
    if not read.workspaces:
        return
    from fnmatch import fnmatchcase

    config = _config(read.workspaces[0].root)
    alone = toml.strings(config.get("standalone"))
    for orphan in read.orphans:
        if not any(fnmatchcase(orphan.folder, glob) for glob in alone):
            found.beside.append(
                Finding(
                    orphan.path, orphan.line("[project]"), "D006",
                    f"{orphan.name or orphan.folder} belongs to no workspace and has no lock of its own.",
                    f"inv deps.add-member --path {quoted(orphan.folder)}",
                )
            )  # fmt: skip


def _uv_part(case: Case, workspace: uv.Workspace, found: Judgement) -> Part:
    from workspace_checks import uv_lock, uv_lock_artefacts, uv_lock_bounds, uv_lock_drift

    root, part = workspace.root, Part(workspace.lock, workspace=workspace)
    found.beside += uv_lock_bounds.bounds(workspace, toml.strings(_config(workspace.root).get("free-bounds")))
    found.beside += [
        Finding(root.path, root.line(f'"{glob}"', "members"), "D004", f"the glob {glob!r} names nothing.")
        for glob in workspace.idle
    ]
    if not _present(case, part, workspace.root.path):
        return part
    known = case.known.get(part.lock) is True  # written as uv writes it, and its artefacts are well
    lock = uv_lock.read(part.lock, case.contents[part.lock], regular=known)
    drift = uv_lock_drift.drift(workspace, lock)
    part.stale, part.unsure, part.doubtful = drift.stale, drift.unsure, drift.doubtful
    beside_root = {below(workspace.root.folder, "uv.toml")} & set(case.contents)
    part.unsure += [f"{path}: settings of its own" for path in beside_root]
    part.unsure += [
        f"{path}: no plain file" for path in case.special if path.endswith(("pyproject.toml", UV_LOCK))
    ]
    if not known:
        trusted = toml.strings(_config(workspace.root).get("artefact-hosts"))
        strangers = uv_lock_artefacts.artefacts(lock, _earlier(case, part.lock), trusted)
        found.beside += strangers
        if lock.regular and not strangers and not trusted:
            case.known.learn(part.lock, True)
    return part


def _earlier(case: Case, path: str) -> uv_lock.Lock | None:
    """The lock at HEAD, where it is another one that can be read."""
    from workspace_checks import uv_lock

    before = case.before(path)
    if not before or before == case.contents[path]:
        return None
    try:
        return uv_lock.read(path, before)
    except WorkspaceError:
        return None


def _pnpm(case: Case, found: Judgement) -> None:
    folders = {
        parent(path)
        for path in (*case.contents, *case.unmerged)
        if _name(path) in (PNPM_LOCK, PNPM_WORKSPACE)
    }
    if not folders:
        return
    from workspace_checks import pnpm_lock, pnpm_lock_members

    for folder in sorted(folders):
        workspace = pnpm_lock_members.find(case.contents, folder)
        part = Part(below(folder, PNPM_LOCK))
        found.parts.append(part)
        if _present(case, part, workspace.path if workspace.text else below(folder, "package.json")):
            part.stale += pnpm_lock.drift(workspace, pnpm_lock.Lock(part.lock, case.contents[part.lock]))
        texts = [(package.path, package.text) for package in workspace.members.values()]
        texts += [(p, toml.text(p, c)) for p, c in case.contents.items() if p.startswith(WORKFLOWS)]
        found.beside += pnpm_lock_members.filters(workspace, texts)
        for glob in workspace.idle:
            line = toml.line_of(workspace.text, glob)
            found.beside.append(Finding(workspace.path, line, "D004", f"the glob {glob!r} names nothing."))
        for orphan in workspace.orphans:
            line = orphan.line('"name"')
            cure = f"Name its folder in {workspace.path}, or drop the file."
            found.beside.append(
                Finding(orphan.path, line, "D006", f"{orphan.name} belongs to no pnpm workspace.", cure)
            )


def _present(case: Case, part: Part, manifest: str) -> bool:
    """Whether there is a lock to be read; a finding where there is none, or two."""
    if part.lock in case.unmerged:
        part.stale.append(Finding(part.lock, 1, "D002", "the merge left it in conflict."))
    elif part.lock not in case.contents:
        part.stale.append(Finding(part.lock, 1, "D001", f"there is no such lock; {manifest} asks for one."))
    elif line := toml.conflict(case.contents[part.lock].decode(errors="replace")):
        part.stale.append(Finding(part.lock, line, "D002", "it bears the marks of a merge conflict."))
    elif not case.contents[part.lock].strip():
        part.stale.append(Finding(part.lock, 1, "D001", f"it is empty; {manifest} asks for a lock."))
    else:
        return True
    part.readable = False
    return False


def _config(root: Project) -> dict[str, Any]:
    """`[tool.workspace-checks]` of the root: `standalone`, `free-bounds`, `artefact-hosts`, `hook`."""
    return toml.table(root.document, "tool", "workspace-checks")


def config(contents: Mapping[str, bytes]) -> dict[str, Any]:
    """The same, from the files of a tree: that of the outermost manifest."""
    content = contents.get("pyproject.toml")
    return toml.table(toml.read("pyproject.toml", content), "tool", "workspace-checks") if content else {}


def quoted(path: str) -> str:
    """The path as a shell takes it."""
    from shlex import quote

    return quote(path)


def _manifest_of(lock: str) -> str:
    return quoted(below(parent(lock), "pyproject.toml"))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
