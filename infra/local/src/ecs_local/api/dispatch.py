"""Answers one API request: by a handler of ours where the world decides, else by the passive registers."""

from __future__ import annotations

import inspect
import logging
import re
import uuid
from typing import Protocol

from ecs_local.api import autoscaling, ecr, ecs, elbv2, mirror, protocol, ssm
from ecs_local.api.context import Call, Handler, Records
from ecs_local.api.errors import AwsError
from ecs_local.api.passive import Passive
from ecs_local.api.protocol import Request, Response, Wanted
from ecs_local.world import World

_log = logging.getLogger(__name__)
_HANDLERS: dict[str, dict[str, Handler]] = {
    "application-autoscaling": autoscaling.OPERATIONS,
    "ecr": ecr.OPERATIONS,
    "ecs": ecs.OPERATIONS,
    "elbv2": elbv2.OPERATIONS,
    "ssm": ssm.OPERATIONS,
}
_PARTLY = ("ecr", "elbv2")  # what has no handler there is passive
_DNS_NAME = re.compile(rb"<DNSName>[^<]*</DNSName>")
_INTERNAL = AwsError("InternalFailure", "The embedded ECS failed: see its log, and please report it.", 500)


class Hub(Protocol):
    """The engine, as far as the API knows it."""

    world: World
    records: Records
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
    handler = _HANDLERS[wanted.service.name].get(wanted.operation)
    if handler is None:
        return await _without_handler(hub, request, wanted)
    params = protocol.read_input(wanted, operation, request.body)
    call = Call(hub.world, hub.records, hub.now(), hub.passive, hub.base_url)
    result = handler(call, params)
    content = await result if inspect.isawaitable(result) else result
    hub.wake()
    return protocol.success(wanted, operation, content, request_id)


async def _without_handler(hub: Hub, request: Request, wanted: Wanted) -> Response:
    if wanted.service.name not in _PARTLY:
        raise AwsError(
            "UnknownOperationException",
            f"The embedded ECS does not answer {wanted.operation} of {wanted.service.name}.",
        )
    response = await _forward(hub, request)
    if wanted.service.name == "elbv2":
        if not wanted.operation.startswith("Describe"):
            await mirror.refresh(hub.passive, hub.world)
            await hub.settle()
        # Amazon's names of load balancers do not resolve here; ours all listen on one address.
        body = _DNS_NAME.sub(b"<DNSName>127.0.0.1</DNSName>", response.body)
        return Response(response.status, body, response.content_type, response.headers)
    return response


async def _forward(hub: Hub, request: Request) -> Response:
    if "Authorization" not in request.headers:
        raise AwsError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    raw = await hub.passive.forward(request.method, request.path, list(request.headers.items()), request.body)
    headers = {name.lower(): value for name, value in raw.headers}
    content_type = headers.get("content-type", "application/octet-stream")
    kept = {name: value for name, value in headers.items() if name.startswith("x-amz")}
    return Response(raw.status, raw.body, content_type, kept)


def _refusal(wanted: Wanted | None, error: AwsError, request_id: str) -> Response:
    if wanted is None:
        return Response(error.status, f"{error.code}: {error.message}\n".encode(), "text/plain")
    return protocol.failure(wanted, error, request_id)
