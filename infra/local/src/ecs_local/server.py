"""The engine's one port: AWS's protocols, and the engine's own pages below /_local/.

It listens on 127.0.0.1 only and answers only who names it so: a web page that a browser has open can neither
reach it under a name of its own nor send it requests.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
from email.utils import formatdate
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from ecs_local import admin, enginefile
from ecs_local.api.protocol import Request
from ecs_local.engine import Engine
from ecs_local.errors import EngineError, PortInUseError
from ecs_local.faults_calls import Outside
from ecs_local.profile import Profile

_log = logging.getLogger(__name__)
_ADDRESS = "127.0.0.1"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LARGEST = 512 * 1024 * 1024  # bytes of a request: the largest layer
_GRACE = 2.0  # seconds that open connections have when the engine stops


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1, at once and exclusively. Raises `PortInUseError`."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_ADDRESS, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(port) from None
        raise
    return listener


async def serve(home: Path, port: int, profile: Profile, nonce: str, idle: float) -> None:
    """Runs an engine until it is told to stop, or nobody has asked it anything for `idle` seconds."""
    handle = enginefile.hold(home)
    if handle is None:
        raise EngineError(f"An engine already runs in {home}. Use it, stop it, or choose another home.")
    enginefile.remove(home)
    listener = listen(port)
    port = listener.getsockname()[1]
    url = f"http://{_ADDRESS}:{port}"
    engine = Engine(home, profile, url)
    stopping = asyncio.Event()
    runner = web.AppRunner(application(engine, nonce, stopping), access_log=None, shutdown_timeout=_GRACE)
    await runner.setup()
    engine.start()
    await web.SockSite(runner, listener).start()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    enginefile.write(home, enginefile.Entry(admin.pid(), port, url, nonce))
    _log.info("the engine listens on %s", url)
    background = [
        asyncio.create_task(_warm(engine)),
        asyncio.create_task(_watch_idle(engine, idle, stopping)),
    ]
    try:
        await stopping.wait()
    finally:
        enginefile.remove(home)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await engine.stop()
        await runner.cleanup()
        engine.close()
        _log.info("the engine has stopped")


def application(engine: Engine, nonce: str, stopping: asyncio.Event) -> web.Application:
    """Every path but the engine's own pages belongs to the AWS API."""
    outside = Outside(engine)

    async def api(request: web.Request) -> web.StreamResponse:
        engine.last_used = engine.now()
        headers = request.headers.copy()
        headers.popall("Content-Encoding", None)  # the server has undone it
        asked = Request(request.method, request.raw_path, headers, await request.read())
        answer = await outside.answer(asked)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()  # nobody hears it
        return web.Response(
            status=answer.status,
            body=answer.body,
            headers={"Content-Type": answer.content_type, "Date": formatdate(engine.now(), usegmt=True)}
            | answer.headers,
        )

    app = web.Application(client_max_size=_LARGEST, middlewares=[_only_from_here])
    app.add_routes(admin.routes(engine, outside, nonce, stopping))
    app.router.add_route("*", "/{path:.*}", api)
    return app


@web.middleware
async def _only_from_here(request: web.Request, handler: admin.PageHandler) -> web.StreamResponse:
    """Refuses other Host names (DNS rebinding) and anything that a web page sends."""
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    if host not in _LOOPBACK or "Origin" in request.headers:
        return web.Response(status=403, text="The embedded ECS answers programs of this machine only.\n")
    return await handler(request)


async def _warm(engine: Engine) -> None:
    """Gets the registers ready. A register that fails now fails again, and visibly, for whoever asks for it.

    What they load stays for good: to look through it for garbage, again and again, is a third of the work.
    """
    gc.disable()
    try:
        await engine.passive.warm()
    except Exception:  # noqa: BLE001 - the engine is of use without its registers
        _log.exception("the registers could not be made ready")
    finally:
        gc.freeze()
        gc.enable()


async def _watch_idle(engine: Engine, idle: float, stopping: asyncio.Event) -> None:
    while (left := engine.used_at() + idle - engine.now()) > 0:
        await asyncio.sleep(left)
    _log.info("nobody asked for %.0f minutes", idle / 60)
    stopping.set()
