"""The page's server: for this machine's browser alone, reading only, and never more looks than asked for."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from ecs_deployment.errors import Refused
from ecs_stats.page import Page
from ecs_stats.stats import Stats

from tests.observability.looks import look


@dataclass
class Served:
    """A page with made-up looks, counted."""

    page: Page
    looked: list[None] = field(default_factory=list)

    def ask(self, path: str = "/", host: str = "", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page.server_port, timeout=10)
        try:
            connection.request(method, path, headers={"Host": host or f"127.0.0.1:{self.page.server_port}"})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()


@contextmanager
def served(
    make: Callable[[], Sequence[Stats]] = lambda: [look()], interval: float = 60.0
) -> Iterator[Served]:
    """A page that is answered until the end of the block."""
    looked: list[None] = []

    def counted() -> Sequence[Stats]:
        looked.append(None)
        return make()

    with Page("staging", counted, interval) as page:
        thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Served(page, looked)
        finally:
            page.shutdown()
            thread.join()


def test_the_page_and_its_figures() -> None:
    with served() as found:
        status, headers, html = found.ask()
        assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert b"<title>" in html
        status, headers, body = found.ask("/stats.json")
        data = json.loads(body)
        assert (status, data["environment"], data["interval"]) == (200, "staging", 60.0)
        assert data["services"][0]["tasks"][0]["containers"][0]["cpu_percent"] == pytest.approx(18, abs=1)
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "["],
)
@pytest.mark.parametrize("path", ["/", "/stats.json"])
def test_who_names_it_otherwise_gets_nothing(host: str, path: str) -> None:
    with served() as found:
        status, _, body = found.ask(path, host.format(port=found.page.server_port))
        assert (status, found.looked) == (403, [])
        assert b"shop" not in body


def test_its_own_names_are_answered() -> None:
    with served() as found:
        assert found.ask(host=f"localhost:{found.page.server_port}")[0] == 200
        assert found.ask(host=f"LOCALHOST:{found.page.server_port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(method: str) -> None:
    with served() as found:
        assert found.ask("/stats.json", method=method)[0] == 501
        assert found.looked == []


def test_there_is_nothing_else() -> None:
    with served() as found:
        for path in ("/favicon.ico", "/../pyproject.toml", "/stats.json?x", "//evil.example/"):
            assert found.ask(path)[0] == 404
        assert found.ask("/", method="HEAD")[2] == b""


def test_only_its_own_script_may_run_and_it_fetches_nothing_from_others() -> None:
    with served() as found:
        _, headers, html = found.ask()
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
        assert "connect-src 'self'" in policy
        text = html.decode().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|src=|@import|url\(", text)
        assert "innerHTML" not in text


def test_two_browsers_share_one_look() -> None:
    with served() as found:
        for _ in range(3):
            assert found.ask("/stats.json")[0] == 200
        assert len(found.looked) == 1


def test_a_look_that_fails_is_told_to_the_page() -> None:
    def fails() -> Sequence[Stats]:
        raise Refused("Cluster 'x' has no service 'shop'.", "Create it.")

    with served(fails) as found:
        status, _, body = found.ask("/stats.json")
        assert (status, json.loads(body)["error"]) == (503, "Cluster 'x' has no service 'shop'. Create it.")


def test_a_port_that_is_taken_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=f"Port {port} is taken") as caught:
            Page("staging", list, 1.0, port)
    assert caught.value.exit_code == 2


def test_it_listens_on_this_machine_only() -> None:
    with Page("staging", list, 1.0) as page:
        assert page.server_address[0] == "127.0.0.1"
        assert page.url == f"http://127.0.0.1:{page.server_port}/"
