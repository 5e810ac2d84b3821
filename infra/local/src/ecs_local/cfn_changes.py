"""From one version of a stack to the next: which resources are made, changed, replaced or removed, in which order."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ecs_local.cfn_parameters import known_values
from ecs_local.cfn_records import Change, Resource, Stack, Version
from ecs_local.cfn_template import Declared, Template, TemplateError, names_in
from ecs_local.cfn_values import Scope, evaluate, holds, taken
from ecs_local.world import Content

Replaces = Callable[[str, str], bool]
"""(type, property) -> whether a change of it makes a new resource."""

_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


def scope_of(version: Version, pseudo: Mapping[str, Any], zones: tuple[str, ...]) -> Scope:
    """What functions of a version may refer to before any resource is known."""
    template = version.template
    values = {**known_values(template, version.parameters), **pseudo}
    return Scope(values, template.mappings, template.conditions, zones=zones)


def ordered(template: Template, scope: Scope) -> dict[str, tuple[str, ...]]:
    """The resources whose conditions hold, each after those that it depends on, with these.

    Raises `TemplateError` for a reference to nothing and for circles.
    """
    there = {name: one for name, one in template.resources.items() if _holds(one.condition, scope)}
    needs = {name: _needs(one, template, there, scope) for name, one in there.items()}
    for output in template.outputs.values():
        if _holds(output.get("Condition"), scope):
            _refer(taken(output["Value"], scope), template, there, scope)
    result: dict[str, tuple[str, ...]] = {}
    while len(result) < len(needs):
        ready = [
            name
            for name, after in needs.items()
            if name not in result and all(one in result for one in after)
        ]
        if not ready:
            circle = ", ".join(sorted(set(needs) - set(result)))
            raise TemplateError(f"Circular dependency between resources: [{circle}]")
        result |= {name: needs[name] for name in ready}
    return result


def changes(stack: Stack, to: Version, scope: Scope, replaces: Replaces) -> list[Change]:
    """What bringing the stack to another version would do, in the order in which it would be done."""
    after = ordered(to.template, scope)
    found: list[Change] = []
    refs: dict[str, str] = {}
    attributes: dict[str, Mapping[str, Any]] = {}
    for logical in after:
        declared, old = to.template.resources[logical], stack.resources.get(logical)
        local = replace(scope, refs=refs, attributes=attributes)
        if old is None:
            found.append(Change("Add", logical, declared.type))
        elif old.type != declared.type:
            raise TemplateError(
                f"Update of resource type is not permitted. The new template modifies resource type of the "
                f"following resources: [{logical}]"
            )
        elif (change := _change(stack, to, old, declared, local, replaces)) is not None:
            found.append(change)
        if old is None or (found and found[-1].logical == logical and found[-1].replacement == "True"):
            refs[logical] = f"{_LATER}{logical}"
            attributes[logical] = _Later(logical)
        else:
            refs[logical], attributes[logical] = old.made.reference, old.made.attributes
    for logical, old in reversed(stack.resources.items()):
        if logical not in after:
            found.append(Change("Remove", logical, old.type, old.made.physical, policy=old.deletion))
    return found


def outputs(version: Version, scope: Scope) -> list[Content]:
    """The outputs whose conditions hold, as AWS describes them."""
    shown = []
    for name, declared in version.template.outputs.items():
        if not _holds(declared.get("Condition"), scope):
            continue
        output: Content = {"OutputKey": name, "OutputValue": str(evaluate(declared["Value"], scope))}
        if "Description" in declared:
            output["Description"] = declared["Description"]
        if "Export" in declared:
            output["ExportName"] = evaluate(declared["Export"]["Name"], scope)
        shown.append(output)
    return shown


class _Later(dict[str, Any]):
    """The attributes of a resource that is yet to be made: each has a value, known later."""

    def __init__(self, logical: str) -> None:
        super().__init__()
        self._logical = logical

    def __contains__(self, attribute: object) -> bool:
        return True

    def __getitem__(self, attribute: str) -> str:
        return f"{_LATER}{self._logical}.{attribute}"


def _change(
    stack: Stack, to: Version, old: Resource, declared: Declared, scope: Scope, replaces: Replaces
) -> Change | None:
    new = evaluate(declared.properties, scope)
    names = [name for name in {**old.properties, **new} if old.properties.get(name) != new.get(name)]
    if not names:
        return None
    details, verdict = [], "False"
    for name in names:
        later = _LATER in json.dumps(new.get(name), default=str)
        recreates = replaces(old.type, name)
        if recreates:
            verdict = "True"
        details.append(
            _detail(name, old.properties.get(name), new.get(name), "Always" if recreates else "Never", later)
            | _cause(stack, to, old.logical, name, scope)
        )
    return Change(
        "Modify",
        old.logical,
        old.type,
        old.made.physical,
        verdict,
        declared.replacement if verdict == "True" else "",
        tuple(details),
        ("Properties",),
    )


def _detail(name: str, before: Any, after: Any, recreation: str, later: bool) -> Content:
    kind = "Add" if before is None else "Remove" if after is None else "Modify"
    target: Content = {
        "Attribute": "Properties",
        "Name": name,
        "RequiresRecreation": recreation,
        "Path": f"/Properties/{name}",
        "AttributeChangeType": kind,
    }
    if before is not None:
        target["BeforeValue"] = _written(before)
    if after is not None:
        target["AfterValue"] = _written(after)
    return {"Target": target, "Evaluation": "Dynamic" if later else "Static"}


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _cause(stack: Stack, to: Version, logical: str, name: str, scope: Scope) -> Content:
    """Who brought the change about: a parameter, another resource, or the template itself."""
    assert stack.version is not None
    declared = to.template.resources[logical].properties.get(name)
    before = stack.version.template.resources[logical].properties.get(name)
    if declared != before:
        return {"ChangeSource": "DirectModification"}
    asked = [name for one in _conditions_in(declared) for name in _parameters_of(one, to.template)]
    meant = list(dict.fromkeys([*names_in(taken(declared, scope)), *asked]))
    for one in meant:
        if to.parameters.get(one) != stack.version.parameters.get(one):
            return {"ChangeSource": "ParameterReference", "CausingEntity": one}
    for one in meant:
        if one in to.template.resources:
            return {"ChangeSource": "ResourceReference", "CausingEntity": one}
    return {"ChangeSource": "DirectModification"}


def _conditions_in(value: Any) -> list[str]:
    """The names of the conditions that a value or another condition asks."""
    if isinstance(value, list):
        return [name for item in value for name in _conditions_in(item)]
    if not isinstance(value, dict):
        return []
    found = [name for item in value.values() for name in _conditions_in(item)]
    if isinstance(value.get("Condition"), str):
        found.append(value["Condition"])
    branches = value.get("Fn::If")
    return [str(branches[0]), *found] if isinstance(branches, list) and branches else found


def _parameters_of(condition: str, template: Template) -> list[str]:
    """What a condition refers to, by way of other conditions too."""
    declared = template.conditions.get(condition)
    others = [name for one in _conditions_in(declared) for name in _parameters_of(one, template)]
    return [*names_in(declared), *others]


def _holds(condition: Any, scope: Scope) -> bool:
    return condition is None or holds(str(condition), scope)


def _needs(
    declared: Declared, template: Template, there: Mapping[str, Declared], scope: Scope
) -> tuple[str, ...]:
    found = _refer(taken(declared.properties, scope), template, there, scope)
    for name in declared.depends_on:
        if name not in template.resources:
            raise _unresolved(name)
        if name in there:
            found.append(name)
    return tuple(dict.fromkeys(found))


def _refer(value: Any, template: Template, there: Mapping[str, Declared], scope: Scope) -> list[str]:
    """The resources that a value refers to; what is neither resource nor parameter is refused."""
    found = []
    for name in names_in(value):
        if name in there:
            found.append(name)
        elif name in template.resources or (name not in scope.values and name != "AWS::NoValue"):
            raise _unresolved(name)
    return found


def _unresolved(name: str) -> TemplateError:
    return TemplateError(
        f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
    )
