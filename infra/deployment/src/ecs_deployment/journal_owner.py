"""Who holds a lock, and whether that process is still there."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SECONDS = 5  # for ps and sysctl, which answer at once


@dataclass(frozen=True)
class Owner:
    """A process as another one can recognise it. `machine` and `born` are "" where it cannot be told."""

    user: str
    host: str
    pid: int
    machine: str
    born: str

    def __str__(self) -> str:
        return f"{self.user}@{self.host}:{self.pid}"


def this_process() -> Owner:
    """The process that asks."""
    pid = os.getpid()
    return Owner(_user(), socket.gethostname(), pid, this_machine(), process_born(pid))


def is_gone(machine: str, pid: int, born: str) -> bool:
    """Whether the process `pid`, started at `born` on `machine`, has certainly ended.

    False where it lives, and wherever it cannot be told: on another machine, before a reboot, in another
    container. The lease decides then.
    """
    if not machine or not born or machine != this_machine() or not 0 < pid < 2**31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's process is one
    now = process_born(pid)
    return now not in ("", born)


def this_machine() -> str:
    """This boot of this host and its process namespace: only there a pid means what it meant to its owner.

    A host name will not do: every runner of a fleet, every container of an image may have the same.
    """
    boot = _text("/proc/sys/kernel/random/boot_id") or _answer("sysctl", "-n", "kern.bootsessionuuid")
    if not boot:
        return ""
    try:
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return boot  # no process namespaces here


def process_born(pid: int) -> str:
    """When that process was started, in the platform's own words; "ended" for one that is only not reaped
    yet, "" where it cannot be told."""
    if stat := _text(f"/proc/{pid}/stat"):
        # proc(5): state is field 3, starttime field 22; the name in field 2 may hold anything, ")" too.
        state, *rest = stat.rpartition(")")[2].split()
        return "ended" if state in "ZX" else rest[18]
    state, _, started = _answer("ps", "-o", "stat=,lstart=", "-p", str(pid)).partition(" ")
    return "ended" if state.startswith("Z") else started.strip()


def run_url(environ: Mapping[str, str]) -> str:
    """The page of the CI run we are part of: GitHub Actions, GitLab, Jenkins; "" on a laptop."""
    if run := environ.get("GITHUB_RUN_ID"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        return f"{server}/{environ.get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
    return environ.get("CI_JOB_URL") or environ.get("BUILD_URL") or ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run a user id that has no name
        return str(os.getuid())


def _text(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return ""


def _answer(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
