"""One engine for all tests of this room; each test works under names of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from ecs_local.client import Engine

from tests.engine import Aws, running_engine

_numbers = count(1)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A running engine."""
    with running_engine(tmp_path_factory.mktemp("engine")) as running:
        yield running


@pytest.fixture(scope="session")
def aws(engine: Engine) -> Iterator[Aws]:
    """boto3 clients of the shared engine."""
    clients = Aws(engine)
    yield clients
    clients.close()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"test-{next(_numbers)}"


@pytest.fixture
def cluster(aws: Any, name: str) -> str:
    """A cluster of the test's own; it is not taken away again."""
    aws("ecs").create_cluster(clusterName=name)
    return name
