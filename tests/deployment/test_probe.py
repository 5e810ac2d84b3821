"""The probe against real servers: what it counts, what it forgives, and that it always comes back."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from ecs_deployment.probe import Baseline, Probe
from ecs_deployment.probe_request import Address, Answer

from tests.waiting import wait_for

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
CUT = b""
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok"
SILENCE = b"silence"


def status(code: int, extra: str = "") -> bytes:
    return f"HTTP/1.1 {code} Status\r\n{extra}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


@dataclass
class Server:
    """Answers each connection with what `answer` gives for its number; CUT closes it without a word."""

    answer: Callable[[int], bytes]
    listener: socket.socket
    connections: int = 0
    silent: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/health"

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            answer = self.answer(number)
            if answer == SILENCE:
                self.silent.append(connection)
                continue
            with connection:
                connection.settimeout(5)
                try:
                    connection.recv(65536)
                    connection.sendall(answer)
                except OSError:
                    continue


@contextmanager
def serving(answer: Callable[[int], bytes] | bytes) -> Iterator[Server]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = Server(answer if callable(answer) else lambda _: answer, listener)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in server.silent:
            connection.close()
        thread.join(10)


@contextmanager
def probing(url: str, *, first: bool = False, timeout: float = 5) -> Iterator[Probe]:
    probe = Probe(url, per_second=50, timeout=timeout)
    probe.start(count_from_first_success=first)
    try:
        yield probe
    finally:
        probe.stop()


@pytest.fixture
def refusing() -> Iterator[str]:
    """The url of a port that refuses connections: bound, so that nobody else gets it, and not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


def test_a_well_service_loses_nothing() -> None:
    with serving(OK) as server, probing(server.url) as probe:
        wait_for(lambda: probe.traffic().requests >= 20)
        traffic = probe.stop()
    assert (traffic.failed, traffic.failed_in_a_row, traffic.measured) == (0, 0, True)
    assert traffic.requests >= 20
    assert traffic.longest_gap_ms > 0


@pytest.mark.parametrize("code", [502, 503, 504])
def test_what_a_load_balancer_answers_without_a_target_is_lost_at_once(code: int) -> None:
    with serving(lambda n: status(code) if n % 2 else OK) as server, probing(server.url) as probe:
        wait_for(lambda: probe.traffic().requests >= 20)
        traffic = probe.stop()
        assert traffic.requests <= server.connections  # nobody asked a second time
    assert traffic.requests * 0.3 < traffic.failed < traffic.requests * 0.7


@pytest.mark.parametrize("code", [200, 204, 301, 404, 500])
def test_every_other_status_is_an_answer(code: int) -> None:
    with serving(status(code)) as server, probing(server.url) as probe:
        wait_for(lambda: probe.traffic().requests >= 5)
        assert probe.traffic().failed == 0


@pytest.mark.parametrize("broken", [CUT, SHORT, b"no http at all\r\n\r\n"])
def test_a_cut_connection_counts_only_where_a_second_one_confirms_it(broken: bytes) -> None:
    healed = threading.Event()
    with serving(lambda _: OK if healed.is_set() else broken) as server, probing(server.url) as probe:
        wait_for(lambda: probe.traffic().failed_in_a_row >= 3)
        healed.set()
        wait_for(lambda: probe.traffic().failed_in_a_row == 0)
        answered = probe.traffic().requests
        assert server.connections >= answered + 3


def test_a_single_cut_is_forgiven() -> None:
    with serving(lambda n: CUT if n == 3 else OK) as server, probing(server.url) as probe:
        wait_for(lambda: probe.traffic().requests >= 10)
        assert probe.traffic().failed == 0


def test_a_refused_port_is_lost(refusing: str) -> None:
    with probing(refusing) as probe:
        wait_for(lambda: probe.traffic().failed >= 3)
        traffic = probe.stop()
    assert traffic.failed == traffic.requests == traffic.failed_in_a_row


def test_a_timeout_is_lost() -> None:
    with serving(SILENCE) as server, probing(server.url, timeout=0.05) as probe:
        wait_for(lambda: probe.traffic().failed >= 3)


def test_slow_answers_do_not_slow_the_rate() -> None:
    with serving(SILENCE) as server, probing(server.url, timeout=30) as probe:
        wait_for(lambda: server.connections >= 20)  # none of them has an answer
        assert probe.traffic().requests == 0


def test_the_number_in_flight_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    answers = threading.Event()

    def silent(to: Address, timeout: float) -> Answer:
        if to.url != url:  # a probe of the test before may still be at its second try
            return Answer("unsent", "another's")
        asked.append(time.monotonic())
        answers.wait(60)
        return Answer("answered", "at last", 200)

    monkeypatch.setattr("ecs_deployment.probe.request", silent)
    url = "http://127.0.0.1/bounded"
    probe = Probe(url, per_second=500, timeout=0.02)  # 20 may be in flight
    probe.start(count_from_first_success=False)
    try:
        wait_for(lambda: len(asked) >= 20)
        wait_for(lambda: time.monotonic() > asked[19] + 0.1)  # fifty more were due
        assert len(asked) == 20
        answers.set()
        wait_for(lambda: probe.traffic().requests > 20)
    finally:
        answers.set()
        probe.stop()


def test_from_zero_it_counts_from_the_first_healthy_answer() -> None:
    awake = threading.Event()
    with (
        serving(lambda _: OK if awake.is_set() else status(503)) as server,
        probing(server.url, first=True) as probe,
    ):
        wait_for(lambda: server.connections >= 5)
        asleep = probe.traffic()
        assert (asleep.measured, asleep.requests, asleep.failed) == (False, 0, 0)
        assert "no healthy answer so far" in asleep.why_not
        awake.set()
        wait_for(lambda: probe.traffic().requests >= 5)
        assert probe.traffic().measured
        awake.clear()
        wait_for(lambda: probe.traffic().failed >= 1)


def test_a_name_that_does_not_resolve_is_our_network_and_no_loss() -> None:
    with probing("http://nowhere.invalid/") as probe:
        wait_for(lambda: "does not resolve" in probe.traffic().why_not)
        assert not probe.traffic().measured


def test_stop_is_final_and_does_not_wait_for_the_slow() -> None:
    with serving(SILENCE) as server, probing(server.url, timeout=60) as probe:
        wait_for(lambda: server.connections >= 3)
        traffic = probe.stop()
        sent = server.connections
        assert probe.traffic() == traffic == probe.stop()
        assert server.connections == sent


def test_a_service_that_hangs_at_the_end_has_lost_what_it_did_not_answer() -> None:
    hangs = threading.Event()
    with (
        serving(lambda _: SILENCE if hangs.is_set() else OK) as server,
        probing(server.url, timeout=0.3) as probe,
    ):
        wait_for(lambda: probe.traffic().requests >= 5)
        hangs.set()
        wait_for(lambda: len(server.silent) >= 3)
        traffic = probe.stop(unless=lambda: False)
        assert traffic.failed >= 3
        assert traffic.failed_in_a_row == traffic.failed


def test_a_signal_ends_the_wait_for_what_hangs() -> None:
    asked: list[float] = []
    with serving(SILENCE) as server, probing(server.url, timeout=600) as probe:
        wait_for(lambda: server.connections >= 3)
        traffic = probe.stop(unless=lambda: asked.append(0.0) or len(asked) > 3)
        assert not traffic.measured
    assert len(asked) >= 4


def test_without_a_start_nothing_was_measured(refusing: str) -> None:
    probe = Probe(refusing)
    assert probe.traffic().why_not == "no traffic was sent"
    assert not probe.stop().measured


@pytest.mark.parametrize("url", ["ftp://a.example", "nonsense", "http://"])
def test_other_urls_are_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="no http or https address"):
        Probe(url)


def test_baseline_of_a_well_service() -> None:
    with serving(OK) as server:
        assert Probe(server.url).baseline() == Baseline(True, "", 200)


def test_baseline_forgives_one_failure() -> None:
    with serving(lambda n: CUT if n == 0 else OK) as server:
        assert Probe(server.url).baseline().ok


@pytest.mark.parametrize("code", [404, 500, 503])
def test_baseline_tells_the_status(code: int) -> None:
    with serving(status(code)) as server:
        baseline = Probe(server.url).baseline()
    assert (baseline.ok, baseline.status) == (False, code)
    assert baseline.reason.endswith(f" answers {code}")


def test_baseline_sees_a_redirect_that_the_load_balancer_may_have_sent() -> None:
    with serving(status(301, "Location: https://127.0.0.1/health\r\n")) as server:
        baseline = Probe(server.url).baseline()
    assert not baseline.ok
    assert "set the url to https://127.0.0.1/health" in baseline.reason


def test_baseline_takes_any_other_redirect_for_an_answer() -> None:
    with serving(status(302, "Location: /login\r\n")) as server:
        assert Probe(server.url).baseline() == Baseline(True, "", 302)


def test_baseline_names_what_is_wrong_without_an_answer(refusing: str) -> None:
    with serving(SILENCE) as server:
        assert "no answer within 0.05 s" in Probe(server.url, timeout=0.05).baseline().reason
        https = server.url.replace("http:", "https:")
        assert Probe(https, timeout=0.05).baseline().status is None
    assert "refuses connections" in Probe(refusing).baseline().reason
    assert "does not resolve" in Probe("http://nowhere.invalid/").baseline().reason


def test_https_to_a_plain_server_is_no_answer() -> None:
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        baseline = Probe(server.url.replace("http:", "https:")).baseline()
    assert not baseline.ok
    assert "the connection failed" in baseline.reason
