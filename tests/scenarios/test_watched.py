"""A service that is watched: true figures, its dashboard finds what it asks for, its logs, asleep, and bad wishes."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from ecs_local.balancer_metrics import dimensions
from ecs_stats import stats as s
from ecs_stats.aws import AwsSource
from ecs_stats.collect import EMBEDDED, Collector
from ecs_stats.collect_names import names_of
from ecs_stats.stats import Stats, as_data
from ecs_stats.widgets import dashboard_body

from tests.engine import wait_for
from tests.scenarios.place import Place
from tests.tasks.command import ROOT, inv, one_object, refused


def _source(where: Place) -> AwsSource:
    return AwsSource(where.connection.clients, lambda: where.connection.cloud.calls)


def _collector(where: Place) -> Collector:
    environment = where.connection.environment
    return Collector(
        where.connection.cloud, _source(where), environment, environment.services[0], EMBEDDED, time.time
    )


def _traffic(where: Place, path: str = "/") -> None:
    for _ in range(20):
        urllib.request.urlopen(f"{where.url}{path}").close()


def test_what_is_shown_is_what_its_process_does(where: Place) -> None:
    collector = _collector(where)

    def busy() -> Stats | None:
        _traffic(where)
        seen = collector.look()
        return seen if any((one.sent or 0) > 0 for one in seen.containers) else None

    seen: Stats = wait_for(busy, "figures with traffic in them")
    (container,) = [one for one in seen.containers if one.state == "RUNNING"]
    assert (container.cpu or 0) > 0
    assert 1 < (container.memory_percent or 0) < 50
    assert (container.cpu_limit, container.memory_limit) == (256.0, 512.0)
    assert container.last_line == "demo serves on port 8080"
    assert seen.service.image == "app:demo"
    assert seen.tasks[0].zone == "eu-west-3a"
    assert [target.state for target in seen.targets if target.task == container.task] == ["healthy"]
    assert (seen.insights, seen.sleep.state) == ("enhanced", "awake")
    assert (seen.age(s.USAGE) or 99) < 10
    assert seen.notes == ()
    json.dumps(as_data(seen), allow_nan=False)
    assert seen.sleep.sleeps_at is not None
    assert seen.traffic.requests is not None


def test_every_widget_of_the_dashboard_finds_what_it_asks_for(where: Place) -> None:
    connection = where.connection
    names = names_of(
        connection.cloud, _source(where), "local", connection.environment.services[0], "eu-west-3"
    )
    body = dashboard_body(names)
    asked = [row for widget in body["widgets"] for row in widget["properties"].get("metrics", ())]
    # A balancer's minute shows when it is over: that its metrics are named right has to do.
    (group,) = connection.clients("elbv2").describe_target_groups()["TargetGroups"]
    (balancer,) = group["LoadBalancerArns"]
    known = [dimensions(balancer), dimensions(balancer, group["TargetGroupArn"])]
    of_balancer = [row for row in asked if row[0] == "AWS/ApplicationELB"]
    assert len(of_balancer) > 10
    assert all(dict(zip(row[2:-1:2], row[3:-1:2], strict=True)) in known for row in of_balancer)
    expected = [row for row in asked if row not in of_balancer and row[1:2] != ["DeployActivity"]]
    assert len(expected) > 10

    def missing() -> list[Any]:
        there = [_named(one) for one in _metrics(where)]
        return [row for row in expected if not any(_wanted(row, one) for one in there)]

    wait_for(lambda: not missing(), f"metrics for {missing()}")
    for widget in body["widgets"]:
        if widget["type"] == "log":
            named = re.match("SOURCE '([^']*)'", widget["properties"]["query"])
            assert named
            assert connection.clients("logs").filter_log_events(logGroupName=named.group(1))["events"]


Named = tuple[str, str, frozenset[tuple[str, str]]]


def _metrics(where: Place) -> list[dict[str, Any]]:
    pages = where.connection.clients("cloudwatch").get_paginator("list_metrics").paginate()
    return [one for page in pages for one in page["Metrics"]]


def _named(metric: dict[str, Any]) -> Named:
    return (
        metric["Namespace"],
        metric["MetricName"],
        frozenset((one["Name"], one["Value"]) for one in metric["Dimensions"]),
    )


def _wanted(row: Any, metric: Named) -> bool:
    """Whether a metric is what a row of a widget means: by name, or by a SEARCH over a set of dimensions."""
    namespace, name, pairs = metric
    if "expression" not in row[-1]:
        by = row[2:-1]
        return metric == (row[0], row[1], frozenset(zip(by[::2], by[1::2], strict=True)))
    found = re.match(r"SEARCH\('\{([^,]*),([^}]*)\} (.*)', 'Average', 60\)", row[-1]["expression"])
    assert found
    terms = dict(re.findall(r'(\w+)="([^"]*)"', found.group(3)))
    return (
        (namespace, name) == (found.group(1), terms.pop("MetricName"))
        and {key for key, _ in pairs} == set(found.group(2).split(","))
        and set(terms.items()) <= pairs
    )


def test_the_commands(where: Place) -> None:
    once = inv(where.environ, "app.top", "--env", "local", "--once")
    assert once.returncode == 0
    assert "app in local · 1/1 running" in once.stdout
    assert re.search(r"^app +[0-9a-f]{8} +\d+ +RUNNING +healthy", once.stdout, re.MULTILINE)
    seen = one_object(inv(where.environ, "app.top", "--env", "local", "--json"))
    assert seen["services"][0]["service"]["image"] == "app:demo"
    assert seen["api_calls"] > 5
    cloudwatch = inv(where.environ, "app.dashboard", "--env", "local", "--cloudwatch")
    assert json.loads(cloudwatch.stdout)["widgets"]
    assert cloudwatch.stderr.startswith(
        "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-3#dashboards"
    )


def test_logs_of_two_deployments_in_one_stream(where: Place) -> None:
    assert where.deploy("demo-2", probe=False).exit_code == 0

    def told() -> list[dict[str, Any]]:
        done = inv(where.environ, "app.logs", "--env", "local", "--since", "1h", "--json")
        assert done.returncode == 0, done
        return [json.loads(line) for line in done.stdout.splitlines()]

    lines = wait_for(
        lambda: (found := told()) and "demo stopped" in str(found) and found, "the old task's last words"
    )
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert "demo-2 serves on port 8080" in [line["text"] for line in lines]
    assert len({line["task"] for line in lines}) >= 2
    text = inv(where.environ, "app.logs", "--env", "local").stdout
    assert re.search(r"^\S+Z [0-9a-f]{8} demo-2 serves on port 8080$", text, re.MULTILINE)


def test_logs_without_a_line_say_so(fresh: Place) -> None:
    done = inv(fresh.environ, "app.logs", "--env", "local", "--since", "5m")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No lines in the last 5 min; --since looks further back." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["app.top", "--env", "lokal"], ["lokal", "local"]),
        (["app.top", "--env", "local", "--service", "web"], ["web", "app"]),
        (["app.top", "--env", "local", "--interval", "fast"], ["--interval fast"]),
        (["app.logs", "--env", "local", "--container", "web"], ["no container 'web', only app"]),
        (["app.logs", "--env", "local", "--since", "yesterday"], ["--since yesterday"]),
        (["app.dashboard", "--env", "local", "--port", "70000"], ["--port 70000"]),
    ],
)
def test_bad_wishes_are_refused_in_a_sentence(shared: Place, arguments: list[str], words: list[str]) -> None:
    refused(inv(shared.environ, *arguments), 2, *words)


class _Terminal:
    """A command on a terminal of its own."""

    def __init__(self, where: Place, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("INFRA_", "AWS_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *arguments],
            cwd=ROOT,
            env={**kept, **where.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.text = ""

    def until(self, *words: str, times: int = 1, timeout: float = 60) -> None:
        """Reads until all words were shown so many times."""
        end = time.monotonic() + timeout
        while not all(self.text.count(word) >= times for word in words):
            assert time.monotonic() < end, self.text[-2000:]
            self.read()

    def read(self) -> bool:
        """Reads what is there; False at the end."""
        if select.select([self._ours], [], [], 0.2)[0]:
            try:
                received = os.read(self._ours, 65536)
            except OSError:
                received = b""
            self.text += received.decode(errors="replace")
            return bool(received)
        return True

    def press(self, key: str) -> None:
        os.write(self._ours, key.encode())

    def wake(self) -> None:
        """`fg`: once it has stopped."""
        wait_for(lambda: os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOHANG), "the stop")
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Its exit code, with everything it wrote until then."""
        end = time.monotonic() + 60
        while self.read():
            assert time.monotonic() < end, self.text[-500:]
            if self.process.poll() is not None and not select.select([self._ours], [], [], 0)[0]:
                break
        os.close(self._ours)
        return self.process.wait(30)


@pytest.fixture
def terminal(where: Place) -> Iterator[_Terminal]:
    """`app.top` on a terminal; killed at the end if it still runs."""
    found = _Terminal(where, "app.top", "--env", "local")
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.wait()


def test_it_is_live_hears_keys_and_leaves_a_clean_terminal(terminal: _Terminal) -> None:
    terminal.until("app in local", "RUNNING", "c cpu")
    terminal.press("c")
    terminal.until("[c] cpu")
    terminal.process.send_signal(signal.SIGTSTP)  # Ctrl-Z
    terminal.until("\x1b[?1049l")
    terminal.wake()
    terminal.until("\x1b[?1049h", times=2)
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.text.count("\x1b[?1049h") == terminal.text.count("\x1b[?1049l") == 2
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")  # the cursor is back
    assert "Traceback" not in terminal.text


def test_asleep_is_shown_and_nothing_measured(where: Place) -> None:
    where.fall_asleep()
    collector = _collector(where)

    def at_rest() -> bool:
        seen = collector.look()
        return seen.sleep.text == "asleep" and all(one.cpu is None for one in seen.containers)

    wait_for(at_rest, "a service at 0 that uses nothing")
    assert "asleep" in inv(where.environ, "app.top", "--env", "local", "--once").stdout
