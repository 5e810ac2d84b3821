"""One place for the scenarios of a worker, as long as each module leaves it as it found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ecs_local import client

from tests.scenarios.place import CLUSTER, SERVICE, WELL, Place, place


def lasting(where: Place) -> Any:
    """What no test may leave changed: all but the tag that runs, the journal and what `where` and `make_well` reset."""
    seen, connection = where.snapshot(), where.connection
    (live,) = connection.clients("ecs").describe_services(cluster=CLUSTER, services=[SERVICE])["services"]
    content = dict(connection.cloud.task_definition(seen.service.task_definition).content)
    containers = [{**each, "image": ""} for each in content["containerDefinitions"]]
    limits = seen.scaling and (seen.scaling.min_capacity, seen.scaling.max_capacity)
    return limits, live.get("healthCheckGracePeriodSeconds"), {**content, "containerDefinitions": containers}


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Place]]:
    """Gives the place; a new one where the one before was left otherwise than it was."""
    with ExitStack() as open_ones:
        known: list[tuple[Place, Any]] = []

        def give() -> Place:
            if known:
                found, at_first = known[-1]
                client.clear_faults(found.engine)
                if lasting(found) == at_first:
                    return found
                open_ones.close()
            found = open_ones.enter_context(place(tmp_path_factory.mktemp("place")))
            known.append((found, lasting(found)))
            return found

        yield give


@pytest.fixture(scope="module")
def shared(furnished: Callable[[], Place]) -> Place:
    """A place that the module's tests share; who plants something there takes it away again."""
    return furnished()


@pytest.fixture
def where(shared: Place) -> Place:
    """The shared place, put back to a service that is awake and well on `demo`, at 100/200."""
    shared.configure(**WELL)
    report = shared.deploy("demo", probe=False, request={"supersede": True})
    assert report.exit_code == 0, report
    return shared


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Place]:
    """A place of the test's own, in which nothing was ever deployed."""
    with place(tmp_path / "place") as found:
        yield found
