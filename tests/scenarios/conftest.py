"""One place a module: its tests find the service awake and well on `demo`, at 100/200."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.place import WELL, Place, place


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place that the module's tests share."""
    with place(tmp_path_factory.mktemp("place")) as found:
        yield found


@pytest.fixture
def where(shared: Place) -> Place:
    """The shared place, put back to a service that is awake and well on `demo`."""
    shared.configure(**WELL)
    report = shared.deploy("demo", probe=False, request={"supersede": True})
    assert report.exit_code == 0, report
    return shared


@pytest.fixture
def fresh(tmp_path: object) -> Iterator[Place]:
    """A place of the test's own, in which nothing was ever deployed."""
    with place(tmp_path / "place") as found:  # type: ignore[operator]
        yield found
