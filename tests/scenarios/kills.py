"""`kill -9` exactly after the n-th API call: a proxy before the engine counts, kills, and delivers nothing more.

with killing(where) as rig:
    dead = rig.deploy("demo-2", after=17)   # the real command, dead once its 17th call took effect
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ecs_deployment.journal import Entry
from ecs_deployment.outcome import Outcome, Result

from tests.engine import ACCOUNT, REGION, wait_for
from tests.scenarios.place import CLUSTER, SERVICE, Place

ROOT = Path(__file__).resolve().parents[2]
_SETTINGS = """
[environments.local]
provider = "aws"
account = "{account}"
region = "{region}"

[environments.local.services.app]
cluster = "{cluster}"
service = "{service}"
container = "app"
repository = "{repository}"
scale_to_zero = {{ idle_minutes = 5 }}
"""


@dataclass
class Counting:
    """What the proxy has let through to the engine, by name; the `after`-th call of that name is the last."""

    after: int = 0  # 0: none is the last
    name: str = ""  # "": of any name
    pid: int = 0
    over: bool = False
    calls: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, name: str) -> bool | None:
        """Whether the call may be answered; False: it takes effect and its sender dies; None: it is dead already."""
        with self.lock:
            if self.over:
                return None
            self.calls.append(name)
            counted = self.calls.count(self.name) if self.name else len(self.calls)
            self.over = bool(self.after) and counted == self.after
            return not self.over


@dataclass(frozen=True)
class Rig:
    """The proxy's counts, and the command that is sent through it."""

    counting: Counting
    environ: dict[str, str]

    def deploy(self, tag: str, *, after: int = 0, name: str = "") -> subprocess.CompletedProcess[str]:
        """`inv app.deploy`, killed after so many calls, of that name if one is given; 0: not at all.

        Its return code is -9 where it was killed.
        """
        self.counting.after, self.counting.name = after, name
        self.counting.calls, self.counting.over = [], False
        process = subprocess.Popen(
            [sys.executable, "-m", "invoke", "app.deploy", "--env", "local", "--tag", tag],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.counting.pid = process.pid
        output, _ = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output)


@contextmanager
def killing(where: Place) -> Iterator[Rig]:
    """A rig before the engine of a place. To the command the engine is AWS at another address."""
    counting = Counting()

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            admitted = counting.admit(_name(dict(self.headers.items()), body))
            if admitted is not None:
                self._forward(body, deliver=admitted)
            if not admitted:
                self.close_connection = True
                with suppress(ProcessLookupError):
                    os.kill(counting.pid, signal.SIGKILL)

        def _forward(self, body: bytes, *, deliver: bool) -> None:
            engine = http.client.HTTPConnection("127.0.0.1", where.engine.port, timeout=30)
            try:
                engine.request(self.command, self.path, body, dict(self.headers.items()))
                answer = engine.getresponse()
                content = answer.read()
            finally:
                engine.close()
            if not deliver:
                return
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings = where.home.parent / "killed.toml"
    (service,) = where.connection.environment.services
    settings.write_text(
        _SETTINGS.format(
            account=ACCOUNT, region=REGION, cluster=CLUSTER, service=SERVICE, repository=service.repository
        )
    )
    try:
        yield Rig(
            counting,
            {
                "INFRA_ENVIRONMENTS": str(settings),
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_EC2_METADATA_DISABLED": "true",
            },
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _name(headers: dict[str, str], body: bytes) -> str:
    target = headers.get("X-Amz-Target", "").rpartition(".")[2]
    return target or body.decode("latin-1").partition("Action=")[2].partition("&")[0] or "unnamed"


def second_run(where: Place, kind: str, tag: str) -> Result:
    """What somebody does about a run that died: deploy anew, resume or abort it. Waits for whatever still rolls."""
    if kind == "deploy":
        (result,) = where.deploy(tag, probe=False).services
    else:
        (result,) = where.deploy("", probe=False, request={"action": kind}).services
    wait_for(lambda: _settled(where), "the service to be settled")
    return result


def _settled(where: Place) -> bool:
    deployments = where.snapshot().service.deployments
    return len(deployments) == 1 and deployments[0].rollout_state != "IN_PROGRESS"


def lies(where: Place, kind: str, before: str, tag: str, dead: Entry | None, result: Result) -> list[str]:
    """What is wrong after the second run; nothing, as it should be. `before` is the revision that ran first."""
    seen, newest = where.snapshot(), where.entries()[0]
    on = seen.service.task_definition
    begun = dead is not None and bool(dead.revision)
    there = {c.image_digest for task in seen.running for c in task.containers}
    cloud = where.connection.cloud
    wanted = cloud.image(where.connection.environment.services[0].repository or "", tag)
    assert wanted
    found = [f"{finding.code}: {finding.text}" for finding in where.verify().findings]
    if result.outcome not in (Outcome.DEPLOYED, Outcome.UNCHANGED):
        found.append(f"it ended {result.outcome.value}: {result.cause}")
    if seen.scaling and seen.scaling.suspended.scale_in:
        found.append("scale-in is suspended")
    if seen.service.configuration["minimumHealthyPercent"] != 0:
        found.append("the floor was not handed back")
    if newest.debts or (not newest.outcome):
        found.append(f"the journal owes {newest.debts} and says {newest.outcome!r}")
    if kind == "deploy" and not there <= wanted.accepted:
        found.append("another image runs than the one that was deployed")
    if kind == "resume" and begun and not there <= wanted.accepted:
        found.append("another image runs than that of the run that was resumed")
    # What died proven is not undone by abort: `app.rollback` is for that, and it says so.
    if kind == "abort" and on != before and not (dead and dead.proven):
        found.append(f"{on} runs, and not what ran before ({before})")
    if result.revision and result.revision != on.rsplit("/", 1)[-1]:
        found.append(f"it says {result.revision}, and {on} runs")
    return found
