"""An apply without anybody listening, and templates with something more in them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ecs_deployment.clock import RealClock
from ecs_provisioning import template
from ecs_provisioning.apply import Applied, apply
from ecs_provisioning.calls import Aws
from ecs_provisioning.lock import Ours, Unlocked
from ecs_provisioning.prepare import Wish


def free(*_: Any) -> AbstractContextManager[Ours]:
    """The lock of a service that nobody else wants."""
    return nullcontext(Unlocked())


def applied(aws: Aws, wish: Wish, **how: Any) -> Applied:
    """Apply, without a lock."""
    return apply(aws, wish, RealClock(), lambda _: None, free, **how)


Made = dict[str, dict[str, Any]]
"""Every resource of a stack by its logical id, as its own service tells it."""

NAME, CLUSTER = "everything", "everything-cluster"
EVERYTHING = {
    "ContainerInsights": "enhanced",
    "NetworkOrigin": "create",
    "EarlySuccess": "on",
    "ErrorsPerMinute": "5",
    "ThrowawayPrefix": "pr-",
    "GitHubRepository": "acme/shop",
}
"""Parameters with which the template makes all that it can make, given a certificate too."""

_BODY = template.body()  # as it is before anybody puts another in its place
BAD = """
  Bad:
    Type: AWS::Logs::LogGroup
    DependsOn: Service
    Properties: {LogGroupName: "no spaces, please"}
"""


def with_bad_end(*_: Any) -> str:
    """The template, and after the service a resource that no one can make."""
    head, outputs, tail = _BODY.partition("\nOutputs:")
    return f"{head}\n{BAD}{outputs}{tail}"
