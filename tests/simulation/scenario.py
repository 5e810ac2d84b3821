"""One seed -> everything that will happen: a service, its images, who deploys, what goes wrong. No world yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import Any

from ecs_deployment.known import Action
from ecs_local.profile import FARGATE, FAST, Profile
from ecs_local.simulate import Behaviour

FINE = "fine"
KINDS = (
    FINE,
    "slow",
    "crashes at start",
    "crashes later",
    "sick",
    "sick later",
    "unpullable",
    "secret missing",
)
LATE = frozenset({"crashes later", "sick later"})
"""These are healthy for a while: what is lost then, the new revision is the cause of."""

_LATER: tuple[Action, ...] = ("resume", "resume", "abort", "abort", "rollback", "wake", "sleep")
SOFT = ("ListServiceDeployments", "DescribeAlarms", "StopServiceDeployment", "PutMetricData")
HARD = ("UpdateService", "RegisterTaskDefinition", "RegisterScalableTarget", "PutParameter", "ListTasks")


@dataclass(frozen=True)
class Weather:
    """What goes wrong with one run's calls. Rates are shares of its calls."""

    throttled: float = 0.0
    failing: float = 0.0  # 5xx, before or after the effect
    cut: float = 0.0  # the connection, before or after the effect
    slow: float = 0.0
    stale: float = 0.0
    outage: tuple[float, float] = (inf, 0.0)  # seconds after its start, for so long
    expires: float = inf  # seconds after its start
    denied: frozenset[str] = frozenset()

    @property
    def calm(self) -> bool:
        return self == Weather()


@dataclass(frozen=True)
class Run:
    """One deployer. `begins` counts from the end of the one before, or, `beside` it, from its begin."""

    begins: float
    tag: str
    machine: str
    action: Action = "deploy"
    beside: bool = False
    supersede: bool = False
    waits: float = 0.0
    roll_back: bool = True
    weather: Weather = Weather()
    dies: int = 0  # at that call; 0 for never
    dies_after: bool = False  # after that call's effect
    presses: tuple[tuple[str, float], ...] = ()  # ("call", number) or ("second", seconds after its start)
    skew: float = 0.0  # of its own clock


@dataclass(frozen=True)
class Scenario:
    """All that chance decides."""

    seed: int
    profile: Profile
    pace: float  # seconds that a task needs to be there
    desired: int
    was_up: bool  # it ran before it was put to sleep
    proven: bool  # the journal knows the old revision as proven
    floor: int
    ceiling: int
    breaker: dict[str, Any]
    early: dict[str, Any] | None
    balanced: bool
    checked: bool
    scaling: tuple[int, int] | None  # MinCapacity and MaxCapacity
    suspended: bool  # somebody has suspended scale-in before us
    idle: str  # "", "leased" or "plain": an alarm that takes the service to 0
    overlap: bool
    accepts_gap: bool
    tags: dict[str, str]  # tag -> kind of image
    runs: tuple[Run, ...]
    outside: tuple[tuple[float, str, int], ...] = ()  # (second, what, number)
    latency: float = 0.05
    behaviours: dict[str, Behaviour] = field(default_factory=dict)


def behaviour(kind: str, pace: float) -> Behaviour:
    """How the containers of such an image behave; `pace` is the seconds that a task needs to be there."""
    return {
        FINE: Behaviour(),
        "slow": Behaviour(starts_in=2 * pace, ready_after=0.5 * pace),
        "crashes at start": Behaviour(crashes_after=0.02 * pace, ready_after=inf),
        "crashes later": Behaviour(crashes_after=12 * pace),
        "sick": Behaviour(ready_after=inf, sick_after=0.0),
        "sick later": Behaviour(sick_after=12 * pace),
        "unpullable": Behaviour(pulls=False),
        "secret missing": Behaviour(secret=False),
    }[kind]


def scenario(seed: int) -> Scenario:
    """The scenario of a seed, always the same one."""
    chance = Random(seed)
    fargate = chance.random() < 0.5
    pace = 20.0 if fargate else 0.5
    desired = chance.choice((0, 0, 0, 1, 1, 1, 2, 3, 4))
    floor, ceiling = chance.choice(
        ((0, 200), (0, 200), (100, 200), (100, 200), (50, 200), (50, 100), (0, 100), (100, 150), (50, 150))
    )
    scaled = chance.random() < 0.6
    kinds = (FINE, FINE, *KINDS)
    tags = {"a": chance.choice(kinds), "b": chance.choice(kinds), "good": FINE}
    return Scenario(
        seed=seed,
        profile=FARGATE if fargate else FAST,
        pace=pace,
        desired=desired,
        was_up=chance.random() < 0.7,
        proven=chance.random() < 0.5,
        floor=floor,
        ceiling=ceiling,
        breaker=chance.choice(
            (
                {"enable": False, "rollback": False},
                {"enable": True, "rollback": True},
                {"enable": True, "rollback": True},
                {"enable": True, "rollback": False},
            )
        ),
        early=_early(chance, floor),
        balanced=chance.random() < 0.6,
        checked=chance.random() < 0.3,
        scaling=(chance.choice((0, 0, 0, 1)), 4) if scaled else None,
        suspended=chance.random() < 0.1,
        idle=chance.choice(("", "leased", "leased", "leased", "plain")) if scaled else "",
        overlap=chance.random() < 0.5,
        accepts_gap=chance.random() < 0.15,
        tags=tags,
        runs=_runs(chance, pace),
        outside=_outside(chance, pace),
        latency=chance.uniform(0.02, 0.3) if fargate else chance.uniform(0.01, 0.06),
        behaviours={tag: behaviour(kind, pace) for tag, kind in tags.items()},
    )


def _early(chance: Random, floor: int) -> dict[str, Any] | None:
    if chance.random() < 0.75:
        return None
    percent = chance.choice([each for each in (50, 75, 100) if each >= floor])
    cleanup = chance.choice(("BLOCKING", "DEFERRED"))
    return {"enable": True, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup}


def _runs(chance: Random, pace: float) -> tuple[Run, ...]:
    runs = [_run(chance, pace, chance.uniform(0.0, 2.0), beside=False)]
    while len(runs) < 4 and chance.random() < 0.4:
        beside = chance.random() < 0.5
        pause = chance.choice((0.0, chance.uniform(0.0, 12 * pace), chance.uniform(0.0, 400.0)))
        action: Action = "deploy" if chance.random() < 0.55 else chance.choice(_LATER)
        runs.append(replace(_run(chance, pace, pause, beside=beside), action=action))
    return tuple(runs)


def _run(chance: Random, pace: float, begins: float, *, beside: bool) -> Run:
    dies = chance.randint(1, 70) if chance.random() < 0.25 else 0
    return Run(
        begins=begins,
        tag=chance.choice(("a", "a", "b")),
        machine=chance.choice(("laptop", "runner")),
        beside=beside,
        supersede=chance.random() < (0.5 if beside else 0.2),
        waits=chance.choice((0.0, 0.0, 60.0, 900.0)),
        roll_back=chance.random() < 0.75,
        weather=_weather(chance, pace),
        dies=dies,
        dies_after=chance.random() < 0.5,
        presses=_presses(chance, pace) if chance.random() < 0.2 else (),
        skew=chance.choice((0.0, chance.uniform(-300.0, 300.0))),
    )


def _presses(chance: Random, pace: float) -> tuple[tuple[str, float], ...]:
    def press() -> tuple[str, float]:
        if chance.random() < 0.5:
            return "call", float(chance.randint(1, 60))
        return "second", chance.uniform(0.0, 12 * pace)

    return tuple(press() for _ in range(chance.choice((1, 1, 2))))


def _weather(chance: Random, pace: float) -> Weather:
    if chance.random() < 0.4:
        return Weather()
    rate = chance.choice((0.01, 0.03, 0.1))
    some = {name: rate * chance.random() for name in ("throttled", "failing", "cut", "slow")}
    stale = chance.choice((0.0, 0.0, 0.05, 0.3))
    outage = (chance.uniform(0.0, 12 * pace), chance.uniform(1.0, 180.0))
    denied = chance.choice(
        ((), (), (), SOFT[:1], SOFT[:2], SOFT[2:3], SOFT, HARD[:1], HARD[1:2], HARD[2:3], HARD[3:4])
    )
    return Weather(
        **some,
        stale=stale,
        outage=outage if chance.random() < 0.15 else (inf, 0.0),
        expires=chance.uniform(0.0, 12 * pace) if chance.random() < 0.06 else inf,
        denied=frozenset(denied) if chance.random() < 0.35 else frozenset(),
    )


def _outside(chance: Random, pace: float) -> tuple[tuple[float, str, int], ...]:
    what = ("zero", "zero", "zero", "zeros", "scale", "update", "configuration", "suspend", "visits")
    if chance.random() < 0.6:
        return ()
    events = []
    for _ in range(chance.randint(1, 3)):
        kind = chance.choice(what)
        number = chance.randint(1, 4)
        second = chance.uniform(0.0, 12 * pace)
        if kind == "zeros":  # a scaler that insists
            events += [(second + step * 3 * pace, "zero", 0) for step in range(6)]
        else:
            events.append((second, kind, number))
    return tuple(sorted(events))
