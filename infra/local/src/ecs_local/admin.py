"""The engine's own pages below /_local/: health, status, blobs, faults, reset, stop."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ecs_local import faults
from ecs_local.engine import Engine
from ecs_local.faults_calls import Outside
from ecs_local.transitions import counts
from ecs_local.world import Service, World
from ecs_local.world_balancer import Listener

PageHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def pid() -> int:
    """The process that answers."""
    return os.getpid()


def routes(engine: Engine, outside: Outside, nonce: str, stopping: asyncio.Event) -> list[web.RouteDef]:
    """The pages of one engine. Asking for health or status does not keep an idle engine alive."""
    began = engine.now()

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"nonce": nonce, "pid": pid()})

    async def status(_: web.Request) -> web.Response:
        return web.json_response(await _status(engine) | {"uptime": round(engine.now() - began, 3)})

    async def put_blob(request: web.Request) -> web.Response:
        engine.last_used = engine.now()
        body = await request.read()
        try:
            engine.store.put(request.match_info["digest"], body)
        except ValueError as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.Response(status=201)

    async def get_blob(request: web.Request) -> web.StreamResponse:
        digest = request.match_info["digest"]
        if not engine.store.has(digest):
            return web.Response(status=404, text=f"There is no blob {digest}.\n")
        return web.Response(body=engine.store.get(digest), content_type="application/octet-stream")

    async def plant(request: web.Request) -> web.Response:
        engine.last_used = engine.now()
        try:
            wish = json.loads(await request.read() or b"{}")
            return web.json_response(faults.shown(outside.plant(wish)))
        except (faults.FaultError, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")

    async def clear(_: web.Request) -> web.Response:
        engine.last_used = engine.now()
        return web.json_response({"cleared": outside.clear()})

    async def reset(_: web.Request) -> web.Response:
        engine.last_used = engine.now()
        await engine.reset()
        return web.json_response({})

    async def stop(_: web.Request) -> web.Response:
        stopping.set()
        return web.json_response({"pid": pid()})

    blob = "/_local/blobs/{digest:sha256:[0-9a-f]{64}}"
    return [
        web.get("/_local/health", health),
        web.get("/_local/status", status),
        web.put(blob, put_blob),
        web.get(blob, get_blob),
        web.post("/_local/faults", plant),
        web.delete("/_local/faults", clear),
        web.post("/_local/reset", reset),
        web.post("/_local/stop", stop),
        web.route("*", "/_local/{rest:.*}", _unknown),
    ]


async def _unknown(request: web.Request) -> web.Response:
    return web.Response(status=404, text=f"The engine has no page {request.path}.\n")


async def _status(engine: Engine) -> dict[str, Any]:
    world = engine.world
    return {
        "pid": pid(),
        "url": engine.base_url,
        "port": int(engine.base_url.rpartition(":")[2]),
        "profile": world.profile.name,
        "account": world.account,
        "region": world.region,
        "home": str(engine.home),
        "listeners": [_listener(one) for one in world.listeners.values()],
        "services": [_service(world, one) for one in world.services.values() if one.status != "INACTIVE"],
        "tags": await _tags(engine),
        "faults": [faults.shown(one) for one in world.faults],
        "failure": engine.failure,
    }


def _listener(listener: Listener) -> dict[str, Any]:
    return {
        "load_balancer": listener.load_balancer,
        "port": listener.port,
        "bound_port": listener.bound_port,
        "url": _url(listener),
    }


def _service(world: World, service: Service) -> dict[str, Any]:
    running, pending = counts(service)
    groups = {one.get("targetGroupArn") for one in service.load_balancers}
    leading = [
        listener
        for listener in world.listeners.values()
        if any(rule.action.get("group") in groups for rule in listener.rules)
    ]
    return {
        "cluster": service.cluster,
        "service": service.name,
        "status": service.status,
        "desired": service.desired_count,
        "running": running,
        "pending": pending,
        "url": _url(leading[0]) if groups and leading else None,
    }


def _url(listener: Listener) -> str | None:
    """Where the balancer really listens; the port that was asked for may be taken or privileged."""
    return None if listener.bound_port is None else f"http://127.0.0.1:{listener.bound_port}"


async def _tags(engine: Engine) -> dict[str, list[str]]:
    """The published tags of every repository."""
    repositories = await engine.passive.call("ecr", "DescribeRepositories", {})
    tags = {}
    for name in [one["repositoryName"] for one in repositories["repositories"]]:
        answer = await engine.passive.call("ecr", "ListImages", {"repositoryName": name})
        tags[name] = sorted(one["imageTag"] for one in answer["imageIds"] if "imageTag" in one)
    return tags
