"""Heads that the load balancer writes: requests as targets see them, answers as clients see them, its own errors."""

from __future__ import annotations

import secrets
import time
from email.utils import formatdate
from http import HTTPStatus

from ecs_local.http1 import Head, Headers, Wire, encode

_HOP_BY_HOP = {
    b"connection",
    b"expect",  # the balancer says 100 Continue itself
    b"keep-alive",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
}
_REPLACED = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port"}


def has_body(head: Head) -> bool:
    """Whether a request brings a body."""
    return head.chunked or (head.get(b"content-length") or b"0").strip() != b"0"


def refusal(head: Head) -> int | None:
    """The status with which the balancer refuses a request, or None.

    WebSocket is not built: 501, where AWS would let it through.
    """
    if head.method == b"CONNECT" or (head.version == "1.1" and head.get(b"host") is None):
        return 400
    if (head.get(b"upgrade") or b"").lower() == b"websocket":
        return 501
    return None


def request_bytes(head: Head, peer: str, port: int) -> bytes:
    """The request as the target gets it: X-Forwarded-* and a trace id added, what concerns one hop left out."""
    headers = [(name, value) for name, value in _end_to_end(head) if name.lower() not in _REPLACED]
    earlier = head.get(b"x-forwarded-for")
    headers += [
        (b"x-forwarded-for", (earlier + b", " if earlier else b"") + peer.encode()),
        (b"x-forwarded-proto", b"http"),
        (b"x-forwarded-port", b"%d" % port),
        (b"connection", b"keep-alive"),
    ]
    if head.get(b"x-amzn-trace-id") is None:
        trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        headers.append((b"x-amzn-trace-id", trace.encode()))
    if head.chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    return encode(b"%b %b HTTP/1.1" % (head.method, head.target), headers)


def response_bytes(head: Head, *, chunked: bool, stays: bool) -> bytes:
    """The head of a target's answer as the client gets it."""
    headers = _end_to_end(head)
    if chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    headers.append((b"connection", b"keep-alive" if stays else b"close"))
    return encode(_status_line(head.status), headers)


def write_own(
    wire: Wire,
    status: int,
    *,
    stays: bool,
    body: bytes | None = None,
    content_type: str = "text/html",
    headers: Headers | None = None,
    bodiless: bool = False,
) -> None:
    """An answer of the balancer itself, worded as AWS's are."""
    phrase = _phrase(status)
    if body is None:
        title = f"{status} {phrase}".strip()
        body = (
            f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
            f"<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
        ).encode()
    whole = [
        (b"server", b"awselb/2.0"),
        (b"date", formatdate(usegmt=True).encode()),
        (b"content-type", content_type.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"keep-alive" if stays else b"close"),
        *(headers or []),
    ]
    wire.write(encode(_status_line(status), whole) + (b"" if bodiless else body))


def _end_to_end(head: Head) -> Headers:
    """The headers that are meant for more than the next hop."""
    named = {name.strip().lower() for name in (head.get(b"connection") or b"").split(b",")}
    dropped = _HOP_BY_HOP | (named - {b"content-length", b"host"})
    return [(name, value) for name, value in head.headers if name.lower() not in dropped]


def _phrase(status: int) -> str:
    if status == 503:
        return "Service Temporarily Unavailable"
    if status == 504:
        return "Gateway Time-out"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_phrase(status)}".encode()
