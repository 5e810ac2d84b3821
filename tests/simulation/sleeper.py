"""A service that sleeps, its alarms by several recipes, and visitors: for whole days under the virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import Any

from ecs_local import metrics
from ecs_local.alarms_model import Alarm, ScalingPolicy
from ecs_local.alarms_watch import invoke_standing, next_evaluation
from ecs_local.balancer_metrics import NAMESPACE, dimensions
from ecs_local.profile import FARGATE, Profile
from ecs_local.world import ScalableTarget
from ecs_local.world_balancer import Listener, ListenerRule

from tests.local.worlds import GROUP, Stage

BALANCER = "arn:aws:elasticloadbalancing:eu-west-3:000000000000:loadbalancer/app/app/0123456789abcdef"
RESOURCE = "service/main/app"
IDLE_SECONDS = 300.0
SERVICE = {"ClusterName": "main", "ServiceName": "app"}


@dataclass(frozen=True)
class Recipe:
    """How idleness is found out: `expression` over served, refused and deploying; None is the plain RequestCount."""

    expression: str | None
    periods: int
    leased: bool = (
        False  # a deploy puts DeployActivity, and suspends scale-in until the idle alarm has seen it
    )


NAIVE = Recipe(None, 5)
FILLED = Recipe("FILL(served, 0) + FILL(refused, 0)", 5)
PATIENT = Recipe("FILL(served, 0) + FILL(refused, 0)", 7)
LEASED = Recipe("FILL(served, 0) + FILL(refused, 0) + FILL(deploying, 0)", 7, leased=True)


@dataclass
class Tally:
    """A history in figures; the lists are moments in seconds.

    A sleep is wrong if the service was never idle for five minutes since it was woken or deployed; it is late if
    it was, but somebody came after that: no metric shows a visitor at once.
    """

    served: int = 0
    refused: int = 0
    sleeps: tuple[float, ...] = ()
    wakes: tuple[float, ...] = ()
    wrong_sleeps: tuple[float, ...] = ()
    late_sleeps: tuple[float, ...] = ()


class Sleeper(Stage):
    """A service at 0 behind a load balancer, with the two alarms and step policies of a recipe."""

    def __init__(self, recipe: Recipe, seed: int = 1, profile: Profile = FARGATE, **more: Any) -> None:
        super().__init__(desired=0, profile=profile, seed=seed, delay=30.0, **more)
        self.recipe, self.tally = recipe, Tally()
        self.touched: list[float] = []  # visits and deploys: what makes a service not idle
        self.deploys: list[float] = []  # when they began
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self.group.health_interval = 5.0
        listener = Listener("listener", BALANCER, 80)
        listener.rules = [ListenerRule(1, [], [], {"type": "forward", "group": GROUP})]
        self.world.listeners["listener"] = listener
        self.world.scalable_targets[RESOURCE] = ScalableTarget(RESOURCE, 0, 4, 0.0, "target", "role")
        self._policy("idle", 0, {"MetricIntervalUpperBound": 0.0})
        self._policy("wake", 1, {"MetricIntervalLowerBound": 0.0})
        self._alarm("idle", _idle(recipe))
        self._alarm("wake", _WAKE)

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Do it at that moment of the virtual clock."""
        heappush(self._agenda, (moment, len(self._agenda) + len(self.touched), action))

    def visit(self) -> bool:
        """One request of a visitor; whether it was served."""
        self.touched.append(self.now)
        served = self.simulation.visit(BALANCER, GROUP) == 200
        self.tally.served += served
        self.tally.refused += not served
        return served

    def insist(self, pages: int, pause: float, *, reload: float = 20.0, patience: float = 600.0) -> None:
        """A visitor from now on: reloads until served, or out of patience, then looks at `pages` pages."""

        def look(left: int, since: float) -> None:
            if self.visit():
                if left > 1:
                    self.at(self.now + pause, lambda: look(left - 1, self.now))
            elif self.now - since < patience:
                self.at(self.now + reload, lambda: look(left, since))

        look(pages, self.now)

    def roll_out(self, version: str) -> None:
        """A deploy from now on, that raises a sleeping service; protected as the deployer does if the recipe is."""
        self.suspend(self.recipe.leased)
        self.deploys.append(self.now)
        if not self.service.desired_count:
            self.scale(1)
        self.deploy(version)

        def renew() -> None:
            self.touched.append(self.now)
            if self.recipe.leased:
                self.lease()
            if self.primary.rollout_state == "IN_PROGRESS":
                self.at(self.now + 50.0, renew)
            elif self.recipe.leased:
                resume()

        def resume() -> None:
            if self.world.alarms["idle"].state == "ALARM":
                self.at(self.now + 2.0, resume)
            else:
                self.suspend(False)

        renew()

    def suspend(self, on: bool) -> None:
        """Suspends or resumes scale-in; to resume gives the policies their turn at once."""
        self.world.scalable_targets[RESOURCE].suspended["DynamicScalingInSuspended"] = on
        if not on:
            for policy in self.world.scaling_policies.values():
                invoke_standing(self.world, policy, self.now)

    def lease(self) -> None:
        """One point of DeployActivity."""
        key = metrics.key_of("EcsDeployments", "DeployActivity", SERVICE)
        number = metrics.minute_at(self.now, self.world.profile.minute)
        metrics.put(self.world.metrics, key, number, 1.0, self.now)

    def run_until(self, end: float) -> Tally:
        """Let the day go on until `end`."""
        while self._agenda and self._agenda[0][0] <= end:
            moment, _, action = heappop(self._agenda)
            self.run(max(0.0, moment - self.now))
            action()
        self.run(end - self.now)
        history = [(one["StartTime"], one["Description"]) for one in reversed(self.world.scaling_activities)]
        tally = self.tally
        tally.sleeps = tuple(at for at, text in history if text == "Setting desired count to 0.")
        tally.wakes = tuple(at for at, text in history if text == "Setting desired count to 1.")
        tally.wrong_sleeps = tuple(at for at in tally.sleeps if max(self._gaps(at)) < IDLE_SECONDS)
        tally.late_sleeps = tuple(
            at for at in tally.sleeps if self._gaps(at)[-1] < IDLE_SECONDS <= max(self._gaps(at))
        )
        return tally

    def _gaps(self, moment: float) -> list[float]:
        """The idle times, oldest first, from when the service was last woken or deployed until `moment`."""
        began = max((at for at in (*self.tally.wakes, *self.deploys) if at < moment), default=0.0)
        between = [began, *(at for at in self.touched if began < at <= moment), moment]
        return [later - sooner for sooner, later in pairwise(between)]

    def _policy(self, name: str, capacity: int, bound: dict[str, float]) -> None:
        adjustment = bound | {"ScalingAdjustment": capacity}
        steps = {"AdjustmentType": "ExactCapacity", "Cooldown": 0, "StepAdjustments": [adjustment]}
        self.world.scaling_policies[RESOURCE, name] = ScalingPolicy(name, f"arn:{name}", RESOURCE, 0.0, steps)

    def _alarm(self, name: str, content: dict[str, Any]) -> None:
        actions = {"OKActions": [], "AlarmActions": [f"arn:{name}"], "InsufficientDataActions": []}
        moment = next_evaluation(self.world, name, self.now)
        self.world.alarms[name] = Alarm(name, name, content | actions, 0.0, 0.0, 0.0, moment)


def _metric(name: str, metric: str, *, group: bool = False, statistic: str = "Sum") -> dict[str, Any]:
    named = dimensions(BALANCER, GROUP if group else None)
    return _stat(name, NAMESPACE, metric, named, statistic)


def _stat(name: str, namespace: str, metric: str, named: dict[str, str], statistic: str) -> dict[str, Any]:
    listed = [{"Name": each, "Value": value} for each, value in named.items()]
    what = {"Namespace": namespace, "MetricName": metric, "Dimensions": listed}
    return {
        "Id": name,
        "MetricStat": {"Metric": what, "Period": 60, "Stat": statistic},
        "ReturnData": False,
    }


_SERVED = _metric("served", "RequestCount", group=True)
_REFUSED = _metric("refused", "HTTPCode_ELB_503_Count")
_HEALTHY = _metric("healthy", "HealthyHostCount", group=True, statistic="Maximum")
_DEPLOYING = _stat("deploying", "EcsDeployments", "DeployActivity", SERVICE, "Sum")
_WAKE: dict[str, Any] = {
    "Metrics": [_REFUSED, _HEALTHY, {"Id": "wake", "Expression": "IF(FILL(healthy, 0) < 1, refused, 0)"}],
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Threshold": 1.0,
    "EvaluationPeriods": 1,
    "TreatMissingData": "notBreaching",
}


def _idle(recipe: Recipe) -> dict[str, Any]:
    content: dict[str, Any] = {
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "Threshold": 0.0,
        "EvaluationPeriods": recipe.periods,
        "DatapointsToAlarm": recipe.periods,
        "TreatMissingData": "breaching",
    }
    if recipe.expression is None:
        stat = _SERVED["MetricStat"]
        return content | stat["Metric"] | {"Period": 60, "Statistic": "Sum"}
    expression = {"Id": "idle", "Expression": recipe.expression}
    return content | {"Metrics": [_SERVED, _REFUSED, _DEPLOYING, expression]}


def busy_day(recipe: Recipe, seed: int) -> Sleeper:
    """24 hours: visitors, every third of them slow (just below 5 minutes a page), and three deploys."""
    day, chance = Sleeper(recipe, seed), Random(seed)
    for hour in (2, 11, 20):
        day.at(hour * 3600.0, partial(day.roll_out, str(hour)))
    for number in range(24):
        pause = chance.uniform(15.0, 120.0) if number % 3 else chance.uniform(240.0, 295.0)
        day.at(chance.uniform(0.0, 23.0) * 3600, partial(day.insist, chance.randint(3, 20), pause))
    day.deploy("1")
    return day
