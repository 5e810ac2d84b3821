"""What the world knows of the load balancer: target groups with their targets, listeners with their rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ecs_local.world import Content

TargetState = Literal["initial", "healthy", "unhealthy", "draining", "unused"]


@dataclass
class Target:
    """One target of a group, as its health checks see it. Only `transitions` changes the state."""

    id: str  # address
    port: int
    task: str  # ARN of the task that registered it, "" for a stranger
    registered_at: float
    state: TargetState = "initial"
    reason: str = "Elb.RegistrationInProgress"
    description: str = "Target registration is in progress"
    passes: int = 0  # in a row
    failures: int = 0  # in a row
    draining_since: float | None = None
    in_flight: int = 0  # requests it is answering now; counted by the balancer
    idle_since: float = 0.0  # when `in_flight` last fell to 0


@dataclass
class TargetGroup:
    """A target group and the listeners that lead to it: mirrored from the balancer's records."""

    arn: str
    name: str
    health_path: str = "/"
    health_interval: float = 30.0
    health_timeout: float = 5.0
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    matcher: str = "200"
    deregistration_delay: float = 300.0
    targets: dict[tuple[str, int], Target] = field(default_factory=dict)


@dataclass
class ListenerRule:
    """Where a request goes: the first rule by priority whose conditions hold; the default has none."""

    priority: int  # the default is last
    host_patterns: list[str]
    path_patterns: list[str]
    action: Content  # {"type": "forward", "group": arn} | {"type": "fixed-response", ...} | {"type": "redirect", ...}


@dataclass
class Listener:
    arn: str
    load_balancer: str  # ARN
    port: int  # as asked for, 80 or 443
    bound_port: int | None = None  # where it listens on 127.0.0.1; set by the balancer
    rules: list[ListenerRule] = field(default_factory=list)
