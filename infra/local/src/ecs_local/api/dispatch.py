"""Answers one API request: by a handler of ours where the world decides, else by the passive registers."""

from __future__ import annotations

import inspect
import logging
import re
import uuid
from dataclasses import dataclass
from typing import Protocol

from ecs_local.api import (
    autoscaling,
    cloudformation,
    cloudwatch,
    ecr,
    ecs,
    elbv2,
    logs,
    mirror,
    models,
    protocol,
    shapes,
    ssm,
)
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.api.passive import Passive
from ecs_local.api.protocol import Request, Response, Wanted
from ecs_local.world import Content, World

_log = logging.getLogger(__name__)
_HANDLERS: dict[str, dict[str, Handler]] = {
    "application-autoscaling": autoscaling.OPERATIONS,
    "cloudformation": cloudformation.OPERATIONS,
    "cloudwatch": cloudwatch.OPERATIONS,
    "ecr": ecr.OPERATIONS,
    "ecs": ecs.OPERATIONS,
    "elbv2": elbv2.OPERATIONS,
    "logs": logs.OPERATIONS,
    "ssm": ssm.OPERATIONS,
}
_PARTLY = ("ecr", "elbv2", "logs", "sts")  # what has no handler there is passive
_DNS_NAME = re.compile(rb"<DNSName>[^<]*</DNSName>")
_INTERNAL = AwsError("InternalFailure", "The embedded ECS failed: see its log, and please report it.", 500)


class Hub(Protocol):
    """The engine, as far as the API knows it."""

    world: World
    passive: Passive
    base_url: str

    def now(self) -> float:
        """The engine's clock."""

    def wake(self) -> None:
        """Something changed: let the scheduler look at it."""

    async def settle(self) -> None:
        """The same, and wait until worker and balancer have followed."""


async def answer(hub: Hub, request: Request) -> Response:
    """The answer to one request; never raises."""
    request_id = str(uuid.uuid4())
    wanted = protocol.identify(request)
    try:
        response = await (
            _forward(hub, request) if wanted is None else _answer(hub, request, wanted, request_id)
        )
    except AwsError as error:
        response = _refusal(wanted, error, request_id)
    except Exception:  # noqa: BLE001 - a bug of ours becomes a 500 with a log entry, and the engine goes on
        _log.exception("%s failed", wanted.operation if wanted else request.path)
        response = _refusal(wanted, _INTERNAL, request_id)
    response.headers.setdefault("x-amzn-requestid", request_id)
    return response


async def _answer(hub: Hub, request: Request, wanted: Wanted, request_id: str) -> Response:
    protocol.check_scope(wanted, hub.world.region)
    operation = protocol.operation_model(wanted)
    handler = _HANDLERS.get(wanted.service.name, {}).get(wanted.operation)
    if handler is None:
        return await _without_handler(hub, request, wanted)
    params = protocol.read_input(wanted, operation, request.body)
    content = await _handled(hub, handler, params)
    return protocol.success(wanted, operation, content, request_id)


async def _handled(hub: Hub, handler: Handler, params: Content) -> Content:
    result = handler(Call(hub.world, hub.now(), hub.passive, hub.base_url, _Inside(hub, hub.world)), params)
    content = await result if inspect.isawaitable(result) else result
    hub.wake()
    return content


@dataclass(frozen=True)
class _Inside:
    """The same API for the engine itself, in one account: after a reset nobody is there any more."""

    hub: Hub
    world: World

    def now(self) -> float:
        return self.hub.now()

    async def ask(self, service: str, operation: str, params: Content) -> Content:
        if self.hub.world is not self.world:
            raise AwsError("InternalFailure", "The account was reset.", 500)
        shape = models.model(service).operation_model(operation).input_shape
        found = [] if shape is None else list(shapes.problems(shape, params))
        if found:
            raise AwsError("ValidationException", "; ".join(found))
        handler = _HANDLERS.get(service, {}).get(operation)
        if handler is None:
            answer = await self.hub.passive.call(service, operation, params)
            if service == "elbv2" and not operation.startswith("Describe"):
                await _follow_balancers(self.hub)
            return answer
        return await _handled(self.hub, handler, params)


async def _without_handler(hub: Hub, request: Request, wanted: Wanted) -> Response:
    if not _is_passive(wanted):
        raise AwsError(
            "UnknownOperationException",
            f"The embedded ECS does not answer {wanted.operation} of {wanted.service.name}.",
        )
    response = await _forward(hub, request)
    if wanted.service.name == "elbv2":
        if not wanted.operation.startswith("Describe"):
            await _follow_balancers(hub)
        # Amazon's names of load balancers do not resolve here; ours all listen on one address.
        body = _DNS_NAME.sub(b"<DNSName>127.0.0.1</DNSName>", response.body)
        return Response(response.status, body, response.content_type, response.headers)
    return response


async def _follow_balancers(hub: Hub) -> None:
    await mirror.refresh(hub.passive, hub.world)
    await hub.settle()


def _is_passive(wanted: Wanted) -> bool:
    if wanted.service.name == "cloudwatch":
        return cloudwatch.is_passive(wanted.operation)
    return wanted.service.name in _PARTLY


async def _forward(hub: Hub, request: Request) -> Response:
    if "Authorization" not in request.headers:
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        raise AwsError("UnknownProtocol", "The embedded ECS speaks JSON and Query forms, but not CBOR.")
    raw = await hub.passive.forward(request.method, request.path, list(request.headers.items()), request.body)
    headers = {name.lower(): value for name, value in raw.headers}
    content_type = headers.get("content-type", "application/octet-stream")
    kept = {name: value for name, value in headers.items() if name.startswith("x-amz")}
    return Response(raw.status, raw.body, content_type, kept)


def _refusal(wanted: Wanted | None, error: AwsError, request_id: str) -> Response:
    if wanted is None:
        return Response(error.status, f"{error.code}: {error.message}\n".encode(), "text/plain")
    return protocol.failure(wanted, error, request_id)
