"""Which container of a task is to blame, and whose log is read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ecs_deployment import diagnose, model

from tests.deployment import builders as b
from tests.deployment.test_diagnose import (
    CANNOT_PULL,
    ELB,
    EXITED,
    OURS,
    OUT_OF_MEMORY,
    container,
    seen,
    stopped,
)

SICK = "Task failed container health checks"


@pytest.mark.parametrize(
    ("containers", "blamed"),
    [
        # ECS stops the others once one has exited, and kills what does not go.
        ((container(137, name="envoy"), container(1)), "app exited with code 1"),
        ((container(143, name="envoy"), container(0)), "app came to its end with exit code 0"),
        ((container(137, name="envoy"), container(0)), "app came to its end with exit code 0"),
        ((container(0, name="envoy"), container(137)), "app was killed"),
        ((container(0, name="envoy"), container(143)), "envoy came to its end with exit code 0"),
        ((container(1), container(137, OUT_OF_MEMORY, name="envoy")), "envoy was killed"),
        ((container(137, name="envoy"), container(143)), "envoy was killed"),
        ((container(2, name="envoy"), container(137)), "envoy exited with code 2"),
        ((container(None, name="envoy"), container(143)), "app exited with code 143"),
    ],
)
def test_the_container_that_ended_first_is_to_blame(
    containers: tuple[model.Container, ...], blamed: str
) -> None:
    for row in (containers, containers[::-1]):
        task = stopped(EXITED, "EssentialContainerExited", *row)
        assert diagnose.cause(seen(task), OURS, deployed=("app",)).text.startswith(f"Container {blamed}")
        ((_, name),) = diagnose.failing_containers([task], OURS, ("app",))
        assert name == blamed.split()[0]


@pytest.mark.parametrize("reason", [SICK, ELB])
@pytest.mark.parametrize("codes", [(0, 143), (143, 0), (137, 0), (1, 137)])
def test_of_a_task_that_was_stopped_for_its_health_the_deployed_container_tells(
    reason: str, codes: tuple[int, int]
) -> None:
    side, app = container(codes[0], name="envoy"), container(codes[1])
    task = stopped(reason, "ServiceSchedulerInitiated", side, app)
    assert diagnose.failing_containers([task], OURS, ("app",)) == ((f"{2:032x}", "app"),)
    sick = stopped(reason, "ServiceSchedulerInitiated", replace(side, health="UNHEALTHY"), app)
    assert diagnose.failing_containers([sick], OURS, ("app",)) == ((f"{2:032x}", "envoy"),)


def test_the_container_whose_log_tells_most() -> None:
    side, app = container(0, name="proxy"), container(1)
    exited = stopped(EXITED, "EssentialContainerExited", side, app)
    later = replace(exited, arn=exited.arn[:-32] + 32 * "f", created_at=exited.created_at + 1)
    assert diagnose.failing_containers([exited], OURS) == ((f"{2:032x}", "app"),)
    assert diagnose.failing_containers([exited, later], OURS) == ((32 * "f", "app"), (f"{2:032x}", "app"))
    never_ran = replace(stopped(CANNOT_PULL), started_at=None)
    assert diagnose.failing_containers([never_ran], OURS) == (), "it wrote nothing"
    assert diagnose.failing_containers([b.task(2)], OURS) == ()
