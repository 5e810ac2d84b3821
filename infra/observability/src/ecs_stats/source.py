"""The port: what a look needs beyond the deployer's `Cloud`. `aws` speaks to Amazon, tests to a world in memory.

Every call only reads, and may raise a `CloudError` of `ecs_deployment.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ecs_stats.stats import Insights

Query = Mapping[str, Any]
"""A MetricDataQuery as CloudWatch takes it."""
Series = Sequence[tuple[float, float]]
"""(begin of the period in epoch seconds, value), oldest first."""


@dataclass(frozen=True)
class Logged:
    """An event of CloudWatch Logs. `id` tells two apart."""

    id: str
    at: float
    stream: str
    text: str


@dataclass(frozen=True)
class IdleRule:
    """The alarm that takes the service to 0: idle is what lies at or below `threshold` for `periods` of `period` s."""

    name: str
    state: str  # OK, ALARM, INSUFFICIENT_DATA
    periods: int
    period: int
    threshold: float
    queries: tuple[Query, ...]  # one of them returns data: what the alarm looks at
    enabled: bool = True


class Source(Protocol):
    """The calls of a look. `calls` counts the requests sent by everything of this connection."""

    @property
    def calls(self) -> int:
        """API requests sent so far."""

    def insights(self, cluster: str) -> Insights:
        """Container Insights of a cluster (ecs:DescribeClusters)."""

    def balancer_of(self, target_group: str) -> str:
        """The load balancer before a target group, by ARNs; "" where none is."""

    def idle_rule(self, cluster: str, service: str) -> IdleRule | None:
        """The alarm behind the step policy that sets the service to 0; None where nothing of the kind is there."""

    def scaling_alarms(self, cluster: str, service: str) -> Sequence[str]:
        """The ARNs of the alarms behind the service's scaling policies."""

    def logged(
        self, group: str, since: float, *, pattern: str = "", prefix: str = "", most: int | None = None
    ) -> Sequence[Logged]:
        """The events of a log group from `since` on, oldest first: all, or about `most` of the oldest.

        `pattern` is a filter pattern, `prefix` the begin of the streams' names. (logs:FilterLogEvents, free.)
        """

    def tail(self, group: str, stream: str, most: int) -> Sequence[Logged]:
        """The newest events of one stream, oldest first; none where it is not there (logs:GetLogEvents, free)."""

    def metrics(self, queries: Sequence[Query], start: float, end: float) -> Mapping[str, Series]:
        """The points of each query by its id. cloudwatch:GetMetricData, which is charged for each metric asked for."""
