"""What lies in the work tree and will not be committed: a member Git does not know, a lock or manifest left behind."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import PurePosixPath

from workspace_checks import git, judge, toml, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.findings import Finding
from workspace_checks.judge import Case, Judgement, quoted
from workspace_checks.tree import INDEX, WORKTREE, Tree
from workspace_checks.uv_lock_manifest import MANIFEST, Known, Manifests, below
from workspace_checks.uv_lock_requirements import name_of

_MANIFESTS = (MANIFEST, "package.json", "pnpm-workspace.yaml")
_LOCKS = (judge.UV_LOCK, judge.PNPM_LOCK)


def with_ignored(loaded: Tree, case: Case) -> tuple[Case, list[str]]:
    """The case of a work tree with the manifests that Git ignores and uv takes for members; their paths."""
    found = _on_disk(loaded, case)
    if not found:
        return case, []
    more = b"".join(path.encode(errors="surrogateescape") + b"\0" for path in found)
    seen = loaded._replace(names=loaded.names + more)
    contents = {**case.contents, **found}
    return case._replace(contents=contents, folders=partial(tree.folders, seen)), sorted(found)


def untracked(loaded: Tree, case: Case, judged: Judgement, ignored: Collection[str]) -> Iterator[Finding]:
    """Members that a clone would not have: in the work tree, or listed by the lock and only there."""
    members = {m.path: m for part in judged.parts if part.workspace for m in part.workspace.members}
    for path, member in sorted(members.items()):
        if path in ignored:
            yield Finding(
                path, 1, "D005", f"member {member.name} is ignored by Git.", f"git add -f {quoted(path)}"
            )
        elif path in loaded.untracked:
            yield Finding(
                path, 1, "D005", f"member {member.name} is not tracked by Git.", f"git add {quoted(path)}"
            )
    if loaded.source == WORKTREE:
        return
    names = {member.name for member in members.values()}
    for part in judged.parts:
        if part.workspace and part.readable:
            text = case.contents[part.lock].decode(errors="replace")
            for path, content in _on_disk(loaded, case).items():
                name = _name(path, content)
                if name and name not in names and f'name = "{name}"\n' in text:
                    known = (
                        git.attempt(loaded.place.root, "check-ignore", "--quiet", "--", path).returncode == 0
                    )
                    yield Finding(
                        path, 1, "D005",
                        f"member {name} is in {part.lock}, and its manifest is "
                        f"{'ignored by Git' if known else 'not staged'}.",
                        f"git add {'-f ' if known else ''}{quoted(path)}",
                    )  # fmt: skip


def left_behind(loaded: Tree, case: Case) -> Iterator[Finding]:
    """Why what is staged is stale though the work tree is not: the lock, or a manifest, was not staged with it."""
    if loaded.source != INDEX:
        return
    disk = tree.load(loaded.place, WORKTREE)
    there = tree.read(disk, disk.ids)
    for names, what in ((_LOCKS, "the lock"), (_MANIFESTS, "the manifest")):
        differing = [
            path
            for path in sorted({*there, *case.contents})
            if PurePosixPath(path).name in names and there.get(path) != case.contents.get(path)
        ]
        if not differing:
            continue
        contents = {p: c for p, c in case.contents.items() if p not in differing}
        contents.update({path: there[path] for path in differing if path in there})
        seen = loaded._replace(
            names=loaded.names + b"".join(p.encode() + b"\0" for p in differing if p in there)
        )
        mixed = case._replace(
            contents=contents, known=Known(), unmerged=(), folders=partial(tree.folders, seen)
        )
        if _is_fresh(mixed):
            for path in differing:
                yield Finding(
                    path, 1, "D014",
                    f"{what} in the work tree fits what is staged, and is not staged itself.",
                    f"git add {quoted(path)}",
                )  # fmt: skip
            return


def _is_fresh(case: Case) -> bool:
    try:
        return not any(part.stale or part.unsure for part in judge.judge(case).parts)
    except WorkspaceError:
        return False


def _on_disk(loaded: Tree, case: Case) -> dict[str, bytes]:
    """The manifests in the work tree that the globs of its top manifest name, less those that are known."""
    content = loaded.contents.get(MANIFEST) or tree.read_file(loaded.place.root, MANIFEST)
    if content is None:
        return {}
    if content == case.contents.get(MANIFEST):
        document = Manifests(case.contents, case.folders, case.known).get(MANIFEST).document
    else:
        document = toml.read(MANIFEST, content)
    globs = toml.strings(toml.table(document, "tool", "uv", "workspace").get("members"))
    found: dict[str, bytes] = {}
    for glob in globs:
        if not (glob.startswith("/") or ".." in glob.split("/") or "**" in glob):  # else only uv knows
            for path in _globbed(
                str(loaded.place.root), below(glob.removeprefix("./").rstrip("/"), MANIFEST)
            ):
                read = None if path in case.contents else tree.read_file(loaded.place.root, path)
                if read is not None:
                    found[path] = read
    return found


def _globbed(root: str, pattern: str) -> list[str]:
    import glob

    return [path.replace("\\", "/") for path in glob.glob(pattern, root_dir=root, include_hidden=True)]  # noqa: PTH207


def _name(path: str, content: bytes) -> str:
    try:
        name = toml.table(toml.read(path, content), "project").get("name")
    except WorkspaceError:
        return ""
    return name_of(name) if isinstance(name, str) else ""
