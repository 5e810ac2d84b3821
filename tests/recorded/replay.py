"""Replays the recorded rollouts on the scheduler under the virtual clock, with the `fargate` profile.

    python -m tests.recorded.replay     prints every record beside ours

What a record does not tell is the image and the program: how long it takes to start and to answer. That much is
chosen for each record (`Behaviour`); every other figure is the profile's, the same for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf

from ecs_local import cfn_template
from ecs_local.profile import FARGATE
from ecs_local.simulate import Behaviour
from ecs_provisioning import template

from tests.local.worlds import Stage
from tests.recorded import records
from tests.recorded.records import Moment

Seen = tuple[str, float]
BOOTS_SLOWLY = Behaviour(ready_after=20.0)  # BUG: the check at 10 s finds nobody yet, the one at 40 s does
LARGE_IMAGE = Behaviour(
    starts_in=18.6
)  # CLI: 80.8 and 83.5 s from start to stop, less 23.5 and the 40 of settling
CHECK_FAILS = Behaviour(ready_after=inf, sick_after=45.0)  # G3: three failures in 207 s, less three starts
SETTLES_LATE = Behaviour(ready_after=158.0)  # G3: 191 s of rolling back, less the start and the tail
STOPS_SLOWLY = Behaviour(stops_in=35.0)  # DC34: 47 s from STOPPING to DEPROVISIONING, less the 12 of TRC
ONE_AT_A_TIME = replace(FARGATE, batch=1, between_starts=38.7)  # CLI, although the maximum is 200 percent


def rollout(stage: Stage, version: str) -> list[Seen]:
    """One rollout of a service that is up; its events since "created"."""
    began, before = stage.now, {event.id for event in stage.service.events}
    stage.deploy(version)
    assert stage.until_over() == "SUCCESSFUL"
    events = [event for event in reversed(stage.service.events) if event.id not in before]
    return [("created", 0.0), *((said(event.message), event.created_at - began) for event in events)]


def said(message: str) -> str:
    """An event without the service, its ids and what follows them."""
    text = re.sub(r"\((service|deployment) [^)]*\) ", "", message)
    return re.split(r"[:.]| in \(", text, maxsplit=1)[0]


def bug() -> list[Seen]:
    """Three tasks behind a load balancer, every default."""
    stage = Stage(desired=3, delay=300.0, profile=FARGATE, behaviours={"app:2": BOOTS_SLOWLY})
    stage.group.health_interval = 30.0
    stage.up("1")
    stage.run(600.0)
    return rollout(stage, "2")


def cli() -> list[Seen]:
    """Two tasks without a load balancer, started one at a time."""
    stage = Stage(desired=2, balanced=False, profile=ONE_AT_A_TIME, behaviours={"app:2": LARGE_IMAGE})
    stage.up("1")
    stage.run(600.0)
    return rollout(stage, "2")


def first() -> list[Seen]:
    """A service's first task, without a load balancer."""
    stage = Stage(balanced=False, profile=FARGATE)
    stage.deploy("1")
    stage.until_over()
    wish = stage.service.service_deployments[0]
    times = {"created": wish.created_at, "IN_PROGRESS": wish.started_at, "SUCCESSFUL": wish.finished_at}
    return [(name, at) for name, at in times.items() if at is not None]


def trc_start() -> list[Seen]:
    """One task behind a load balancer, from its creation to its first health check, which it passes."""
    stage = _behind_a_balancer()
    stage.deploy("1")
    stage.simulation.run(until=lambda: any(one.passes for one in stage.group.targets.values()))
    task = stage.tasks[0]
    times = {
        "created": task.created_at,
        "pull started": task.pull_started_at,
        "pull stopped": task.pull_stopped_at,
        "started": task.started_at,
        "first health check": stage.now,
    }
    return [(name, at - task.created_at) for name, at in times.items() if at is not None]


def trc_stop() -> tuple[list[Seen], float]:
    """Such a task in a scale-in, and how long after the order the service was called steady."""
    stage = _behind_a_balancer()
    stage.up("1")
    stage.run(200.0)
    task = stage.tasks[0]
    ordered = stage.now
    stage.scale(0)
    stage.run(120.0)
    events = {
        said(each.message).rsplit(" ", 2)[0]: each.created_at for each in reversed(stage.service.events)
    }
    times = {
        "deregistered": events["deregistered"],
        "has begun draining": events["has begun draining connections on"],
        "stopping": task.stopping_at,
        "execution stopped": task.execution_stopped_at,
        "stopped": task.stopped_at,
    }
    steady = next(each.created_at for each in stage.service.events if "steady" in each.message)
    return [(name, at - ordered) for name, at in times.items() if at is not None], steady - ordered


def g3() -> tuple[list[Seen], bool]:
    """A rollout that its breaker rolls back, and whether the deployment before was used again."""
    behaviours = {"app:1": SETTLES_LATE, "app:2": CHECK_FAILS}
    breaker = {"enable": True, "rollback": True}
    stage = Stage(
        low=0,
        balanced=False,
        checked=True,
        profile=FARGATE,
        behaviours=behaviours,
        deploymentCircuitBreaker=breaker,
    )
    before = stage.up("1").id
    stage.run(600.0)
    seen = {event.id for event in stage.service.events}
    stage.deploy("2")
    assert stage.until_over() == "ROLLBACK_SUCCESSFUL"
    events = [event for event in reversed(stage.service.events) if event.id not in seen]
    wanted, told = [moment.what for moment in records.G3], list[Seen]()
    for event in events:
        what = said(event.message).partition(" ecs-svc")[0]
        if len(told) < len(wanted) and what == wanted[len(told)]:
            told.append((what, event.created_at))
    return [(what, at - told[0][1]) for what, at in told], stage.primary.id == before


def dc34() -> list[Seen]:
    """How the old task of a rollout goes when its group drains for six minutes and it stops slowly."""
    stage = Stage(delay=370.0, profile=FARGATE, behaviours={"app:1": STOPS_SLOWLY})
    stage.group.health_interval = 60.0
    stage.up("1")
    stage.run(600.0)
    (old,) = stage.tasks
    stage.deploy("2")

    def reached(condition: Callable[[], bool]) -> float:
        assert stage.simulation.run(until=condition)
        return stage.now

    def new_runs() -> bool:
        return any(task.started_at is not None for task in stage.tasks if task is not old)

    def is_in(state: str) -> bool:
        return old.last_status == state

    states = ("DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED")
    times = [("new task started", reached(new_runs))]
    times += [(state.lower(), reached(partial(is_in, state))) for state in states]
    return [(what, at - times[0][1]) for what, at in times]


def _behind_a_balancer() -> Stage:
    stage = Stage(delay=5.0, profile=FARGATE)
    stage.group.health_interval = 30.0
    return stage


@dataclass(frozen=True)
class Tuning:
    """What decides how long a rollout takes, apart from image and program. Seconds, but for the threshold."""

    delay: float
    interval: float
    threshold: int
    early: bool = False


DEFAULTS = Tuning(delay=300.0, interval=30.0, threshold=5)
"""What a target group has that nobody has tuned (Elastic Load Balancing user guide)."""


def of_template() -> Tuning:
    """The tuning that our template has where nothing else is asked for."""
    read = cfn_template.parse(template.body())
    group = read.resources["TargetGroup"].properties

    def default(name: str) -> float:
        return float(read.parameters[name]["Default"])

    return Tuning(
        default("DeregistrationDelay"), default("HealthCheckInterval"), int(group["HealthyThresholdCount"])
    )


def one_task(tuning: Tuning, *, asleep: bool = False, speed: float = 1.0) -> list[Seen]:
    """A deploy of a service of one task that starts in half a second, or of one at zero; its events."""
    quick = Behaviour(starts_in=0.5 / speed)
    behaviours = {"app:1": quick, "app:2": quick}
    early = {"enable": tuning.early, "healthyPercent": 100, "sourceServiceRevisionCleanup": "DEFERRED"}
    stage = Stage(
        desired=0 if asleep else 1,
        delay=tuning.delay,
        profile=FARGATE.at_speed(speed),
        behaviours=behaviours,
        **({"earlySuccessCriteria": early} if tuning.early else {}),
    )
    stage.group.health_interval, stage.group.healthy_threshold = tuning.interval, tuning.threshold
    stage.up("1")
    stage.run(600.0)
    if asleep:
        stage.scale(1)
    return rollout(stage, "2")


def seconds(seen: Sequence[Seen]) -> float:
    """How long a rollout took: until its deployment was called completed."""
    return next(at for what, at in seen if what == "deployment completed")


def beside(title: str, recorded: Sequence[Moment], ours: Sequence[Seen]) -> str:
    """Record and replay as a table: moments, and the gaps to the moment before."""
    lines = [title, f"  {'recorded':>9} {'gap':>8}   {'ours':>9} {'gap':>8}   within   what"]
    there = here = 0.0
    for moment, (_, at) in zip(recorded, ours, strict=True):
        lines.append(
            f"  {moment.at:9.3f} {moment.at - there:8.3f}   {at:9.3f} {at - here:8.3f}"
            f"   {moment.within:6g}   {moment.what}"
        )
        there, here = moment.at, at
    return "\n".join(lines)


if __name__ == "__main__":
    print(beside("BUG: three tasks, load balancer, defaults", records.BUG, bug()))
    print(beside("CLI: two tasks, no load balancer", records.CLI, cli()))
    print(beside("CLI: the first task of a service", records.FIRST, first()))
    print(beside("TRC: the start of a task", records.TRC_START, trc_start()))
    print(beside("G3: the breaker rolls back", records.G3, g3()[0]))
    print(beside("DC34: how an old task goes", records.DC34, dc34()))
    stop, steady = trc_stop()
    print(beside("TRC: the end of a task", records.TRC_STOP, stop))
    print(f"TRC: steady after {records.STEADY_AFTER_SCALE_IN:g} s, ours {steady:g} s")
    print("What our template would make of it: python -m tests.bench.predicted")
