"""What the processes of a container use: CPU time and memory of its first process and all below it, from /proc.

Where there is no /proc (macOS) nothing is known, and nothing is said.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
# Fields of /proc/<pid>/stat after the command's closing bracket, counted from 0 (proc_pid_stat(5), less 3).
_UTIME, _CUTIME, _RESIDENT = 11, 13, 21


@dataclass(frozen=True)
class Usage:
    """CPU time since the start, in seconds, that of ended children included; resident memory in bytes."""

    cpu_seconds: float
    memory: int


def usage(pid: int) -> Usage | None:
    """Of that process and everything below it; None where it is gone or nothing can be known.

    Pages that processes share count in each: for one process a container that is what it holds.
    """
    found = [stat for each in _tree(pid) if (stat := _stat(each)) is not None]
    if not found:
        return None
    return Usage(sum(cpu for cpu, _ in found), sum(pages for _, pages in found) * _PAGE)


def _tree(pid: int) -> Iterator[int]:
    waiting, seen = [pid], {pid}
    while waiting:
        process = waiting.pop()
        yield process
        for child in _children(process):
            if child not in seen:
                seen.add(child)
                waiting.append(child)


def _children(pid: int) -> Iterator[int]:
    """The children of each of its threads; none where the kernel does not list them."""
    try:
        threads = list((_PROC / str(pid) / "task").iterdir())
    except OSError:
        return
    for thread in threads:
        try:
            text = (thread / "children").read_text()
        except OSError:
            continue
        yield from map(int, text.split())


def _stat(pid: int) -> tuple[float, int] | None:
    """(seconds of CPU, its own and that of children it has waited for; resident pages)."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    own = sum(map(int, fields[_UTIME:_CUTIME])) / _TICKS
    children = sum(map(int, fields[_CUTIME : _CUTIME + 2])) / _TICKS
    return _precisely(pid, own) + children, int(fields[_RESIDENT])


def _precisely(pid: int, ticks: float) -> float:
    """A process's CPU time by its own clock, finer than ticks; Linux forms the clock's id from the pid."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except (AttributeError, OSError):
        return ticks
