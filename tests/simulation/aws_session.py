"""boto3's own clients without a network: each request is taken off just before it is sent, and answered in place.

Signing, serialising, retrying and parsing are botocore's; the engine's own protocol room reads the request and
writes the answer. One session serves every seed of a process, since making its clients takes half a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import cache
from types import SimpleNamespace
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore import endpoint
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, SSLError
from botocore.retries.quota import RetryQuota
from ecs_deployment.aws.session import Session
from ecs_local.api import models, protocol
from ecs_local.api.errors import AwsError
from ecs_local.api.models import Spoken
from ecs_local.api.protocol import Request, Response, Wanted

from tests.simulation.wire import Answer, Trouble

_LOGS = Spoken("logs", "json", "InvalidParameterException")
_STS = Spoken("sts", "query", "ValidationError")
_CODES = {
    "throttled": ("ThrottlingException", "Rate exceeded", 400),
    "failing": ("InternalServerError", "Service Unavailable. Please try again later.", 500),
    "expired": ("ExpiredTokenException", "The security token included in the request is expired", 400),
}
_KEYS = {"aws_access_key_id": "simulated", "aws_secret_access_key": "simulated"}


class Process(Protocol):
    """Whose requests these are."""

    @property
    def now(self) -> float:
        """The account's clock."""

    def send(self, service: str, operation: str, params: dict[str, Any]) -> Answer:
        """The answer to one request. Raises `Trouble` and `AwsError`."""

    def sleep(self, seconds: float) -> None:
        """botocore's own wait between two attempts."""


class _At:
    """The process at work: there is one at any moment."""

    process: Process | None = None


@cache
def session() -> Session:
    """The one session. Its requests go to whoever is at work."""
    made = Session("eu-west-3", credentials=_KEYS)
    made._session.events.register("before-send", _answer)
    return made


@contextmanager
def boto() -> Iterator[None]:
    """While inside, botocore waits on the virtual clock, and no seed feels the retries of the one before."""
    waits = SimpleNamespace(sleep=lambda seconds: _process().sleep(seconds))
    with patch.object(endpoint, "time", waits), patch.object(RetryQuota, "acquire", lambda *_: True):
        yield


def at_work(process: Process | None) -> None:
    """Say whose requests come from now on."""
    _At.process = process


def _process() -> Process:
    assert _At.process is not None
    return _At.process


def _answer(request: Any, **_: Any) -> AWSResponse:
    """What botocore takes for the answer of the network; raising is a connection that failed."""
    parts = urlsplit(request.url)
    headers = {name: _text(value) for name, value in request.headers.items()}
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    asked = Request(request.method, parts.path or "/", headers, body)
    wanted = protocol.identify(asked) or _passive(asked)
    operation = protocol.operation_model(wanted)
    try:
        params = protocol.read_input(wanted, operation, body)
        answer = _process().send(wanted.service.name, wanted.operation, params)
        response = protocol.success(wanted, operation, answer, "simulated")
    except Trouble as trouble:
        response = _failed(wanted, trouble)
    except AwsError as error:
        response = protocol.failure(wanted, error, "simulated")
    shown = {**response.headers, "content-type": response.content_type}
    shown["date"] = formatdate(int(_process().now), usegmt=True)
    raw = SimpleNamespace(stream=lambda *_, **__: iter([response.body]))
    return AWSResponse(request.url, response.status, shown, raw)


def _failed(wanted: Wanted, trouble: Trouble) -> Response:
    if trouble.kind == "cut":
        raise ConnectionClosedError(endpoint_url="https://aws.invalid")
    if trouble.kind == "tls":
        raise SSLError(endpoint_url="https://aws.invalid", error="EOF occurred in violation of protocol")
    if trouble.kind == "page":
        return Response(200, b"<html><body>Sign in", "text/html")
    if trouble.kind == "refused connection":
        raise EndpointConnectionError(endpoint_url="https://aws.invalid")
    if trouble.kind == "denied":
        action = f"{wanted.service.name}:{trouble.operation}"
        text = f"User: ann is not authorized to perform: {action} on resource: app"
        return protocol.failure(wanted, AwsError("AccessDeniedException", text), "simulated")
    return protocol.failure(wanted, AwsError(*_CODES[trouble.kind]), "simulated")


def _passive(asked: Request) -> Wanted:
    """The calls of the registers that the engine leaves to others."""
    target = asked.headers.get("X-Amz-Target", "")
    if target:
        return Wanted(_LOGS, target.rpartition(".")[2], "eu-west-3", {})
    assert b"Action=GetCallerIdentity" in asked.body, asked
    models.model("sts")
    return Wanted(_STS, "GetCallerIdentity", "eu-west-3", {})


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
