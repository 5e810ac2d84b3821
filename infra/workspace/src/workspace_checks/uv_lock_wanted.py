"""What uv would write into the lock about a member: its requirements, extras, groups and kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workspace_checks import toml
from workspace_checks.findings import Finding
from workspace_checks.uv_lock_manifest import Project
from workspace_checks.uv_lock_members import Workspace
from workspace_checks.uv_lock_requirements import Requirement, name_of, parse, with_extra


class Wanted:
    """One member as its manifest has it. `wrong` is what uv refuses, `unsure` what only uv can judge."""

    def __init__(self) -> None:
        self.requirements: list[Requirement] = []
        self.extras: set[str] = set()
        self.groups: dict[str, list[Requirement]] = {}
        self.built = False
        """Whether uv asks the build backend where the manifest is not what the lock has."""
        self.wrong: list[Finding] = []
        self.unsure: list[str] = []


def wanted(workspace: Workspace, member: Project) -> Wanted:
    """What the manifest of this member asks for."""
    found = Wanted()
    project = member.project
    dynamic = {"version", "dependencies", "optional-dependencies"} & set(toml.strings(project.get("dynamic")))
    found.built = bool(dynamic)
    found.unsure += [f"{member.path}: dynamic {name}" for name in sorted(dynamic - {"version"})]
    found.requirements += _read(workspace, member, project.get("dependencies", []), "dependencies", found)
    optional = project.get("optional-dependencies", {})
    for extra, listed in optional.items() if isinstance(optional, dict) else ():
        if name_of(extra) in found.extras:
            found.unsure.append(f"{member.path}: extra {extra} is declared twice")
        found.extras.add(name_of(extra))
        for one in _read(workspace, member, listed, f"extra {extra}", found):
            found.requirements.append(with_extra(one, extra))
    _groups(workspace, member, found)
    return found


def _read(
    workspace: Workspace, member: Project, listed: Any, where: str, found: Wanted
) -> Iterator[Requirement]:
    """The requirements of one list, with members found through their sources."""
    if not isinstance(listed, list):
        found.unsure.append(f"{member.path}: {where} is no list")
        return
    for text in listed:
        one = parse(text) if isinstance(text, str) else None
        if one is None:
            found.unsure.append(f"{member.path}: {text!r} in {where}")
        else:
            yield _sourced(workspace, member, one, found)


def _sourced(workspace: Workspace, member: Project, one: Requirement, found: Wanted) -> Requirement:
    source = member.sources.get(one.name, workspace.root.sources.get(one.name))
    if source is None:
        if one.name in workspace.by_name and one.name != member.name:
            found.wrong.append(
                Finding(
                    member.path,
                    member.line(f'"{one.text}"', one.text),
                    "D007",
                    f"{one.name} is a member of this workspace and has no source: add "
                    f"`{one.name} = {{ workspace = true }}` to [tool.uv.sources].",
                )
            )
        return one
    if (
        not isinstance(source, dict)
        or source.get("workspace") is not True
        or set(source) - {"workspace", "editable"}
    ):
        found.unsure.append(f"{member.path}: the source of {one.name}")
        return one._replace(odd="its source")
    if one.name not in workspace.by_name:
        found.wrong.append(
            Finding(
                member.path,
                member.line(f"{one.name} =", one.name),
                "D007",
                f"the source of {one.name} says `workspace = true`; no member has that name.",
            )
        )
        return one._replace(odd="its source")
    other = workspace.by_name[one.name]
    if not workspace.kinds[one.name]:
        return one._replace(odd="its sources, which differ")
    return one._replace(bounds="", local=f"{workspace.kinds[one.name]} {workspace.at(other)}")


def _groups(workspace: Workspace, member: Project, found: Wanted) -> None:
    written = member.document.get("dependency-groups", {})
    table: dict[str, Any] = {}
    for name, listed in written.items() if isinstance(written, dict) else ():
        if name_of(name) in table:
            line = member.line(f"{name} =")
            found.wrong.append(
                Finding(member.path, line, "D003", f"group {name} is declared twice: uv refuses it.")
            )
        table[name_of(name)] = listed
    legacy = member.uv.get("dev-dependencies")
    if legacy is not None:
        table["dev"] = [*table.get("dev", []), *(legacy if isinstance(legacy, list) else [])]
    if "dependency-groups" in member.uv:
        found.unsure.append(f"{member.path}: tool.uv.dependency-groups")
    for name in table:
        listed = _expanded(member, table, name, (), found)
        found.groups[name] = list(_read(workspace, member, listed, f"group {name}", found))


def _expanded(
    member: Project, table: Mapping[str, Any], name: str, above: tuple[str, ...], found: Wanted
) -> list[Any]:
    """A group with those it includes put in their place."""
    if name in above or name not in table or not isinstance(table[name], list):
        found.unsure.append(f"{member.path}: the group {name}")
        return []
    listed: list[Any] = []
    for item in table[name]:
        if (
            isinstance(item, dict)
            and set(item) == {"include-group"}
            and isinstance(item["include-group"], str)
        ):
            listed += _expanded(member, table, name_of(item["include-group"]), (*above, name), found)
        else:
            listed.append(item)
    return listed
