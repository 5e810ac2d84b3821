"""For all tests: signals do what they do in a terminal, wherever the tests were started from; models are read once.

A shell ignores SIGINT for what it runs in the background, and `nohup` ignores SIGHUP; children inherit that, and
with it every test of Ctrl-C would wait for ever.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

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


# Who works beside others takes a file at a time: short ones at the end leave nobody idle.
_LONGEST_FIRST = ("scenarios", "simulation", "provisioning", "foreign", "tasks", "workspace", "local")
_HERE = Path(__file__).parent


def pytest_collection(session: pytest.Session) -> None:
    """In a fresh clone each worker compiles a share of its own, and finds the shares of the others compiled."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or [Path(each).resolve() for each in session.config.args] != [_HERE]:
        return
    mine = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    for file in sorted(_HERE.rglob("test_*.py"))[mine::workers]:
        with suppress(Exception):  # told when it is collected
            importlib.import_module(".".join(file.relative_to(_HERE.parent).with_suffix("").parts))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The rooms whose tests take longest come first."""
    order = {room: number for number, room in enumerate(_LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.relative_to(_HERE).parts[0], len(order)))


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
