"""What a deploy costs in API calls, by name.

    python -m tests.bench.calls --speed 10

One deploy that goes well on the profile `fargate`, from one task, with a deregistration delay that makes the
rollout take three minutes. The deployer's clock runs as fast as the engine's, so that it looks as often as it would
in real time. Fixed is what is sent before the service is touched, the look that proves it, and what follows the
verdict; the others are paid for the length of the rollout.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ecs_deployment import deploy as job
from ecs_deployment import events
from ecs_deployment.aws import AwsCloud
from ecs_deployment.clock import RealClock
from ecs_deployment.interrupts import Signals
from ecs_deployment.known import Request
from ecs_deployment.outcome import Report
from ecs_deployment.rollout_state import Limits

from tests.scenarios.place import Place, place

FIXED = ("before the rollout", "proving", "handing back")
PROOF = 5  # DescribeServices, ListTasks, DescribeTasks, DescribeTargetHealth, DescribeServiceDeployments


class QuickClock(RealClock):
    """The clock of a machine on which everything happens `speed` times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def boottime(self) -> float:
        return super().boottime() * self._speed

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / self._speed)


class QuickSignals(Signals):
    """Waits that are as much shorter."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def wait(self, seconds: float) -> None:
        super().wait(seconds / self._speed)


@dataclass
class Ledger:
    """The calls of one deploy, as they stood when each stage began."""

    cloud: AwsCloud
    marks: list[tuple[str, Counter[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mark("before the rollout")

    def mark(self, stage: str) -> None:
        if not self.marks or self.marks[-1][0] != stage:
            sent = {operation: count for (_, operation), count in self.cloud.operations.items()}
            self.marks.append((stage, Counter(sent)))

    def __call__(self, event: events.Event) -> None:
        if isinstance(event, events.Progress):
            self.mark(event.stage)

    def stages(self) -> list[tuple[str, Counter[str]]]:
        """(stage, calls made in it)."""
        ends = [*self.marks[1:], ("", Counter({o: n for (_, o), n in self.cloud.operations.items()}))]
        return [(name, end - begin) for (name, begin), (_, end) in zip(self.marks, ends, strict=True)]


def measured(where: Place, tag: str, speed: float) -> tuple[Report, Ledger]:
    """Deploy with a clock as fast as the engine's."""
    cloud = where.connection.cloud
    assert isinstance(cloud, AwsCloud)
    ledger = Ledger(cloud)
    setting = job.Setting(
        cloud,
        where.connection.environment,
        QuickClock(speed),
        ledger,
        QuickSignals(speed),
        blind_patience=600,
    )
    return job.deploy(setting, Request("local", tag), job.Wishes(limits=Limits())), ledger


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--delay", type=int, default=45, help="deregistration delay in seconds")
    parser.add_argument("--sleeping", action="store_true", help="from desired 0 instead of one task")
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        place(Path(home) / "place", profile="fargate", speed=wanted.speed) as where,
    ):
        if not wanted.sleeping:
            first, _ = measured(where, "demo", wanted.speed)
            assert first.exit_code == 0, first
            elb = where.connection.changes("elbv2")
            for balancer in where.snapshot().service.load_balancers:
                value = {"Key": "deregistration_delay.timeout_seconds", "Value": str(wanted.delay)}
                elb.modify_target_group_attributes(TargetGroupArn=balancer.target_group, Attributes=[value])
            time.sleep(30 / wanted.speed)  # as long as the first rollout needs to settle
        report, ledger = measured(where, "demo-2", wanted.speed)
        show(report, ledger)


def show(report: Report, ledger: Ledger) -> None:
    """The calls by stage and by name, and what of them does not depend on the length of the rollout."""
    (result,) = report.services
    stages = ledger.stages()
    for name, calls in stages:
        listed = ", ".join(f"{operation} {count}" for operation, count in sorted(calls.items()))
        print(f"{name:22} {calls.total():4}  {listed}")
    total: Counter[str] = sum((calls for _, calls in stages), Counter())
    fixed = PROOF + sum(calls.total() for name, calls in stages if name in FIXED)
    print(
        f"\n{result.outcome.value} in {result.seconds:.0f} s: "
        + ", ".join(f"{s.name} {s.seconds:.0f} s" for s in result.stages)
    )
    for operation, count in total.most_common():
        print(f"{count:4}  {operation}")
    print(f"\n{total.total()} calls, {fixed} of them fixed (goals: 90 and 40)")


if __name__ == "__main__":
    main()
