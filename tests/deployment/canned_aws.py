"""An AWS that answers what a test wrote down, over real HTTP to a real boto3: also cut, silent and broken answers."""

from __future__ import annotations

import json
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from ecs_deployment.aws import AwsCloud, Session


class Canned:
    """`answer("DescribeServices", {...})` is what the next such call gets; the last one written stands for good."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[tuple[str, Any]] = []
        self.silent = threading.Event()  # set at the end: a silent answer goes on until then
        self._answers: defaultdict[str, deque[tuple[int, Any]]] = defaultdict(deque)

    def answer(self, operation: str, *bodies: Any, status: int = 200) -> None:
        """Bodies: a dict is JSON, a string is sent as it is, "cut" drops the connection, "silent" says nothing."""
        self._answers[operation].extend((status, body) for body in bodies)

    def fail(self, operation: str, code: str, message: str = "", status: int = 400) -> None:
        self.answer(operation, {"__type": code, "message": message}, status=status)

    def next(self, operation: str) -> tuple[int, Any]:
        waiting = self._answers[operation]
        if not waiting:
            return 400, {"__type": "NothingWasWrittenDown", "message": operation}
        return waiting.popleft() if len(waiting) > 1 else waiting[0]

    def asked(self, operation: str) -> list[Any]:
        """The bodies of the requests of that name."""
        return [body for name, body in self.requests if name == operation]

    def session(self, url: str = "") -> Session:
        credentials = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        return Session("eu-west-3", endpoint_url=url or self.url, credentials=credentials)

    def cloud(self) -> AwsCloud:
        return AwsCloud(self.session())


@contextmanager
def canned_aws() -> Iterator[Canned]:
    """The server, for as long as the context lasts."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            target = self.headers.get("X-Amz-Target", "")
            if target:
                operation, body = target.rpartition(".")[2], json.loads(raw)
            else:
                body = parse_qs(raw.decode())
                operation = body.get("Action", [self.path])[0]
            canned.requests.append((operation, body))
            self._reply(*canned.next(operation))

        def do_GET(self) -> None:
            self._reply(*canned.next(self.path))

        def _reply(self, status: int, body: Any) -> None:
            if body == "silent":
                canned.silent.wait(60)
            if body in ("cut", "silent"):
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            raw = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1" if raw[:1] == b"{" else "text/xml")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    canned = Canned(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield canned
    finally:
        canned.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()
