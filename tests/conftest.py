"""For all tests: signals do what they do in a terminal, wherever the tests were started from; models are read once.

A shell ignores SIGINT for what it runs in the background, and `nohup` ignores SIGHUP; children inherit that, and
with it every test of Ctrl-C would wait for ever.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator

import hypothesis
import pytest
from ecs_local.api.model_files import read_once

from tests import tools

# What names no number of examples gets these: the suite has to end in five minutes on two cores.
hypothesis.settings.register_profile("suite", max_examples=40, deadline=None)
hypothesis.settings.load_profile("suite")

# The tests start hundreds of processes: each would compile the project anew, and each worker all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: the garbage collector need not look through them again and again."""
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a tool that is not here, or fail it where every tool has to be."""
    lacking = tools.missing({marker.name for marker in item.iter_markers()})
    if lacking:
        (pytest.fail if tools.are_required() else pytest.skip)(lacking)


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> Iterator[None]:
    """Every session of boto3 reads the models of its services anew, and the tests make hundreds of sessions."""
    with read_once():
        yield
