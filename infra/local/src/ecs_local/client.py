"""Starts, finds, asks and stops an engine from another process. Imports nothing heavy.

engine = client.up(Path(".local"))
os.environ.update(client.environment(engine))
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import secrets
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecs_local import enginefile
from ecs_local.errors import PORT_IN_USE, EngineError, EngineGoneError, EngineStartError, PortInUseError
from ecs_local.world import World

_PAUSE = 0.02  # seconds between two looks
_ANSWER = 10.0  # seconds an engine has for an ordinary answer
_STATUS = 60.0  # the first status after a start may wait for the registers to be imported
_STOP = 20.0  # seconds an engine has to stop its tasks
_LAST_LINES = 15


@dataclass(frozen=True)
class Engine:
    """A running engine. `started` says whether this very call started it."""

    pid: int
    port: int
    url: str
    started: bool
    home: Path


def up(home: Path, port: int = 0, profile: str = "fast", speed: float = 1.0, timeout: float = 15) -> Engine:
    """The engine of that home, started if there is none; of two callers at once, one starts it.

    Port 0 takes a free one. Raises `PortInUseError`, or `EngineStartError` when it does not answer within
    `timeout` seconds.
    """
    home = home.absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineStartError(
            f"The engine's folder {home} cannot be made: {error.strerror}. Set ECS_LOCAL_HOME to one that can."
        ) from None
    try:
        with enginefile.starting(home, 2 * timeout):
            return _fitting(running(home), port) or _start(home, port, profile, speed, timeout)
    except TimeoutError:
        raise EngineStartError(
            f"Another process has been starting an engine in {home} for a long time. Try again, or stop that process."
        ) from None


def running(home: Path) -> Engine | None:
    """The engine of that home if it lives. Raises `EngineGoneError` for one that lives and does not answer."""
    entry = enginefile.read(home)
    if entry is None or not enginefile.alive(home):
        return None
    try:
        told = _ask(entry.port, "GET", "/_local/health", _ANSWER)
    except OSError:
        if not enginefile.alive(home) or enginefile.read(home) != entry:
            return None  # it ended in between, or another one is just starting
        raise EngineGoneError(
            f"The engine in {home} (pid {entry.pid}) runs but does not answer on port {entry.port}. "
            f"End it with `kill {entry.pid}` and start it again; its log is {home / 'engine.log'}."
        ) from None
    if told.get("nonce") != entry.nonce:
        return None
    return Engine(entry.pid, entry.port, entry.url, False, home)


def down(home: Path) -> bool:
    """Stops the engine of that home with all its tasks; False where none was running."""
    engine = running(home.absolute())
    if engine is None:
        return False
    _asked(engine, "POST", "/_local/stop", _ANSWER)
    end = time.monotonic() + _STOP
    while enginefile.alive(engine.home):
        if time.monotonic() > end:
            raise EngineError(
                f"The engine (pid {engine.pid}) did not stop within {_STOP:.0f} s. End it with `kill -9 {engine.pid}`."
            )
        time.sleep(_PAUSE)  # no child of ours perhaps, so there is nothing to wait on
    _reap(engine.pid)
    return True


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """One process at a time, of those that bring something to this engine; the others wait."""
    with (engine.home / "furnish.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def status(engine: Engine) -> dict[str, Any]:
    """What the engine says of itself.

    `pid`, `port`, `url`, `profile`, `account`, `region`, `home`, `uptime` (seconds), `failure` (None, or what its
    loop stumbles over), `listeners` (`load_balancer`, `port`, `bound_port`, `url`), `services` (`cluster`,
    `service`, `status`, `desired`, `running`, `pending`, `url`), `tags`: the published ones by repository, and
    `faults`: the planted ones (`kind`, `service`, `operation`, `seconds`, `left`, `struck`).
    """
    return _asked(engine, "GET", "/_local/status", _STATUS)


def reset(engine: Engine) -> None:
    """Stops every task and forgets everything, published images too."""
    _asked(engine, "POST", "/_local/reset", _STATUS)


def fault(
    engine: Engine,
    kind: str,
    *,
    service: str | None = None,
    operation: str | None = None,
    count: int | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """Plants a fault (`ecs_local.faults.KINDS`) and says what was planted.

    It strikes tasks created, and calls that arrive, from now on: those of one service (name) or one operation
    (`UpdateService`) where given, `count` times or until `clear_faults`. Raises `EngineError` for what there is
    not.
    """
    wish = {
        "kind": kind,
        "service": service,
        "operation": operation,
        "count": count,
        "seconds": seconds,
    }
    return _asked(engine, "POST", "/_local/faults", _ANSWER, json.dumps(wish))


def clear_faults(engine: Engine) -> int:
    """Takes every fault away; how many there were. What they have done stays done; late answers come now."""
    return int(_asked(engine, "DELETE", "/_local/faults", _ANSWER)["cleared"])


def environment(engine: Engine) -> dict[str, str]:
    """The variables with which any AWS client talks to this engine and to nothing else."""
    around = [os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or "", "127.0.0.1", "localhost"]
    direct = ",".join(dict.fromkeys(part for part in ",".join(around).split(",") if part))
    return {
        "AWS_ENDPOINT_URL": engine.url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": World.region,
        "AWS_DEFAULT_REGION": World.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
    }


def exports(engine: Engine) -> list[str]:
    """The same as lines for a shell's `eval`."""
    return [f"export {name}={shlex.quote(value)}" for name, value in environment(engine).items()]


def _fitting(engine: Engine | None, port: int) -> Engine | None:
    if engine is not None and port not in (0, engine.port):
        raise EngineError(
            f"The engine of {engine.home} already runs on port {engine.port}, not {port}. "
            "Stop it first, or leave the port out."
        )
    return engine


def _start(home: Path, port: int, profile: str, speed: float, timeout: float) -> Engine:
    nonce, log = secrets.token_hex(16), home / "engine.log"
    if log.exists():
        log.replace(home / "engine.log.1")
    pid = _spawn(
        home, log, ["--port", str(port), "--profile", profile, "--speed", str(speed), "--nonce", nonce]
    )
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        entry = enginefile.read(home)
        if entry is not None and entry.nonce == nonce:
            return Engine(entry.pid, entry.port, entry.url, True, home)
        code = _reap(pid)
        if code == PORT_IN_USE:
            raise PortInUseError(port)
        if code is not None:
            raise EngineStartError(f"The engine ended with exit code {code} before it was ready.{_tail(log)}")
        time.sleep(_PAUSE)  # it writes its file when it answers
    os.kill(pid, 9)
    raise EngineStartError(
        f"The engine was not ready after {timeout:g} s and was stopped. Try again with more time.{_tail(log)}"
    )


def _spawn(home: Path, log: Path, options: list[str]) -> int:
    """Starts the engine's process in a session of its own, so that no terminal's Ctrl-C reaches it."""
    command = [sys.executable, "-P", "-m", "ecs_local", "serve", "--home", str(home), *options]
    return os.posix_spawn(
        sys.executable,
        command,
        dict(os.environ),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def _reap(pid: int) -> int | None:
    """The exit code of our own child if it has ended; None otherwise, and for a process of somebody else."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if ended else None


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:] if log.exists() else []
    return "".join(["\nIts last words:", *(f"\n  {line}" for line in lines)]) if lines else ""


def _asked(engine: Engine, method: str, path: str, timeout: float, body: str | None = None) -> dict[str, Any]:
    try:
        return _ask(engine.port, method, path, timeout, body)
    except OSError:
        raise EngineGoneError(
            f"The engine on port {engine.port} does not answer any more. Start it again with `inv local.up`."
        ) from None


def _ask(port: int, method: str, path: str, timeout: float, body: str | None = None) -> dict[str, Any]:
    """One request to the engine's own pages. Raises `EngineError` for a refusal, `OSError` without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        received = answer.read()
        if answer.status == http.HTTPStatus.BAD_REQUEST:
            raise EngineError(received.decode(errors="replace").strip())
        if answer.status != http.HTTPStatus.OK:
            raise OSError(f"{method} {path} was answered with {answer.status}")
        told: dict[str, Any] = json.loads(received)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"{method} {path} was not answered by an engine") from error
    finally:
        connection.close()
    return told
