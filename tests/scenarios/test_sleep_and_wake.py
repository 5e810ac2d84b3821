"""The whole story on the clock: deployed from zero, idle, asleep, a visitor, awake; the template's own alarms do it.

The engine plays the `fargate` profile forty times as quick, with real processes behind a real load balancer.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

from ecs_deployment.outcome import Outcome

from tests.engine import wait_for
from tests.scenarios.place import CLUSTER, SERVICE, Place, place

SPEED = 40.0
SETTINGS = """
[environments.local]
provider = "local"

[environments.local.services.app]
scale_to_zero = { idle_minutes = 1 }
"""


def visit(where: Place) -> int:
    """What a visitor is answered."""
    try:
        with urllib.request.urlopen(where.url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def done_by_scaling(where: Place) -> list[str]:
    """Who changed the desired count, oldest first."""
    answer = where.connection.clients("application-autoscaling").describe_scaling_activities(
        ServiceNamespace="ecs", ResourceId=f"service/{CLUSTER}/{SERVICE}"
    )
    return [one["Cause"] for one in reversed(answer["ScalingActivities"])]


def test_deploy_idle_zero_visitor_awake(tmp_path: Path) -> None:
    with place(tmp_path, profile="fargate", speed=SPEED, settings=SETTINGS) as where:
        report = where.deploy("demo")
        assert report.outcome is Outcome.DEPLOYED
        assert report.services[0].was_asleep
        assert done_by_scaling(where) == []  # nobody put it to sleep while it was being deployed

        wait_for(lambda: where.snapshot().service.desired == 0, "the service to fall asleep")
        wait_for(lambda: where.snapshot().service.running == 0, "its task to be gone")
        idle = f"monitor alarm {CLUSTER}-{SERVICE}-idle in state ALARM triggered policy {CLUSTER}-{SERVICE}-sleep"
        assert done_by_scaling(where)[-1] == idle
        assert where.verify("demo").findings == ()

        assert visit(where) == 503
        wait_for(lambda: visit(where) == 200, "a visitor to be served")
        wake = (
            f"monitor alarm {CLUSTER}-{SERVICE}-wake in state ALARM triggered policy {CLUSTER}-{SERVICE}-wake"
        )
        assert done_by_scaling(where)[-1] == wake
        assert where.verify("demo").findings == ()
