"""What processes use, read from the kernel and held against what they really did."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ecs_local.usage import usage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_BURN = "import time\nwhile time.process_time() < 0.15: pass\nprint('burnt', flush=True)\ninput()"
_HOLD = "held = bytearray(60_000_000)\nprint('held', flush=True)\ninput()"


def _child(code: str, *outer: str) -> subprocess.Popen[str]:
    command = [*outer, sys.executable, "-I", "-S", "-c", code]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()  # it has done what it should
    return child


@pytest.mark.parametrize("outer", [(), ("/bin/sh", "-c", '"$@"; exit', "sh")])
def test_cpu_time_of_the_process_and_of_those_below_it(outer: tuple[str, ...]) -> None:
    with _child(_BURN, *outer) as child:
        used = usage(child.pid)
        assert used is not None
        assert 0.15 <= used.cpu_seconds < 1.5
        child.communicate("\n")


def test_children_that_have_ended_still_count() -> None:
    code = (
        "import subprocess, sys\n"
        f"subprocess.run([sys.executable, '-I', '-S', '-c', {_BURN.replace('input()', '')!r}])\n"
        "print('over', flush=True)\ninput()"
    )
    with _child(code) as child:
        used = usage(child.pid)
        assert used is not None
        assert used.cpu_seconds >= 0.14  # that of children comes in ticks of 10 ms
        child.communicate("\n")


def test_memory_is_what_it_holds() -> None:
    with _child(_HOLD) as child:
        used = usage(child.pid)
        assert used is not None
        assert 60_000_000 < used.memory < 120_000_000
        child.communicate("\n")


def test_nothing_is_known_of_a_process_that_is_gone() -> None:
    with _child("print()") as child:
        child.communicate()
    assert usage(child.pid) is None
    assert usage(os.getpid()) is not None
