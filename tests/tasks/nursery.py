"""Real `inv` processes that need no start-up: each is forked from one that has imported the heavy things already.

Most of a command's half second is imports, and the tests run it some hundred times. A child has its own
environment, folder, output and exit code; the task tree itself and its settings are loaded anew in each.

code, out, err = run(["app.status", "--env", "local"], environ, cwd, timeout=120)
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_HEAVY = (
    "boto3",
    "botocore.session",
    "rich.console",
    "rich.live",
    "rich.table",
    "ecs_deployment.aws",
    "ecs_deployment.deploy",
    "ecs_deployment.describe",
    "ecs_deployment.report",
    "ecs_deployment.status",
    "ecs_deployment.verify",
    "ecs_local.client",
    "ecs_provisioning.apply",
)


def run(
    arguments: Sequence[str], environ: Mapping[str, str], cwd: Path, timeout: float
) -> tuple[int, str, str]:
    """`inv` with these arguments and nothing on stdin: exit code (negative: the signal), stdout, stderr."""
    nursery = _nursery()
    assert nursery.stdin
    assert nursery.stdout
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        wanted = [list(arguments), dict(environ), str(cwd), str(out), str(err)]
        nursery.stdin.write(json.dumps(wanted) + "\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        if not select.select([nursery.stdout], [], [], timeout)[0]:
            os.kill(pid, signal.SIGKILL)
            nursery.stdout.readline()
            raise subprocess.TimeoutExpired(["inv", *arguments], timeout, out.read_bytes(), err.read_bytes())
        code = int(nursery.stdout.readline())
        return code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")


@cache
def _nursery() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.close()  # its requests are over
    process.stdout.close()
    process.wait()


def serve() -> None:
    """A child for each request that comes on stdin; its pid and then its exit code go to stdout."""
    del sys.path[0]  # this folder
    for name in _HEAVY:
        importlib.import_module(name)
    gc.freeze()  # no child need look through it
    for request in sys.stdin:
        arguments, environ, cwd, out, err = json.loads(request)
        pid = os.fork()
        if pid == 0:
            _become(environ, cwd, out, err)
            _inv(arguments)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(environ: dict[str, str], cwd: str, out: str, err: str) -> None:
    files = [os.open(os.devnull, os.O_RDONLY)]
    files += [os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for name in (out, err)]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - the process's own stream, not a path
    os.environ.clear()
    os.environ.update(environ)
    tempfile.tempdir = None  # TMPDIR may be another one
    os.chdir(cwd)


def _inv(arguments: list[str]) -> None:
    from invoke.main import program

    sys.argv = ["inv", *arguments]
    try:
        program.run()
        code: object = 0
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve()
