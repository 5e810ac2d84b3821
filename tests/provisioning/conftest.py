"""One engine for the room; each test works on a stack of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from ecs_deployment.settings import ServiceSettings
from ecs_provisioning.calls import Aws
from ecs_provisioning.prepare import Wish

from tests import engine as engines

_numbers = count(1)


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engines.Aws]:
    """boto3 clients of a running engine."""
    with engines.running_engine(tmp_path_factory.mktemp("engine")) as running:
        found = engines.Aws(running)
        yield found
        found.close()


@pytest.fixture
def aws(clients: engines.Aws) -> Aws:
    """The same as the rooms of the member want them."""
    return Aws(clients, clients)


@pytest.fixture
def wish() -> Wish:
    """A service that no other test has."""
    name = f"shop{next(_numbers)}"
    return Wish("test", ServiceSettings(name, cluster=f"{name}-cluster", repository=name, idle_minutes=5))
