"""`app.dashboard`: one page on this machine, drawn by the browser from the same `Stats` as the terminal view.

It listens on 127.0.0.1 alone and answers only who names it so: a page of another site, or a name that was pointed at
this address (DNS rebinding), gets nothing. It only reads, has no assets of others, and looks only while it is asked.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from ecs_deployment.errors import DeployError, Refused

from ecs_stats.stats import Stats, as_data

_ADDRESS = "127.0.0.1"
_NAMES = frozenset({"127.0.0.1", "localhost"})
_MOST_AT_ONCE = 8  # connections
_IDLE = 30.0  # seconds a connection may say nothing

Look = Callable[[], Sequence[Stats]]


class Page(ThreadingHTTPServer):
    """A server that is listening already; `serve_forever` answers. Port 0: a free one. Raises `Refused`."""

    daemon_threads = True
    request_queue_size = _MOST_AT_ONCE

    def __init__(self, environment: str, look: Look, interval: float, port: int = 0) -> None:
        self.newest = _Newest(environment, look, interval)
        self.html = files("ecs_stats").joinpath("page.html").read_bytes()
        self.policy = _policy(self.html.decode())
        try:
            super().__init__((_ADDRESS, port), _Handler)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                why = "is taken" if error.errno == errno.EADDRINUSE else "may not be used"
                raise Refused(
                    f"Port {port} {why}.", "Leave --port out for a free one, or name another."
                ) from error
            raise

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://{_ADDRESS}:{self.server_port}/"

    def names(self, host: str) -> bool:
        """Whether a Host header names this server, and not merely leads to it."""
        try:
            parts = urlsplit(f"//{host}")
            return parts.hostname in _NAMES and (parts.port or 80) == self.server_port and not parts.path
        except ValueError:
            return False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closed its tab is no error."""


def serve(environment: str, look: Look, interval: float, port: int, tell: Callable[[str], None]) -> None:
    """Serve the page until Ctrl-C, which is how it ends well. What cannot be shown at all is refused before."""
    look()
    with Page(environment, look, interval, port) as page:
        tell(f"{page.url}  shows {environment}. Ctrl-C ends it.")
        with suppress(KeyboardInterrupt):
            page.serve_forever(poll_interval=0.2)


class _Newest:
    """The newest look, shared by everybody who asks: never two looks at once, never more often than `interval`."""

    def __init__(self, environment: str, look: Look, interval: float) -> None:
        self._environment, self._look, self._interval = environment, look, interval
        self._lock = threading.Lock()
        self._looks: Sequence[Stats] = ()
        self._at = float("-inf")

    def data(self) -> dict[str, Any]:
        """What the page draws. Raises what the look raises."""
        with self._lock:
            if time.monotonic() - self._at >= 0.9 * self._interval:
                self._looks = self._look()
                self._at = time.monotonic()
            looks = self._looks
        return {
            "environment": self._environment,
            "interval": self._interval,
            "at": max((one.at for one in looks), default=0.0),
            "now": time.time(),
            "api_calls": max((one.api_calls for one in looks), default=0),
            "services": [as_data(one) for one in looks],
        }


class _Handler(BaseHTTPRequestHandler):
    server: Page
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ecs_stats", ""
    timeout = _IDLE

    def do_GET(self) -> None:
        """The page and its figures."""
        if not self.server.names(self.headers.get("Host", "")):
            self._answer(403, "text/plain", b"This page answers under its own address only.\n")
        elif self.path == "/":
            self._answer(200, "text/html", self.server.html)
        elif self.path == "/stats.json":
            self._figures()
        else:
            self._answer(404, "text/plain", b"There is nothing here.\n")

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _figures(self) -> None:
        try:
            status, data = 200, self.server.newest.data()
        except DeployError as error:
            status, data = 503, {"error": str(error)}
        self._answer(status, "application/json", json.dumps(data, allow_nan=False).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the terminal belongs to the url."""


def _policy(html: str) -> str:
    """Nothing but the page's own script may run, and it may talk to this server alone."""
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
