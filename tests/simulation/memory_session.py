"""`aws.Session` without botocore's machinery: clients that hand a call over as it is. Retries as the real one has.

So the whole of `ecs_deployment.aws` but signing, serialising and HTTP is what the simulated deploys run through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cache
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, SSLError
from ecs_local.api import models
from ecs_local.api.errors import AwsError

from tests.simulation.wire import Trouble

_TOKENS = {"ListTasks": "nextToken", "GetParametersByPath": "NextToken"}
_READS = 8
_WORDS = {"throttled": ("ThrottlingException", 400), "failing": ("ServerException", 500)}
_WORDS |= {"expired": ("ExpiredTokenException", 400), "denied": ("AccessDeniedException", 400)}
Send = Callable[[str, str, dict[str, Any]], dict[str, Any]]


class ParameterAlreadyExists(ClientError):
    """botocore makes one such class for each error of the model."""


class MemorySession:
    """What `AwsCloud` asks of a session. `send(service, operation, params)` may raise `Trouble` and `AwsError`."""

    region = "eu-west-3"

    def __init__(
        self, send: Send, now: Callable[[], float], pause: Callable[[float], None], draw: Callable[[], float]
    ) -> None:
        self.calls = 0
        self._send, self._now, self._pause, self._draw = send, now, pause, draw
        self.read = cache(lambda service: _Face(self, service, _READS))
        self.change = cache(lambda service: _Face(self, service, 1))

    def call(self, service: str, operation: str, params: dict[str, Any], attempts: int) -> dict[str, Any]:
        """One call as a client makes it: repeated where it is a read and the trouble passes."""
        if "createdAt" in params:
            params = {**params, "createdAt": {"after": params["createdAt"]["after"].timestamp()}}
        for left in reversed(range(attempts)):
            self.calls += 1
            try:
                answer = self._send(service, operation, params)
            except Trouble as trouble:
                if not left or trouble.kind in ("expired", "denied", "page"):
                    raise _raised(trouble) from None
                base = 1.0 if trouble.kind == "throttled" else 0.05
                self._pause(self._draw() * min(base * 2 ** (attempts - 1 - left), 20.0))
            except AwsError as error:
                raise _client_error(error.code, error.message, error.status, operation) from None
            else:
                return self._dressed(operation, answer)
        raise AssertionError

    def _dressed(self, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        """As botocore hands it out, so far as the port looks at it."""
        if operation not in ("GetParameter", "GetParametersByPath"):
            return answer
        rows = [answer["Parameter"]] if operation == "GetParameter" else answer["Parameters"]
        shown = [
            {**row, "LastModifiedDate": datetime.fromtimestamp(row["LastModifiedDate"], UTC)} for row in rows
        ]
        headers = {"date": _date(int(self._now()))}
        return {
            **answer,
            **({"Parameter": shown[0]} if operation == "GetParameter" else {"Parameters": shown}),
            "ResponseMetadata": {"HTTPHeaders": headers},
        }


@cache
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _raised(trouble: Trouble) -> Exception:
    if trouble.kind == "cut":
        return ConnectionClosedError(endpoint_url="https://aws.invalid")
    if trouble.kind == "tls":
        return SSLError(endpoint_url="https://aws.invalid", error="EOF occurred in violation of protocol")
    if trouble.kind == "page":
        return ValueError("no JSON object")
    if trouble.kind == "refused connection":
        return EndpointConnectionError(endpoint_url="https://aws.invalid")
    code, status = _WORDS[trouble.kind]
    text = (
        f"User: ann is not authorized to perform: ecs:{trouble.operation}"
        if trouble.kind == "denied"
        else code
    )
    return _client_error(code, text, status, trouble.operation)


def _client_error(code: str, message: str, status: int, operation: str) -> ClientError:
    made = ParameterAlreadyExists if code == "ParameterAlreadyExists" else ClientError
    about = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return made(about, operation)


@cache
def _operation(method: str) -> str:
    return re.sub(r"(?:^|_)(\w)", lambda found: found[1].upper(), method)


class _Face:
    """A client of one service."""

    exceptions = SimpleNamespace(ParameterAlreadyExists=ParameterAlreadyExists)

    def __init__(self, session: MemorySession, service: str, attempts: int) -> None:
        self._session, self._service, self._attempts = session, service, attempts
        events = SimpleNamespace(register=lambda *_: None)
        self.meta = SimpleNamespace(events=events, service_model=models.model("ecs"))

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = _operation(method)

        def call(**params: Any) -> dict[str, Any]:
            return self._session.call(self._service, operation, params, self._attempts)

        self.__dict__[method] = call
        return call

    def get_paginator(self, method: str) -> Any:
        """Every page of a listing."""
        token, call = _TOKENS[_operation(method)], getattr(self, method)

        def paginate(**params: Any) -> Iterator[dict[str, Any]]:
            while True:
                page = call(**params)
                yield page
                if not page.get(token):
                    return
                params = {**params, token: page[token]}

        return SimpleNamespace(paginate=paginate)
