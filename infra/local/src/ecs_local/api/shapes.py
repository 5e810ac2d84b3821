"""Reads what a client sent into the types of botocore's model and checks it as the service would."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from ecs_local.api.errors import AwsError

_INTEGERS = ("integer", "long")
_FLOATS = ("float", "double")


def decode_json(shape: Shape, value: Any, path: str = "") -> Any:
    """A JSON value as the shape's Python type; timestamps stay seconds since the epoch.

    Members that the model does not know are left out, as AWS's JSON services do. A value of another type is
    a SerializationException.
    """
    if isinstance(shape, StructureShape):
        _expect(isinstance(value, dict), path, "structure")
        return {
            name: decode_json(shape.members[name], item, _join(path, name))
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if isinstance(shape, ListShape):
        _expect(isinstance(value, list), path, "list")
        return [decode_json(shape.member, item, f"{path}[{n}]") for n, item in enumerate(value)]
    if isinstance(shape, MapShape):
        _expect(isinstance(value, dict), path, "map")
        return {key: decode_json(shape.value, item, _join(path, key)) for key, item in value.items()}
    return _scalar(shape, value, path)


def decode_query(shape: Shape, form: Mapping[str, str], prefix: str = "") -> Any:
    """The part of a Query form below `prefix` as the shape's Python type; None where the form has nothing."""
    if isinstance(shape, StructureShape):
        found = {
            name: decode_query(member, form, _join(prefix, member.serialization.get("name", name)))
            for name, member in shape.members.items()
        }
        found = {name: item for name, item in found.items() if item is not None}
        return found if found or not prefix else None
    if isinstance(shape, ListShape):
        if form.get(prefix) == "":
            return []  # botocore writes an empty list so
        base = prefix if shape.serialization.get("flattened") else f"{prefix}.member"
        found_items: list[Any] = []
        while (item := decode_query(shape.member, form, f"{base}.{len(found_items) + 1}")) is not None:
            found_items.append(item)
        return found_items or None
    if isinstance(shape, MapShape):
        if not any(name.startswith(f"{prefix}.") for name in form):
            return None
        raise AwsError("ValidationError", f"{prefix}: maps are not part of this service's input")
    return None if (text := form.get(prefix)) is None else _text(shape, text, prefix)


def problems(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """What is wrong with a decoded input, in the words of AWS's validators ("Value at 'x' failed ...")."""
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if name not in value:
                yield _failed("null", _join(path, name), "Member must not be null")
        for name, item in value.items():
            yield from problems(shape.members[name], item, _join(path, name))
    elif isinstance(shape, ListShape):
        yield from _length(shape, value, path, len(value))
        for n, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}.{n + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _length(shape, value, path, len(value))
        for key, item in value.items():
            yield from problems(shape.value, item, _join(path, key))
    else:
        yield from _scalar_problems(shape, value, path)


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name in _INTEGERS + _FLOATS:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _failed(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _failed(value, path, f"Member must have value less than or equal to {high}")
    elif shape.type_name == "string":
        yield from _length(shape, value, path, len(value))
        choices = shape.metadata.get("enum")
        if choices and value not in choices:
            yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(choices)}]")
        pattern = shape.metadata.get("pattern")
        if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
            yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, path: str, length: int) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield _failed(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        yield _failed(value, path, f"Member must have length less than or equal to {high}")


def _failed(value: Any, path: str, rule: str) -> str:
    shown = "null" if value == "null" else f"'{value}'"
    head = "Value" if shown == "null" else f"Value {shown}"
    return f"{head} at '{path}' failed to satisfy constraint: {rule}"


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """AWS writes Java's expressions; one that Python does not read is not checked."""
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _scalar(shape: Shape, value: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "string":
        _expect(isinstance(value, str), path, "string")
    elif kind == "boolean":
        _expect(isinstance(value, bool), path, "boolean")
    elif kind in _INTEGERS:
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        _expect(whole, path, kind)
        return int(value)
    elif kind in _FLOATS:
        _expect(isinstance(value, int | float) and not isinstance(value, bool), path, kind)
        return float(value)
    elif kind == "timestamp":
        return _moment(value, path)
    elif kind == "blob":
        _expect(isinstance(value, str), path, "blob")
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            _expect(False, path, "blob")
    return value


def _text(shape: Shape, text: str, path: str) -> Any:
    kind = shape.type_name
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.lower()]
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    except (KeyError, ValueError):
        raise AwsError("ValidationError", f"'{text}' for parameter {path} is invalid") from None
    return _moment(text, path) if kind == "timestamp" else text


def _moment(value: Any, path: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        _expect(False, path, "timestamp")
        raise
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _expect(holds: bool, path: str, kind: str) -> None:
    if not holds:
        raise AwsError("SerializationException", f"Expected {kind} at '{path}'")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
