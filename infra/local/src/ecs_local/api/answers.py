"""Writes answers as AWS does: JSON or the XML of the Query protocol, each checked against botocore's model."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from ecs_local.api.errors import AwsError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "blob": (bytes,),
}

_UNLISTED = {
    "ResourceStatus": (
        "REVIEW_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    )
}
"""What AWS answers though its own model does not list it: events of a stack have the stack's statuses."""


class MisshapenAnswerError(Exception):
    """A handler's answer does not fit the service model: a bug of ours, shown as a 500."""


def json_body(operation: OperationModel, answer: dict[str, Any]) -> bytes:
    """The body of a JSON answer. Raises `MisshapenAnswerError` where it does not fit the model."""
    shape = operation.output_shape
    if shape is None:
        return b"" if not answer else _refuse(operation, ["an answer where the model has none"])
    _check(operation, shape, answer)
    return json.dumps(_plain(shape, answer), separators=(",", ":")).encode()


def xml_body(operation: OperationModel, answer: dict[str, Any], request_id: str) -> bytes:
    """The body of a Query answer, in the wrapper that botocore's parser expects."""
    namespace = operation.service_model.metadata["xmlNamespace"]
    result = ""
    if (shape := operation.output_shape) is not None:
        _check(operation, shape, answer)
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        result = f"<{wrapper}>{_elements(shape, answer)}</{wrapper}>"
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return (
        f'<{operation.name}Response xmlns="{namespace}">{result}{metadata}</{operation.name}Response>'
    ).encode()


def json_error(error: AwsError) -> bytes:
    """The body of a JSON error: the code without a name space, and both spellings clients look for."""
    return json.dumps({"__type": error.code, "message": error.message}).encode()


def xml_error(error: AwsError, namespace: str, request_id: str) -> bytes:
    """The body of a Query error."""
    fault = "Sender" if error.status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def misfits(shape: Shape, value: Any, path: str = "answer") -> Iterator[str]:
    """Where a value does not fit its shape: unknown or missing members, other types, unknown choices."""
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            yield f"{path} is {type(value).__name__}, not a structure"
            return
        yield from (f"{path}.{name} is missing" for name in shape.required_members if name not in value)
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is not part of {shape.name}"
            else:
                yield from misfits(shape.members[name], item, f"{path}.{name}")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{path} is {type(value).__name__}, not a list"
            return
        for n, item in enumerate(value):
            yield from misfits(shape.member, item, f"{path}[{n}]")
    elif isinstance(shape, MapShape):
        if not isinstance(value, dict):
            yield f"{path} is {type(value).__name__}, not a map"
            return
        for key, item in value.items():
            yield from misfits(shape.value, item, f"{path}[{key!r}]")
    elif not isinstance(value, _TYPES[shape.type_name]):
        yield f"{path} is {type(value).__name__}, not {shape.type_name}"
    elif (choices := shape.metadata.get("enum")) and value not in [*choices, *_UNLISTED.get(shape.name, ())]:
        yield f"{path} is {value!r}, not one of {choices}"


def _check(operation: OperationModel, shape: Shape, answer: dict[str, Any]) -> None:
    found = list(misfits(shape, answer))
    if found:
        _refuse(operation, found)


def _refuse(operation: OperationModel, found: list[str]) -> bytes:
    raise MisshapenAnswerError(
        f"{operation.service_model.service_name} {operation.name}: " + "; ".join(found)
    )


def _plain(shape: Shape, value: Any) -> Any:
    """JSON's own types; times stay numbers with milliseconds, as AWS's JSON services send them."""
    if isinstance(shape, StructureShape):
        return {name: _plain(shape.members[name], item) for name, item in value.items()}
    if isinstance(shape, ListShape):
        return [_plain(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _plain(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return round(value, 3)
    return base64.b64encode(value).decode() if shape.type_name == "blob" else value


def _elements(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        return "".join(
            f"<{name}>{_elements(member, value[key])}</{name}>"
            for key, member in shape.members.items()
            if key in value
            for name in [member.serialization.get("name", key)]
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_elements(shape.member, item)}</member>" for item in value)
    if isinstance(shape, MapShape):
        return "".join(
            f"<entry><key>{_elements(shape.key, key)}</key><value>{_elements(shape.value, item)}</value></entry>"
            for key, item in value.items()
        )
    if shape.type_name == "boolean":
        return "true" if value else "false"
    if shape.type_name == "timestamp":
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return escape(str(value))
