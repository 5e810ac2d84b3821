"""A template's parameters: what was given, checked as AWS checks it, and what Ref gives for each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ecs_local.cfn_template import Template, TemplateError
from ecs_local.cfn_values import text_of
from ecs_local.world import Content

_HIDDEN = "****"
_LISTS = ("CommaDelimitedList", "List<")


def given_values(template: Template, given: list[Content], before: Mapping[str, str]) -> dict[str, str]:
    """The text of every parameter, from what a call gave, the stack's earlier values and the defaults.

    Raises `TemplateError` as AWS does. An earlier value counts only where `UsePreviousValue` says so.
    """
    unknown = sorted(one["ParameterKey"] for one in given if one["ParameterKey"] not in template.parameters)
    if unknown:
        raise TemplateError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values: dict[str, str] = {}
    for one in given:
        name = one["ParameterKey"]
        if one.get("UsePreviousValue"):
            if name not in before:
                raise TemplateError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            values[name] = before[name]
        elif "ParameterValue" in one:
            values[name] = one["ParameterValue"]
    for name, spec in template.parameters.items():
        if name not in values and "Default" in spec:
            default = spec["Default"]
            values[name] = ",".join(map(text_of, default)) if isinstance(default, list) else text_of(default)
    missing = [name for name in template.parameters if name not in values]
    if missing:
        raise TemplateError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, spec in template.parameters.items():
        _check(name, spec, values[name])
    return values


def known_values(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    """What Ref gives for each parameter: a text, or a list where the type is one."""
    return {
        name: [one.strip() for one in values[name].split(",")] if _is_list(spec) else values[name]
        for name, spec in template.parameters.items()
    }


def shown(template: Template, values: Mapping[str, str]) -> list[Content]:
    """The parameters as AWS describes them; NoEcho ones are hidden."""
    return [
        {
            "ParameterKey": name,
            "ParameterValue": _HIDDEN if text_of(spec.get("NoEcho", False)) == "true" else values[name],
        }
        for name, spec in template.parameters.items()
    ]


def of_type(template: Template, values: Mapping[str, str], kind: str) -> list[tuple[str, str]]:
    """(parameter, value) of every parameter of an AWS type such as "AWS::EC2::Subnet::Id", lists one by one."""
    return [
        (name, one.strip())
        for name, spec in template.parameters.items()
        if kind in str(spec.get("Type", ""))
        for one in values[name].split(",")
    ]


def _is_list(spec: Content) -> bool:
    return str(spec.get("Type", "")).startswith(_LISTS)


def _check(name: str, spec: Content, value: str) -> None:
    kind = str(spec.get("Type", ""))
    if not kind:
        raise TemplateError(f"Template format error: Every Parameters object must have a Type. ({name})")
    if kind.startswith("AWS::SSM::"):
        raise TemplateError(f"The embedded ECS has no parameters of type {kind}.")
    for one in value.split(",") if _is_list(spec) else [value]:
        _check_one(name, spec, kind, one.strip() if _is_list(spec) else one)


def _check_one(name: str, spec: Content, kind: str, value: str) -> None:
    note = f". {spec['ConstraintDescription']}" if "ConstraintDescription" in spec else ""
    allowed = [text_of(one) for one in spec.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise TemplateError(f"Parameter '{name}' must be one of AllowedValues{note}")
    pattern = spec.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(str(pattern), value):
        raise TemplateError(
            f"Parameter {name} failed to satisfy constraint: must match pattern {pattern}{note}"
        )
    low, high = spec.get("MinLength"), spec.get("MaxLength")
    if (low is not None and len(value) < int(low)) or (high is not None and len(value) > int(high)):
        raise TemplateError(f"Parameter '{name}' must contain between {low or 0} and {high} characters{note}")
    if kind in ("Number", "List<Number>"):
        try:
            number = float(value)
        except ValueError:
            raise TemplateError(f"Parameter '{name}' must be a number.") from None
        if number < float(spec.get("MinValue", "-inf")):
            raise TemplateError(f"Parameter '{name}' must be a number not less than {spec['MinValue']}")
        if number > float(spec.get("MaxValue", "inf")):
            raise TemplateError(f"Parameter '{name}' must be a number not greater than {spec['MaxValue']}")
