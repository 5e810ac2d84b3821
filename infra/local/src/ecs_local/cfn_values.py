"""Works a template's functions out: Ref, Fn::GetAtt, Fn::Sub, conditions and the rest, over known values."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_local.cfn_template import TemplateError

_HOLE = re.compile(r"\$\{(!?)([^}]*)\}")


class _NoValue:
    """What AWS::NoValue means: the member that holds it is not there."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()


@dataclass(frozen=True)
class Scope:
    """Everything that a function may refer to.

    `values`: parameters and pseudo parameters, lists where the type is one. `refs` and `attributes`: what is known
    of the resources. `verdicts` remembers conditions that were worked out.
    """

    values: Mapping[str, Any]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    verdicts: dict[str, bool] = field(default_factory=dict)


def evaluate(value: Any, scope: Scope) -> Any:
    """The value with every function worked out; members that are AWS::NoValue are gone."""
    if isinstance(value, list):
        worked = [evaluate(item, scope) for item in value]
        return [item for item in worked if item is not NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return _ref(_text(name, argument), scope)
        if isinstance(name, str) and name.startswith("Fn::"):
            return _function(name)(argument, scope)
    members = {key: evaluate(item, scope) for key, item in value.items()}
    return {key: item for key, item in members.items() if item is not NO_VALUE}


def holds(name: str, scope: Scope, asking: tuple[str, ...] = ()) -> bool:
    """Whether the condition of that name holds."""
    if name in scope.verdicts:
        return scope.verdicts[name]
    if name not in scope.conditions:
        raise TemplateError(
            f"Template format error: Unresolved condition dependency {name} in the Conditions block"
        )
    if name in asking:
        raise TemplateError(f"Template format error: Circular dependencies for condition {name}.")
    scope.verdicts[name] = _verdict(scope.conditions[name], scope, (*asking, name))
    return scope.verdicts[name]


def taken(value: Any, scope: Scope) -> Any:
    """The value with only the branches of Fn::If that are taken, other functions as they are."""
    if isinstance(value, list):
        return [taken(item, scope) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::If"}:
        name, yes, no = _arguments("Fn::If", value["Fn::If"], 3)
        return taken(yes if holds(_text("Fn::If", name), scope) else no, scope)
    return {key: taken(item, scope) for key, item in value.items()}


def text_of(value: Any) -> str:
    """A scalar as CloudFormation writes it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        raise TemplateError("Template error: every Fn::Join and Fn::Sub object requires strings")
    return str(value)


def _verdict(value: Any, scope: Scope, asking: tuple[str, ...]) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        raise TemplateError("Template format error: Conditions can only be boolean operations on parameters")
    ((name, argument),) = value.items()
    if name == "Condition":
        return holds(_text(name, argument), scope, asking)
    if name == "Fn::Equals":
        left, right = (evaluate(one, scope) for one in _arguments(name, argument, 2))
        return bool(_comparable(left) == _comparable(right))
    if name == "Fn::Not":
        (inner,) = _arguments(name, argument, 1)
        return not _verdict(inner, scope, asking)
    if name in ("Fn::And", "Fn::Or"):
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise TemplateError(
                f"Template validation error: every {name} object requires a list of 2 to 10 conditions"
            )
        verdicts = [_verdict(one, scope, asking) for one in argument]
        return all(verdicts) if name == "Fn::And" else any(verdicts)
    raise TemplateError("Template format error: Conditions can only be boolean operations on parameters")


def _comparable(value: Any) -> Any:
    return value if isinstance(value, list | dict) else text_of(value)


def _ref(name: str, scope: Scope) -> Any:
    if name == "AWS::NoValue":
        return NO_VALUE
    if name in scope.values:
        return scope.values[name]
    if name in scope.refs:
        return scope.refs[name]
    raise _unresolved(name)


def _get_att(argument: Any, scope: Scope) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    logical, wanted = _arguments("Fn::GetAtt", parts, 2)
    attribute = text_of(evaluate(wanted, scope))
    if logical not in scope.attributes:
        raise _unresolved(str(logical))
    if attribute not in scope.attributes[logical]:
        raise TemplateError(
            f"Template error: resource {logical} does not support attribute type {attribute} in Fn::GetAtt"
        )
    return scope.attributes[logical][attribute]


def _sub(argument: Any, scope: Scope) -> str:
    text, given = argument, {}
    if isinstance(argument, list):
        text, given = _arguments("Fn::Sub", argument, 2)
    local = {name: evaluate(one, scope) for name, one in given.items()}

    def fill(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        if name in local:
            return text_of(local[name])
        found = _get_att(name, scope) if "." in name else _ref(name, scope)
        return text_of(found)

    return _HOLE.sub(fill, _text("Fn::Sub", text))


def _join(argument: Any, scope: Scope) -> str:
    delimiter, items = _arguments("Fn::Join", argument, 2)
    found = evaluate(items, scope)
    if not isinstance(found, list):
        raise TemplateError(
            "Template error: every Fn::Join object requires two parameters, a string and a list"
        )
    return _text("Fn::Join", delimiter).join(map(text_of, found))


def _split(argument: Any, scope: Scope) -> list[str]:
    delimiter, whole = _arguments("Fn::Split", argument, 2)
    return _text("Fn::Split", evaluate(whole, scope)).split(_text("Fn::Split", delimiter))


def _select(argument: Any, scope: Scope) -> Any:
    place, items = _arguments("Fn::Select", argument, 2)
    found = evaluate(items, scope)
    try:
        index = int(text_of(evaluate(place, scope)))
        if not isinstance(found, list) or index < 0:
            raise IndexError
        return found[index]
    except (ValueError, IndexError):
        raise TemplateError(
            "Template error: Fn::Select cannot select nonexistent value at that index"
        ) from None


def _if(argument: Any, scope: Scope) -> Any:
    name, yes, no = _arguments("Fn::If", argument, 3)
    return evaluate(yes if holds(_text("Fn::If", name), scope) else no, scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:
    found: Any = scope.mappings
    for part in _arguments("Fn::FindInMap", argument, 3):
        key = text_of(evaluate(part, scope))
        table = {text_of(one): item for one, item in found.items()} if isinstance(found, dict) else {}
        if key not in table:
            raise TemplateError(f"Template error: Unable to get mapping for {json.dumps(argument)}")
        found = table[key]
    return found


def _base64(argument: Any, scope: Scope) -> str:
    return base64.b64encode(text_of(evaluate(argument, scope)).encode()).decode()


def _cidr(argument: Any, scope: Scope) -> list[str]:
    """Blocks of a network, each of so many bits for its addresses."""
    block, count, bits = (text_of(evaluate(one, scope)) for one in _arguments("Fn::Cidr", argument, 3))
    try:
        found = ipaddress.ip_network(block).subnets(new_prefix=32 - int(bits))
        return [str(one) for one, _ in zip(found, range(int(count)), strict=False)]
    except ValueError as error:
        raise TemplateError(f"Template error: Fn::Cidr cannot divide {block}: {error}") from None


def _get_azs(argument: Any, scope: Scope) -> list[str]:
    evaluate(argument, scope)  # the region; there is only this one
    return list(scope.zones)


def _condition_only(_argument: Any, _scope: Scope) -> Any:
    raise TemplateError("Template validation error: boolean functions belong in the Conditions block")


_FUNCTIONS: dict[str, Callable[[Any, Scope], Any]] = {
    "Fn::And": _condition_only,
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::Equals": _condition_only,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _get_azs,
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::Join": _join,
    "Fn::Not": _condition_only,
    "Fn::Or": _condition_only,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
}


def _function(name: str) -> Callable[[Any, Scope], Any]:
    try:
        return _FUNCTIONS[name]
    except KeyError:
        raise TemplateError(f"The embedded ECS has no function {name}.") from None


def _arguments(name: str, value: Any, count: int) -> list[Any]:
    if not isinstance(value, list) or len(value) != count:
        raise TemplateError(f"Template error: every {name} object requires a list of {count} arguments")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TemplateError(f"Template error: {name} requires a string")
    return value


def _unresolved(name: str) -> TemplateError:
    return TemplateError(
        f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
    )
