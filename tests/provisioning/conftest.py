"""One engine for the room; each test works on a stack of its own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from ecs_deployment.settings import ServiceSettings
from ecs_provisioning import stack as stacks
from ecs_provisioning.calls import Aws
from ecs_provisioning.prepare import Wish
from ecs_provisioning.stack import Stack

from tests import engine as engines
from tests.provisioning.quietly import CLUSTER, EVERYTHING, NAME, Made, applied
from tests.provisioning.readers import READ

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


@pytest.fixture(scope="session")
def whole(clients: engines.Aws) -> Stack:
    """A stack with everything that the template can make, a network and a deploy role too."""
    settings = ServiceSettings(NAME, cluster=CLUSTER, repository=NAME, idle_minutes=5)
    made = clients("iam").upload_server_certificate(
        ServerCertificateName=NAME, CertificateBody="public", PrivateKey="private"
    )
    wished = EVERYTHING | {"CertificateArn": made["ServerCertificateMetadata"]["Arn"]}
    return applied(Aws(clients, clients), Wish("test", settings, wished, journal="deploys")).stack


@pytest.fixture(scope="session")
def made(clients: engines.Aws, whole: Stack) -> Made:
    """Every resource of it by its logical id, as its own service tells it."""
    aws = Aws(clients, clients)
    rows = stacks.resources(aws, whole)
    return {logical: READ[kind](aws, physical) for logical, kind, physical in rows}
