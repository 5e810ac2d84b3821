"""Reads a CloudFormation template: YAML with the short forms, or JSON, into plain data.

What AWS refuses before it looks at any resource is refused here in its words (`TemplateError`); functions stay as
they were written, `!Ref x` as `{"Ref": "x"}`, until `cfn_values` works them out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ecs_local.world import Content

_LARGEST = 1_000_000  # bytes; AWS takes 51,200 in a request and 1 MB from S3
_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
    "Rules",
}
_MEMBERS = {
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Metadata",
    "CreationPolicy",
    "UpdatePolicy",
}
_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_VERSION = "2010-09-09"
_SUBSTITUTED = re.compile(r"\$\{(!?)([^}]*)\}")


class TemplateError(Exception):
    """The template, or what was given for its parameters, cannot be used; the text is AWS's ValidationError."""


@dataclass(frozen=True)
class Declared:
    """One resource as the template declares it."""

    logical: str
    type: str
    properties: Content
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion: str = "Delete"
    replacement: str = "Delete"


@dataclass(frozen=True)
class Template:
    """A template's sections, by name; functions in them are not worked out yet."""

    description: str
    parameters: Mapping[str, Content]
    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Declared]
    outputs: Mapping[str, Content]


def parse(text: str) -> Template:
    """The template in a text. Raises `TemplateError` as AWS's ValidationError says it."""
    if len(text) > _LARGEST:
        raise TemplateError("1 validation error detected: the template is too large")
    try:
        root = yaml.load(text, _Loader)  # noqa: S506 - a safe loader, of which only the tags are ours
    except yaml.YAMLError as error:
        raise TemplateError(f"Template format error: YAML not well-formed. {_first(error)}") from None
    except RecursionError:
        raise TemplateError("Template format error: the template is nested too deeply.") from None
    if not isinstance(root, dict):
        raise TemplateError("Template format error: unsupported structure.")
    unknown = sorted(set(map(str, root)) - _SECTIONS)
    if unknown:
        raise TemplateError(f"Invalid template property or properties [{', '.join(unknown)}]")
    if root.get("Rules"):
        raise TemplateError("The embedded ECS has no template Rules.")
    if root.get("AWSTemplateFormatVersion", _VERSION) != _VERSION:
        raise TemplateError("Template format error: unsupported value for AWSTemplateFormatVersion.")
    resources = _table(root, "Resources")
    if not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    return Template(
        description=str(root.get("Description", "")),
        parameters={name: _structure(name, one) for name, one in _table(root, "Parameters").items()},
        mappings=_table(root, "Mappings"),
        conditions=_table(root, "Conditions"),
        resources={name: _declared(name, one) for name, one in resources.items()},
        outputs={name: _output(name, one) for name, one in _table(root, "Outputs").items()},
    )


def names_in(value: Any) -> Iterator[str]:
    """The logical names that a value refers to by Ref, Fn::GetAtt or Fn::Sub, taken or not."""
    if isinstance(value, list):
        for item in value:
            yield from names_in(item)
        return
    if not isinstance(value, dict):
        return
    if len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Ref" and isinstance(argument, str):
            yield argument
        elif function == "Fn::GetAtt":
            yield str(argument[0] if isinstance(argument, list) and argument else argument).partition(".")[0]
        elif function == "Fn::Sub":
            yield from _substituted(argument)
    for item in value.values():
        yield from names_in(item)


def _substituted(argument: Any) -> Iterator[str]:
    text, given = argument, {}
    if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
        text, given = argument
    for literal, name in _SUBSTITUTED.findall(text if isinstance(text, str) else ""):
        if not literal and name not in given:
            yield name.partition(".")[0]


def _table(root: Content, name: str) -> Content:
    table = root.get(name) or {}
    if not isinstance(table, dict):
        raise TemplateError(f"Template format error: {name} must be an object.")
    for key in table:
        if not isinstance(key, str) or not _LOGICAL_ID.fullmatch(key):
            raise TemplateError(f"Template format error: {name} name '{key}' is non alphanumeric.")
    return table


def _structure(name: str, value: Any) -> Content:
    if not isinstance(value, dict):
        raise TemplateError(f"Template format error: Every {name} member must be an object.")
    return value


def _output(name: str, value: Any) -> Content:
    if "Value" not in _structure(name, value):
        raise TemplateError(f"Template format error: Output {name} must have a Value.")
    return dict(value)


def _declared(name: str, value: Any) -> Declared:
    body = _structure(name, value)
    if not isinstance(body.get("Type"), str):
        raise TemplateError(
            f"Template format error: [/Resources/{name}] Every Resources object must have a Type."
        )
    unknown = sorted(set(map(str, body)) - _MEMBERS)
    if unknown:
        raise TemplateError(f"Invalid template resource property '{unknown[0]}'")
    after = body.get("DependsOn", [])
    policies = [body.get(member, "Delete") for member in ("DeletionPolicy", "UpdateReplacePolicy")]
    for policy in policies:
        if policy not in _POLICIES:
            raise TemplateError(
                f"Template format error: Unrecognized DeletionPolicy {policy} for resource {name}"
            )
    return Declared(
        logical=name,
        type=body["Type"],
        properties=_structure(f"{name}.Properties", body.get("Properties") or {}),
        depends_on=tuple([after] if isinstance(after, str) else after),
        condition=body.get("Condition"),
        deletion=policies[0],
        replacement=policies[1],
    )


def _first(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    return f"{getattr(error, 'problem', error)}{place}"


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: short forms of functions, dates stay text, no aliases, no name twice.

    (AWS, CloudFormation user guide, "Template formats": aliases, merges and the timestamp tag are not supported.)
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML's types leave it out
            raise yaml.composer.ComposerError(
                None, None, "YAML aliases are not allowed in CloudFormation templates", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, str | int | float | bool) or name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the name {name} stands twice, or is none", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


def _function(loader: _Loader, tag: str, node: Any) -> Content:
    """`!Sub text` -> {"Fn::Sub": "text"}."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
