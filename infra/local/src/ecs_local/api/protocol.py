"""From HTTP to a named operation and back: JSON 1.1 with X-Amz-Target, and Query forms.

The service and its operation are found as AWS finds them: by the X-Amz-Target header, or by the scope of the
signature and the form's Version and Action. Nobody's signature is verified: there is no secret to protect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationModel

from ecs_local.api import answers, models, shapes
from ecs_local.api.errors import AwsError
from ecs_local.world import Content

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_MOST_SHOWN = 10  # problems named in one refusal


@dataclass(frozen=True)
class Request:
    """An HTTP request with its whole body; header names are looked up without regard to case."""

    method: str
    path: str  # with the query
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What a request asks for: an operation of a service that we speak. `form` is there for Query only."""

    service: models.Spoken
    operation: str
    region: str
    form: Mapping[str, str]


def identify(request: Request) -> Wanted | None:
    """The operation asked for, or None where the service is not one of ours."""
    scope = _SCOPE.search(request.headers.get("Authorization", ""))
    region = scope["region"] if scope else ""
    prefix, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
    if prefix in models.BY_TARGET:
        return Wanted(models.BY_TARGET[prefix], operation, region, {})
    if scope is None or request.method != "POST":
        return None
    if not request.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return None
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    service = models.BY_SCOPE.get((scope["service"], form.get("Version", "")))
    return None if service is None else Wanted(service, form.get("Action", ""), region, form)


def operation_model(wanted: Wanted) -> OperationModel:
    """The operation in botocore's model. Raises `AwsError` for one that the service does not have."""
    service = models.model(wanted.service.name)
    if wanted.operation not in service.operation_names:
        code = "InvalidAction" if wanted.service.protocol == "query" else "UnknownOperationException"
        raise AwsError(code, f"The action {wanted.operation} is not valid for {wanted.service.name}.")
    return service.operation_model(wanted.operation)


def check_scope(wanted: Wanted, region: str) -> None:
    """Refuses what is not signed, and what is signed for another region than the engine's."""
    if not wanted.region:
        raise AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    if wanted.region != region:
        raise AwsError(
            "InvalidSignatureException",
            f"Credential should be scoped to a valid region: this engine is {region}, not {wanted.region}.",
            403,
        )


def read_input(wanted: Wanted, operation: OperationModel, body: bytes) -> Content:
    """The input of an operation, decoded and checked. Raises `AwsError` as the service would."""
    shape = operation.input_shape
    if shape is None:
        return {}
    params: Content
    if wanted.service.protocol == "query":
        params = shapes.decode_query(shape, wanted.form)
    else:
        params = shapes.decode_json(shape, _json(body))
    found = list(shapes.problems(shape, params))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise AwsError(wanted.service.invalid, count + "; ".join(found[:_MOST_SHOWN]))
    return params


def success(wanted: Wanted, operation: OperationModel, answer: Content, request_id: str) -> Response:
    """The answer of an operation on the wire. Raises `answers.MisshapenAnswerError`."""
    if wanted.service.protocol == "query":
        return Response(200, answers.xml_body(operation, answer, request_id), "text/xml")
    return Response(200, answers.json_body(operation, answer), "application/x-amz-json-1.1")


def failure(wanted: Wanted, error: AwsError, request_id: str) -> Response:
    """An error on the wire."""
    if wanted.service.protocol == "query":
        namespace = models.model(wanted.service.name).metadata["xmlNamespace"]
        return Response(error.status, answers.xml_error(error, namespace, request_id), "text/xml")
    headers = {"x-amzn-errortype": error.code}
    if "awsQueryCompatible" in models.model(wanted.service.name).metadata:
        headers["x-amzn-query-error"] = f"{error.code};{'Sender' if error.status < 500 else 'Receiver'}"
    return Response(error.status, answers.json_error(error), "application/x-amz-json-1.1", headers)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The body is not JSON.") from None
