"""What a load balancer counts, by the minute, as CloudWatch would be told; kept in memory, bounded."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

_KEPT_MINUTES = 180
_BUCKETS_PER_DOUBLING = 4  # latencies are known to a fifth


@dataclass
class Minute:
    """One minute of one load balancer, or of one target group behind it.

    `requests` are those for which a target could be chosen (AWS: RequestCount). `target` counts answers of
    targets by hundreds of the status ("2xx"), `elb` answers of the balancer's own by status (503, 502, 504).
    """

    requests: int = 0
    target: Counter[str] = field(default_factory=Counter)
    elb: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0  # the sum over all answers of targets
    latencies: Counter[int] = field(default_factory=Counter)  # bucket -> answers

    def latency(self, share: float) -> float | None:
        """The response time, in seconds, below which that share (0..1) of the answers stayed; None without any."""
        left = math.ceil(share * self.latencies.total())
        for bucket, count in sorted(self.latencies.items()):
            left -= count
            if left <= 0:
                return float(2.0 ** (bucket / _BUCKETS_PER_DOUBLING))
        return None


class Metrics:
    """The minutes of every load balancer and target group, by ARN and start of the minute (epoch seconds)."""

    def __init__(self) -> None:
        self.minutes: dict[tuple[str, int], Minute] = {}
        self._newest = 0

    def record(
        self,
        load_balancer: str,
        group: str | None,
        now: float,
        status: int,
        seconds: float,
        *,
        by_target: bool,
    ) -> None:
        """One answer: of a target (`by_target`, after `seconds`) or of the balancer itself."""
        start = int(now // 60) * 60
        if start > self._newest:
            self._newest = start
            self._forget(start - _KEPT_MINUTES * 60)
        for arn in (load_balancer, group):
            if arn is None:
                continue
            minute = self.minutes.setdefault((arn, start), Minute())
            minute.requests += group is not None
            if by_target:
                minute.target[f"{status // 100}xx"] += 1
                minute.seconds += seconds
                minute.latencies[math.ceil(_BUCKETS_PER_DOUBLING * math.log2(max(seconds, 1e-6)))] += 1
            else:
                minute.elb[status] += 1

    def _forget(self, before: int) -> None:
        for key in [key for key in self.minutes if key[1] < before]:
            del self.minutes[key]
