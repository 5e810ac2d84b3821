"""The life of an engine's process: started once, found again, stopped, and never reachable from outside."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ecs_local import client, enginefile
from ecs_local.client import Engine
from ecs_local.errors import EngineError, EngineGoneError, EngineStartError, PortInUseError

from tests.engine import Aws, running_engine, wait_for

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose engine, if any, is gone after the test."""
    yield tmp_path
    entry = enginefile.read(tmp_path)
    if entry is not None and enginefile.alive(tmp_path):
        client.down(tmp_path)


def _ended(home: Path) -> bool:
    return not enginefile.alive(home)


def test_up_finds_what_runs_and_down_ends_it(home: Path) -> None:
    first = client.up(home, timeout=60)
    again = client.up(home, timeout=60)
    assert (first.started, again.started) == (True, False)
    assert (first.pid, first.port) == (again.pid, again.port)
    assert client.running(home) == again
    assert client.down(home)
    assert client.running(home) is None
    assert not (home / "engine.json").exists()
    assert not client.down(home)


def test_two_starts_at_once_end_with_one_engine(home: Path) -> None:
    code = (
        "import sys, pathlib; from ecs_local import client; "
        "print(client.up(pathlib.Path(sys.argv[1]), timeout=60).pid)"
    )

    def start(_: int) -> str:
        told = subprocess.run(
            [sys.executable, "-c", code, str(home)], capture_output=True, text=True, check=True
        )
        return told.stdout

    with ThreadPoolExecutor(3) as pool:
        pids = set(pool.map(start, range(3)))
    assert len(pids) == 1


def test_a_second_process_in_the_same_home_is_refused(home: Path) -> None:
    client.up(home, timeout=60)
    second = subprocess.run(
        [sys.executable, "-m", "ecs_local", "serve", "--home", str(home)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 2
    assert "already runs" in second.stderr


def test_a_port_in_use_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)) as caught:
            client.up(home, port=port, timeout=60)
    assert caught.value.exit_code == 2
    assert client.running(home) is None


def test_another_port_than_the_running_one_is_refused(home: Path) -> None:
    engine = client.up(home, timeout=60)
    with pytest.raises(EngineError, match=f"already runs on port {engine.port}"):
        client.up(home, port=1 if engine.port != 1 else 2, timeout=60)


def test_a_start_that_fails_shows_the_last_words(home: Path) -> None:
    with pytest.raises(EngineStartError, match="invalid choice: 'slow'"):
        client.up(home, profile="slow", timeout=60)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"pid": 1}'])
def test_a_broken_engine_file_is_no_engine(home: Path, content: str) -> None:
    (home / "engine.json").write_text(content)
    assert client.running(home) is None


def test_a_leftover_of_a_killed_engine_is_recognised(home: Path) -> None:
    first = client.up(home, timeout=60)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: _ended(home), "the end of the engine")
    assert (home / "engine.json").exists()
    assert client.running(home) is None
    assert not client.down(home)
    second = client.up(home, timeout=60)
    assert second.started
    assert second.pid != first.pid


def test_a_stranger_on_the_port_is_no_engine(home: Path) -> None:
    """The pid and the port of a leftover may belong to other programs by now."""
    with running_engine(home / "other") as other:
        leftover = enginefile.Entry(os.getpid(), other.port, other.url, "another nonce")
        enginefile.write(home, leftover)
        assert client.running(home) is None
        handle = enginefile.hold(home)
        assert handle is not None
        try:
            assert client.running(home) is None
        finally:
            os.close(handle)


def test_an_engine_that_does_not_answer_is_named(home: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        enginefile.write(home, enginefile.Entry(4711, unused.getsockname()[1], "http://", "nonce"))
        handle = enginefile.hold(home)
        assert handle is not None
        try:
            with pytest.raises(EngineGoneError, match="kill 4711"):
                client.running(home)
        finally:
            os.close(handle)
            (home / "engine.json").unlink()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(home: Path, number: signal.Signals) -> None:
    engine = client.up(home, timeout=60)
    os.kill(engine.pid, number)
    wait_for(lambda: _ended(home), "the end of the engine")
    assert os.waitstatus_to_exitcode(os.waitpid(engine.pid, 0)[1]) == 0
    assert not (home / "engine.json").exists()


def test_an_idle_engine_stops_by_itself(home: Path) -> None:
    command = [sys.executable, "-m", "ecs_local", "serve", "--home", str(home), "--idle-minutes", "0.001"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "nobody asked" in told.stderr
    assert not (home / "engine.json").exists()


def test_status_says_where_and_what(engine: Engine) -> None:
    told = client.status(engine)
    assert (told["pid"], told["port"], told["url"]) == (engine.pid, engine.port, engine.url)
    assert (told["profile"], told["failure"]) == ("fast", None)


def test_reset_forgets_everything(home: Path) -> None:
    engine = client.up(home, timeout=60)
    aws = Aws(engine)
    aws("ecs").create_cluster(clusterName="one")
    aws("ecr").create_repository(repositoryName="one")
    aws("ssm").put_parameter(Name="/one", Value="x", Type="String")
    client.reset(engine)
    assert aws("ecs").list_clusters()["clusterArns"] == []
    assert aws("ecr").describe_repositories()["repositories"] == []
    assert aws("ssm").describe_parameters()["Parameters"] == []
    assert client.status(engine)["failure"] is None
    aws.close()


def test_the_environment_is_enough_for_any_client(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    told = client.environment(engine)
    assert told["AWS_ENDPOINT_URL"] == engine.url
    assert told["NO_PROXY"] == "internal.example,127.0.0.1,localhost"
    command = [sys.executable, "-m", "awscli", "sts", "get-caller-identity"]
    answer = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=True)
    assert json.loads(answer.stdout)["Account"] == "000000000000"


@linux
def test_it_listens_on_loopback_only(engine: Engine, aws: Aws) -> None:
    aws("ec2").describe_vpcs()  # a passive register: nothing of it may listen either
    inodes = {str(each.readlink()) for each in Path(f"/proc/{engine.pid}/fd").iterdir() if each.is_symlink()}
    own = {found[1] for each in inodes if (found := re.fullmatch(r"socket:\[(\d+)\]", each))}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{engine.pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in own:
                listening.append(columns[1].rpartition(":")[0])
    assert set(listening) == {"0100007F"}  # 127.0.0.1, little end first


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:1"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "127.0.0.1", "Origin": "http://evil.example"}, 403),
    ],
)
def test_web_pages_cannot_reach_it(engine: Engine, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    connection.request("GET", "/_local/health", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


def test_a_page_that_is_not_there(engine: Engine) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    connection.request("GET", "/_local/none")
    assert connection.getresponse().status == 404
    connection.close()


@linux
def test_an_idle_engine_is_small(home: Path) -> None:
    engine = client.up(home, timeout=60)
    aws = Aws(engine)
    for service, call in {
        "ec2": "describe_subnets",
        "iam": "list_roles",
        "cloudwatch": "describe_alarms",
    }.items():
        getattr(aws(service), call)()  # the registers are most of it
    aws.close()
    told = Path(f"/proc/{engine.pid}/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+) kB", told)
    assert resident is not None
    assert int(resident[1]) <= 300 * 1024


def test_looking_for_an_engine_imports_nothing_heavy() -> None:
    code = (
        "import sys, ecs_local.client; "
        "print([name for name in ('aiohttp', 'botocore', 'moto', 'asyncio') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
