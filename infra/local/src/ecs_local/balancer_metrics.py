"""What a load balancer tells CloudWatch: AWS/ApplicationELB, a minute at a time and only where there was traffic.

Names, dimensions and when each is reported: Elastic Load Balancing user guide, "CloudWatch metrics for your
Application Load Balancer". The sets with an availability zone are left out: there is one zone here.
"""

from __future__ import annotations

from hashlib import blake2b

from ecs_local import metrics
from ecs_local.metrics import MetricKey, key_of, minute_at
from ecs_local.world import World

NAMESPACE = "AWS/ApplicationELB"
_OWN_FAILURES = (500, 502, 503, 504)  # have a metric each, besides that of their hundred
_UNITS = {"TargetResponseTime": "Seconds"}


class Metrics:
    """Counts the answers of all load balancers of a world into its metrics."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys: dict[tuple[str, str, str | None], MetricKey] = {}
        self._seen: dict[str, float] = {}  # by load balancer: when its hosts were last counted
        self._published: dict[
            str, tuple[int, float]
        ] = {}  # by load balancer: its running minute, and when it shows

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
        """One answer: of a target (`by_target`, after `seconds`) or of the balancer itself.

        `group` is the target group from which a target was chosen; None where there was none to choose
        (RequestCount "is only incremented for requests where the load balancer node was able to choose a target").
        """
        if group is not None:
            self._both("RequestCount", load_balancer, group, 1.0, now)
        if by_target:
            self._both(f"HTTPCode_Target_{status // 100}XX_Count", load_balancer, group, 1.0, now)
            self._both("TargetResponseTime", load_balancer, group, seconds, now)
        else:
            self._put(f"HTTPCode_ELB_{status // 100}XX_Count", load_balancer, None, 1.0, now)
            if status in _OWN_FAILURES:
                self._put(f"HTTPCode_ELB_{status}_Count", load_balancer, None, 1.0, now)
        if now - self._seen.get(load_balancer, float("-inf")) >= self._world.profile.minute / 60:
            self._seen[load_balancer] = now
            self._count_hosts(load_balancer, now)

    def _count_hosts(self, load_balancer: str, now: float) -> None:
        """HealthyHostCount and UnHealthyHostCount of each group behind it that has registered targets."""
        behind = {
            rule.action.get("group")
            for listener in self._world.listeners.values()
            if listener.load_balancer == load_balancer
            for rule in listener.rules
        }
        for arn, group in self._world.target_groups.items():
            if arn not in behind or not group.targets:
                continue
            states = [target.state for target in group.targets.values()]
            self._put("HealthyHostCount", load_balancer, arn, float(states.count("healthy")), now)
            self._put("UnHealthyHostCount", load_balancer, arn, float(states.count("unhealthy")), now)

    def _both(self, name: str, load_balancer: str, group: str | None, value: float, now: float) -> None:
        self._put(name, load_balancer, None, value, now)
        if group is not None:
            self._put(name, load_balancer, group, value, now)

    def _put(self, name: str, load_balancer: str, group: str | None, value: float, now: float) -> None:
        key = self._keys.get((name, load_balancer, group))
        if key is None:
            key = self._keys[name, load_balancer, group] = key_of(
                NAMESPACE, name, dimensions(load_balancer, group)
            )
            self._world.metrics.units[key] = _UNITS.get(name, "Count")
        number = minute_at(now, self._world.profile.minute)
        running, shows = self._published.get(load_balancer, (None, 0.0))
        if running != number:
            shows = published_at(self._world, load_balancer, number)
            self._published[load_balancer] = number, shows
        metrics.put(self._world.metrics, key, number, value, shows)


def dimensions(load_balancer: str, group: str | None = None) -> dict[str, str]:
    """By ARN: {"LoadBalancer": "app/<name>/<id>", "TargetGroup": "targetgroup/<name>/<id>"}."""
    found = {"LoadBalancer": load_balancer.rpartition(":loadbalancer/")[2]}
    return found if group is None else found | {"TargetGroup": group.rpartition(":")[2]}


def published_at(world: World, load_balancer: str, number: int) -> float:
    """When CloudWatch shows minute `number` of a load balancer: some time after it is over, drawn by the seed."""
    profile = world.profile
    drawn = blake2b(f"{world.seed} {load_balancer} {number}".encode(), digest_size=4).digest()
    lag = profile.metric_lag + profile.metric_lag_spread * int.from_bytes(drawn) / 2**32
    return (number + 1) * profile.minute + lag
