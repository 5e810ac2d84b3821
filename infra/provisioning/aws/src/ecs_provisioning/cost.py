"""What a service costs a month, by the sizes of its stack: an estimate from list prices, not a bill.

Pure: parameters of the template in, lines out. All prices stand in one dated table. Counted is what runs by the hour;
what depends on traffic, logs and images is named and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

HOURS = 730.0  # of a month, as AWS reckons
MODES = ("off", "standard", "enhanced")
_ALARM_METRICS_FREE = 10  # of an account; shared with whatever else it watches

PRICES_OF = "US East (N. Virginia), January 2025"
"""Region and date of the list prices. Other regions cost up to a fifth more."""


@dataclass(frozen=True)
class Prices:
    """US dollars. Sources: the price pages of Fargate, Elastic Load Balancing, VPC and CloudWatch."""

    vcpu_hour: float
    gigabyte_hour: float
    balancer_hour: float = 0.0225
    address_hour: float = 0.005  # each public IPv4 address in use
    alarm_metric_month: float = 0.10
    custom_metric_month: float = 0.30  # what standard Container Insights charges by
    enhanced_metric_month: float = 0.07
    dashboard_month: float = 3.00  # beyond the first three of an account


PRICES: Mapping[str, Prices] = {
    "X86_64": Prices(vcpu_hour=0.04048, gigabyte_hour=0.004445),
    "ARM64": Prices(vcpu_hour=0.03238, gigabyte_hour=0.00356),
}


@dataclass(frozen=True)
class Estimate:
    """US dollars a month for one task. `awake`: it runs all the time; `asleep`: it never does.

    `parts`: (what, awake, asleep), insights apart. `insights`: mode -> (awake, asleep). `mode`: the stack's.
    """

    parts: tuple[tuple[str, float, float], ...]
    insights: Mapping[str, tuple[float, float]]
    mode: str
    sleeps: bool

    def awake(self, mode: str) -> float:
        """A month in which one task always runs."""
        return sum(awake for _, awake, _ in self.parts) + self.insights[mode][0]

    def asleep(self, mode: str) -> float:
        """A month in which none ever does."""
        return sum(asleep for _, _, asleep in self.parts) + self.insights[mode][1]

    @property
    def saved_an_hour(self) -> float:
        """What an hour of sleep saves, with the stack's insights."""
        return (self.awake(self.mode) - self.asleep(self.mode)) / HOURS


def estimate(values: Mapping[str, str]) -> Estimate:
    """From the template's parameters, each of which has a value."""
    prices = PRICES[values["CpuArchitecture"]]
    vcpus, gigabytes = int(values["Cpu"]) / 1024, int(values["Memory"]) / 1024
    task = (vcpus * prices.vcpu_hour + gigabytes * prices.gigabyte_hour) * HOURS
    address = prices.address_hour * HOURS
    public = values["BalancerScheme"] == "internet-facing"
    zones = 2 if values["NetworkOrigin"] == "create" else len(values["BalancerSubnetIds"].split(","))
    sleeps = values["IdlePeriods"] != "0"
    watched = (5 if sleeps else 0) + (1 if values["ErrorsPerMinute"] != "0" else 0)
    alarms = watched * prices.alarm_metric_month
    parts = [
        (f"one task of {vcpus:g} vCPU and {gigabytes:g} GB on Fargate", task, 0.0),
        ("its public address", address if values["AssignPublicIp"] == "ENABLED" else 0.0, 0.0),
        ("load balancer", prices.balancer_hour * HOURS, prices.balancer_hour * HOURS),
        (f"its {zones} public addresses", *(2 * (zones * address if public else 0.0,))),
        (f"alarms on {watched} metrics ({_ALARM_METRICS_FREE} of an account are free)", alarms, alarms),
    ]
    return Estimate(
        parts=tuple((what, awake, asleep) for what, awake, asleep in parts if awake or asleep),
        insights={mode: _insights(mode, prices) for mode in MODES},
        mode=values["ContainerInsights"],
        sleeps=sleeps,
    )


def metrics(mode: str, *, tasks: int = 1, containers: int = 1) -> int:
    """How many metrics Container Insights publishes for a cluster of one service.

    Counted from the tables of the ECS user guide, "Container Insights metrics": every metric once for each set of
    dimensions it has. Standard knows clusters, services and families; enhanced adds each task and each container.
    """
    if mode == "off":
        return 0
    if mode == "standard":
        return 37
    return 57 + 22 * containers + tasks * (26 + 22 * containers)


def _insights(mode: str, prices: Prices) -> tuple[float, float]:
    each = prices.custom_metric_month if mode == "standard" else prices.enhanced_metric_month
    # Metrics are charged for the hours in which they are published; at zero tasks next to none is.
    return metrics(mode) * each, 0.0


def rows(found: Estimate) -> list[tuple[str, str]]:
    """(label, text) for people: what a month is made of, each mode, what sleeping saves, and what it rests on."""
    lines = [("a month", f"{_dollars(awake)} {what}") for what, awake, _ in found.parts]
    for mode in MODES:
        extra = found.insights[mode][0]
        text = f"{_dollars(found.awake(mode))} always awake, {_dollars(found.asleep(mode))} always asleep"
        paid = f"; {_dollars(extra)} of it for {metrics(mode)} metrics" if extra else ""
        mine = " (this stack)" if mode == found.mode else ""
        lines.append((f"insights {mode}{mine}", f"{text}{paid}"))
    lines.append(("", "free of charge are only the service's CPU and memory; per container needs enhanced"))
    if found.sleeps:
        day, third = _dollars(found.saved_an_hour * 24), _dollars(found.saved_an_hour * HOURS * 2 / 3)
        text = f"saves {day} a day asleep, {third} a month if awake a third of the time; "
        lines.append(("sleeping", f"{text}the load balancer costs the same asleep"))
    lines.append(
        ("not counted", "traffic, logs ($0.50 a GB), images, further tasks, a fourth dashboard ($3)")
    )
    lines.append(("prices", f"list prices of {PRICES_OF}: an estimate, no bill"))
    return lines


def document(found: Estimate) -> dict[str, Any]:
    """The same for machines; US dollars a month."""
    return {
        "currency": "USD",
        "prices_of": PRICES_OF,
        "insights": found.mode,
        "parts": [{"what": what, "awake": round(a, 2), "asleep": round(z, 2)} for what, a, z in found.parts],
        "by_insights": {
            mode: {
                "awake": round(found.awake(mode), 2),
                "asleep": round(found.asleep(mode), 2),
                "metrics": metrics(mode),
            }
            for mode in MODES
        },
        "saved_an_hour_asleep": round(found.saved_an_hour, 4) if found.sleeps else 0.0,
    }


def _dollars(amount: float) -> str:
    return f"${amount:.2f}"
