"""Bounds that differ between the members of a workspace: uv has no catalog, so nobody else says it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from workspace_checks import toml
from workspace_checks.findings import Finding
from workspace_checks.uv_lock_manifest import Project
from workspace_checks.uv_lock_members import Workspace
from workspace_checks.uv_lock_requirements import Requirement, parse


def bounds(workspace: Workspace, free: Collection[str] = ()) -> Iterator[Finding]:
    """One finding for each mention that differs from the most frequent one; no bounds at all differ from none."""
    seen: dict[str, list[tuple[Project, Requirement]]] = {}
    for member in workspace.members:
        for one in _mentions(member):
            if one.bounds and not one.odd and one.name not in free and one.name not in workspace.by_name:
                seen.setdefault(one.name, []).append((member, one))
    for name, mentions in sorted(seen.items()):
        spelled = [one.bounds for _, one in mentions]
        if len(set(spelled)) == 1:
            continue
        usual = max(dict.fromkeys(spelled), key=spelled.count)
        usual_at = next(member.path for member, one in mentions if one.bounds == usual)
        for member, one in mentions:
            if one.bounds != usual and not one.marker:
                yield Finding(
                    member.path, member.line(f'"{one.text}"', f"'{one.text}'", one.text), "D012",
                    f"{name} is bound by {one.bounds} here and by {usual} in {usual_at}.",
                    f"inv deps.align --name {name}",
                )  # fmt: skip


def _mentions(member: Project) -> Iterator[Requirement]:
    lists = [member.project.get("dependencies")]
    lists += toml.table(member.project, "optional-dependencies").values()
    lists += toml.table(member.document, "dependency-groups").values()
    for listed in lists:
        for text in toml.strings(listed):
            one = parse(text)
            if one is not None:
                yield one
