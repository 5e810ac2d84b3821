"""The passive registers: moto's WSGI application, called in this process and never served by itself.

Whatever does not depend on the world is kept there: STS, IAM, EC2, ECR, CloudWatch Logs, the records of load
balancers. One thread runs all of it, because moto's registers are not made for several at once.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from ecs_local.api.errors import AwsError
from ecs_local.api.model_files import read_once
from ecs_local.world import Content

_WARMED = {
    "sts": "Action=GetCallerIdentity&Version=2011-06-15",
    "elasticloadbalancing": "Action=DescribeLoadBalancers&Version=2015-12-01",
    "ec2": "Action=DescribeSubnets&Version=2016-11-15",
    "iam": "Action=ListRoles&Version=2010-05-08",
}
"""Harmless requests that make a register ready, by the service's name in a signature."""
_OK = 200

T = TypeVar("T")
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Raw:
    """An HTTP answer before anything is made of it."""

    status: int
    headers: Headers
    body: bytes


class Passive:
    """The passive registers of one engine."""

    def __init__(self, account: str, region: str) -> None:
        self._region = region
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passive")
        self._application: Any = None
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        os.environ["MOTO_ACCOUNT_ID"] = account  # moto reads it with every request
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # thousands of images that nobody here asks for

    async def warm(self) -> None:
        """Makes the registers ready ahead of their first use, in the order in which a deploy asks for them."""
        with read_once():
            await self.call("ecr", "DescribeRepositories", {})
            await self.call("logs", "DescribeLogGroups", {})
            await self.call("elbv2", "DescribeTargetGroups", {})
            for service, query in _WARMED.items():
                scope = f"AWS4-HMAC-SHA256 Credential=local/20000101/{self._region}/{service}/aws4_request"
                await self.forward(
                    "GET", f"/?{query}", [("Host", "localhost"), ("Authorization", scope)], b""
                )

    async def call(self, service: str, operation: str, params: Content) -> Content:
        """Calls a register from inside, by botocore's names. Raises `AwsError`."""
        return await self.work(lambda: self.call_here(service, operation, params))

    def call_here(self, service: str, operation: str, params: Content) -> Content:
        """The same for a job that runs in the registers' thread already (see `work`)."""
        from botocore import xform_name
        from botocore.exceptions import ClientError

        try:
            answer: Content = getattr(self._client(service), xform_name(operation))(**params)
        except ClientError as error:
            told, http = error.response["Error"], error.response["ResponseMetadata"]
            raise AwsError(told["Code"], told["Message"], http["HTTPStatusCode"]) from None
        answer.pop("ResponseMetadata")
        return answer

    async def forward(self, method: str, path: str, headers: Headers, body: bytes) -> Raw:
        """Hands a client's request on as it came."""
        return await self.work(lambda: self._request(method, path, headers, body))

    async def work(self, job: Callable[[], T]) -> T:
        """Runs several calls as one job, so that no other request comes between them."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    async def reset(self) -> None:
        """Empties every register, through moto's own door for it."""
        raw = await self.forward("POST", "/moto-api/reset", [("Host", "localhost")], b"")
        if raw.status != _OK:
            raise RuntimeError(f"the passive registers could not be emptied: {raw.body!r}")

    def close(self) -> None:
        """Ends the thread; calls that still wait are dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _request(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> Raw:
        if self._application is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

            self._application = DomainDispatcherApplication(create_backend_app)
        started: list[tuple[str, Headers]] = []

        def start(status: str, answered: Headers, exc_info: Any = None) -> None:  # noqa: ARG001 - PEP 3333
            started.append((status, answered))

        chunks = self._application(_environ(method, path, headers, body), start)
        try:
            content = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, answered = started[-1]
        return Raw(int(status.split()[0]), answered, content)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._connected(service)
        return self._clients[service]

    def _connected(self, service: str) -> Any:
        """A botocore client whose requests end in the application instead of on the network."""
        import botocore.session
        from botocore.awsrequest import AWSResponse
        from botocore.config import Config

        if self._session is None:
            self._session = botocore.session.Session()
            self._session.set_credentials("local", "local")
        client = self._session.create_client(
            service,
            region_name=self._region,
            endpoint_url="http://localhost",
            config=Config(retries={"total_max_attempts": 1}),
        )

        def send(request: Any, **_: Any) -> Any:
            raw = self._request(
                request.method, _path(request.url), _text(request.headers), _body(request.body)
            )
            return AWSResponse(request.url, raw.status, dict(raw.headers), _Content(raw.body))

        client.meta.events.register("before-send", send)
        return client


class _Content(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterable[bytes]:
        yield self.read()


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _text(headers: Any) -> Headers:
    pairs = [
        (name, value.decode() if isinstance(value, bytes) else str(value)) for name, value in headers.items()
    ]
    return [*pairs, ("Host", "localhost")]


def _body(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body if isinstance(body, bytes | bytearray) else body.read())


def _environ(method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
    """The WSGI environment of a request (PEP 3333)."""
    plain, _, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(plain, "latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": path,
        "RAW_URI": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ[f"HTTP_{key}"] = value
    return environ
