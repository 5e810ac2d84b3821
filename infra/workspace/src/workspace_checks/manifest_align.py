"""Gives a dependency one bound in every member of the workspace: `deps.align --name`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workspace_checks import manifest, toml, tree
from workspace_checks.errors import WorkspaceError
from workspace_checks.uv_lock_requirements import name_of

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet


@dataclass(frozen=True)
class _Ask:
    """One place that asks for the dependency."""

    path: str
    line: int
    entries: Any  # the tomlkit array that it is an entry of
    index: int
    requirement: Requirement


def align(root: Path, name: str, bound: str = "", *, dry: bool = False) -> list[str]:
    """Write one bound for `name` wherever a member asks for it; what was changed, a line each.

    Without `bound` it is what all of them allow together, which is what uv resolves to anyway: nothing that is
    installed changes. Requirements with a marker are compared with those of the same marker; a URL is left alone.
    `dry` writes nothing.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    wanted = name_of(name)
    try:
        given = SpecifierSet(bound) if bound else None
    except InvalidSpecifier:
        raise WorkspaceError(f"--bound {bound} is no bound.", 'Write it as ">=1.2,<2".') from None
    workspace = manifest.workspace(root)
    top = tree.repository(root)
    paths = sorted({workspace.root.path, *(member.path for member in workspace.members)})
    documents = {path: manifest.load(top / path, path) for path in paths}
    asks = [ask for path, document in documents.items() for ask in _asks(path, document, top / path, wanted)]
    if not asks:
        raise WorkspaceError(
            f"No member of the workspace asks for {name}.", "Look for its name in their manifests."
        )
    said = []
    for marker in dict.fromkeys(str(ask.requirement.marker or "") for ask in asks):
        alike = [ask for ask in asks if str(ask.requirement.marker or "") == marker]
        said += list(_write(alike, given if given is not None else _together(name, alike)))
    for path, document in documents.items() if not dry else ():
        manifest.save(top / path, document)
    return said


def _asks(path: str, document: Any, file: Path, name: str) -> Iterator[_Ask]:
    from packaging.requirements import InvalidRequirement, Requirement

    text = file.read_text(encoding="utf-8")
    project = toml.table(document, "project")
    arrays = [project.get("dependencies"), *toml.table(project, "optional-dependencies").values()]
    arrays += toml.table(document, "dependency-groups").values()
    for entries in arrays:
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if not isinstance(entry, str):
                continue
            try:
                requirement = Requirement(str(entry))
            except InvalidRequirement:
                continue  # deps.check names it
            if name_of(requirement.name) == name and not requirement.url:
                yield _Ask(path, toml.line_of(text, str(entry)), entries, index, requirement)


def _together(name: str, asks: list[_Ask]) -> SpecifierSet:
    """What all of them allow, as short as it can be said; refused where that is nothing."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    clauses = list(dict.fromkeys(clause for ask in asks for clause in ask.requirement.specifier))
    kept = [clause for clause in clauses if clause.operator not in {">=", ">", "<", "<="}]
    lower = [clause for clause in clauses if clause.operator in {">=", ">"}]
    upper = [clause for clause in clauses if clause.operator in {"<", "<="}]
    if lower:
        kept.append(max(lower, key=lambda clause: (Version(clause.version), clause.operator == ">")))
    if upper:
        kept.append(min(upper, key=lambda clause: (Version(clause.version), clause.operator == "<=")))
    found = SpecifierSet(",".join(str(clause) for clause in kept))
    if _empty(found):
        said = "; ".join(f"{ask.path}:{ask.line} says {ask.requirement.specifier}" for ask in asks)
        raise WorkspaceError(
            f"No version of {name} fits every member: {said}.",
            'Say which it is to be, as in --bound ">=1.2,<2".',
        )
    return found


def _empty(found: SpecifierSet) -> bool:
    """Whether the clauses exclude each other: then they exclude where each begins, and what follows at once."""
    begins = [
        clause.version.removesuffix(".*") for clause in found if clause.operator not in {"<", "<=", "!="}
    ]
    tried = [version for begin in begins for version in (begin, f"{begin}.0.0.1")]
    return bool(tried) and not any(found.contains(version, prereleases=True) for version in tried)


def _write(asks: list[_Ask], bound: SpecifierSet) -> Iterator[str]:
    """Only where the bound is another one: how somebody spelled the same one is left as it is."""
    for ask in asks:
        if ask.requirement.specifier == bound:
            continue
        before = spelled(ask.requirement.specifier) or "any version"
        extras = f"[{','.join(sorted(ask.requirement.extras))}]" if ask.requirement.extras else ""
        marker = f"; {ask.requirement.marker}" if ask.requirement.marker else ""
        ask.entries[ask.index] = f"{ask.requirement.name}{extras}{spelled(bound)}{marker}"
        yield f"{ask.path}:{ask.line}: {ask.requirement.name} {before} is {spelled(bound) or 'any version'} now"


def spelled(bound: SpecifierSet) -> str:
    """As people write it: from the lower bound to the upper."""
    order = (">=", ">", "~=", "==", "===", "!=", "<", "<=")
    return ",".join(
        str(clause) for clause in sorted(bound, key=lambda one: (order.index(one.operator), one.version))
    )
