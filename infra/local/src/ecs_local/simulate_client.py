"""The API of a simulated world without HTTP: the same handlers that the server asks, called by name.

    client = Client(simulation)
    client.call("ecs", "DescribeServices", {"cluster": "main", "services": ["app"]})

What the passive registers hold (identities, images, logs) is no part of a world; such calls are refused.
"""

from __future__ import annotations

from typing import cast

from ecs_local.api import autoscaling, cloudwatch, ecs, elbv2, ssm
from ecs_local.api.context import Call, Handler
from ecs_local.api.errors import AwsError
from ecs_local.simulate import Simulation
from ecs_local.world import Content

_HANDLERS: dict[str, dict[str, Handler]] = {
    "application-autoscaling": autoscaling.OPERATIONS,
    "cloudwatch": cloudwatch.OPERATIONS,
    "ecs": ecs.OPERATIONS,
    "elbv2": elbv2.OPERATIONS,
    "ssm": ssm.OPERATIONS,
}
READS = ("Describe", "Get", "List")


class Client:
    """Asks one simulated world. Times in answers are seconds; `AwsError` is what AWS would answer as an error."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def call(self, service: str, operation: str, params: Content) -> Content:
        """The answer to one call at this moment of the virtual clock. Raises `AwsError`."""
        handler = _HANDLERS.get(service, {}).get(operation)
        if handler is None:
            raise AwsError("UnknownOperationException", f"The simulation does not answer {operation}.")
        simulation = self._simulation
        # None for the passive registers:
        call = Call(simulation.world, simulation.now, None, "http://127.0.0.1")  # type: ignore[arg-type] # nobody asks them here
        answer = cast("Content", handler(call, params))
        if not operation.startswith(READS) and service != "ssm":  # no task hangs on a parameter
            simulation.touch()
        return answer
