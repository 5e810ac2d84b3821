"""One request on a connection of its own, sent once: what came of it, in one word and one sentence.

Nothing here retries, follows a redirect or keeps a connection, and proxies of the environment are ignored:
what is measured is the way from here to the service.
"""

from __future__ import annotations

import errno
import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

LOST_STATUSES = frozenset({502, 503, 504})
"""What a load balancer answers when no target does."""

_LARGEST_BODY = 1_000_000  # bytes that are read; a longer answer has proven itself
_OUR_NETWORK = frozenset({errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE, errno.ENFILE})


@dataclass(frozen=True)
class Address:
    """A url taken apart. `context` is None for plain http."""

    url: str
    host: str
    port: int
    target: str
    context: ssl.SSLContext | None


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    `answered`: a status other than 502, 503, 504. `lost`: one of those. `cut`: the connection was refused, cut
    or timed out. `unsent`: the network of this machine failed, which tells nothing about the service.
    """

    kind: Literal["answered", "lost", "cut", "unsent"]
    reason: str
    status: int | None = None
    location: str = ""

    @property
    def healthy(self) -> bool:
        """A status below 400."""
        return self.kind == "answered" and self.status is not None and self.status < 400


def address(url: str) -> Address:
    """Take a http or https url apart. Raises ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no http or https address")
    context = ssl.create_default_context() if parts.scheme == "https" else None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(url, parts.hostname, parts.port or (443 if context else 80), target, context)


def request(to: Address, timeout: float) -> Answer:
    """Send one GET and read its answer within `timeout` seconds (a name's resolution not counted). Never raises."""
    connection = _connection(to, timeout)
    try:
        return _exchange(connection, to, time.monotonic() + timeout)
    except socket.gaierror:
        return Answer("unsent", f"the name {to.host} does not resolve")
    except ssl.SSLCertVerificationError as error:
        return Answer("cut", f"the certificate of {to.host} is not accepted: {error.verify_message}")
    except TimeoutError:
        return Answer("cut", f"no answer within {timeout:g} s")
    except ConnectionRefusedError:
        return Answer("cut", f"{to.host}:{to.port} refuses connections")
    except http.client.HTTPException as error:
        return Answer("cut", f"the connection was cut ({type(error).__name__})")
    except OSError as error:
        kind: Literal["unsent", "cut"] = "unsent" if error.errno in _OUR_NETWORK else "cut"
        return Answer(kind, f"the connection failed: {error.strerror or type(error).__name__}")
    except ValueError as error:  # a status line or header that http.client cannot read
        return Answer("cut", f"the answer is no HTTP: {error}")
    finally:
        connection.close()


def _connection(to: Address, timeout: float) -> http.client.HTTPConnection:
    if to.context is None:
        return http.client.HTTPConnection(to.host, to.port, timeout=timeout)
    return http.client.HTTPSConnection(to.host, to.port, timeout=timeout, context=to.context)


def _exchange(connection: http.client.HTTPConnection, to: Address, deadline: float) -> Answer:
    connection.connect()
    wire: socket.socket = connection.sock  # getresponse() forgets it
    wire.settimeout(_left(deadline))
    connection.request(
        "GET", to.target, headers={"Connection": "close", "User-Agent": "ecs-deployment-probe"}
    )
    wire.settimeout(_left(deadline))
    response = connection.getresponse()
    size = 0
    while size < _LARGEST_BODY:
        wire.settimeout(_left(deadline))
        part = response.read1(65536)
        if not part:
            break
        size += len(part)
    if size < _LARGEST_BODY and response.length:
        return Answer("cut", "the connection was cut in the middle of an answer")
    kind: Literal["lost", "answered"] = "lost" if response.status in LOST_STATUSES else "answered"
    return Answer(kind, f"status {response.status}", response.status, response.getheader("Location") or "")


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
