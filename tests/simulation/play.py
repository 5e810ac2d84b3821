"""Play one seed: the account, the deployers and everybody else on one clock, watched all the time."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ecs_deployment.known import Action
from ecs_local import transitions
from ecs_local.api.errors import AwsError
from ecs_local.simulate import Simulation
from ecs_local.simulate_client import Client

from tests.simulation import aws_session, registers, seams
from tests.simulation.account import BALANCER, CLUSTER, GROUP, NAME, PATH, RESOURCE, other_revision, raise_up
from tests.simulation.history import History
from tests.simulation.process import Process
from tests.simulation.scenario import Run, Scenario, scenario
from tests.simulation.theatre import Theatre
from tests.simulation.watch import Watch
from tests.simulation.wire import LONGEST_LAG, Answer, Past, is_read


@dataclass
class Played:
    """What came of a seed. `wrong` is empty where every invariant held."""

    seed: int
    wrong: list[str]
    history: History
    outcomes: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    crashes: int = 0
    presses: int = 0
    runs: int = 0
    hours: float = 0.0


def play(seed: int, *, through_aws: bool = False) -> Played:
    """Play it; `through_aws`: by boto3's own clients. Raises nothing for what goes wrong in it."""
    if through_aws:
        random.seed(seed)  # botocore's jitter
    with seams.seams(), aws_session.boto() if through_aws else nullcontext():
        return Play(scenario(seed), through_aws=through_aws).play()


class Play:
    """One seed under way."""

    def __init__(self, drawn: Scenario, *, through_aws: bool = False) -> None:
        self.scenario, self.through_aws = drawn, through_aws
        self.simulation: Simulation = raise_up(drawn)
        self._client = Client(self.simulation)
        self._begun = self.simulation.now
        self.past = Past()
        self._remembers = any(run.weather.stale for run in drawn.runs)
        self.history = History(self.simulation, drawn)
        self.processes: list[Process] = []
        self.watch = Watch(self)
        self.theatre = Theatre(self.simulation, self._seen)
        self._tags = frozenset(drawn.tags)
        self._waiting = list(drawn.runs)

    def play(self) -> Played:
        """From the first deploy to the last, and then one that must leave nothing behind."""
        for second, what, number in self.scenario.outside:
            self.theatre.at(
                self._begun + second, lambda what=what, number=number: self._outside(what, number)
            )
        self._next(self._begun)
        try:
            self.theatre.play()
            self._clean_up()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about this seed
            self.watch.blame(f"{type(error).__name__}: {error}")
            self.history.error = error
        return self._played()

    def ask(self, process: Process, service: str, operation: str, params: dict[str, Any]) -> Answer:
        """The account's answer, with the watch looking on wherever something changes."""
        found = registers.answer(operation, params, self._tags)
        if found is not None:
            return found
        if is_read(operation):
            if operation == "GetParameter":
                self.watch.fence_read(process, params)
            return self._client.call(service, operation, params)
        self.watch.look()
        self.watch.before(process, operation, params)
        self._remember()
        answer = self._client.call(service, operation, params)
        self._settle()
        self.watch.after(process, operation, params)
        return answer

    def arrives_late(self, process: Process, params: dict[str, Any]) -> None:
        """A request takes effect that its process gave up for lost a while ago."""
        self.watch.look()
        self._remember()
        with suppress(AwsError):
            self._client.call("ecs", "UpdateService", params)
            self.note(process.name, ("UpdateService", params, "given up, and arrives late"))
            self.watch.arrived_late(process)
        self.simulation.touch()

    def asked(self, process: Process, operation: str) -> None:
        """A read has arrived, whatever it is answered with."""
        self.watch.asked(process, operation)

    def note(self, who: str, text: Any) -> None:
        """A line of the history."""
        self.history.note(self.theatre.now, who, text)

    def blame(self, text: str) -> None:
        """Something is wrong: the play ends here."""
        self.watch.blame(text)

    def _seen(self) -> None:
        self.watch.look()
        due = self.simulation.due
        # Where nobody can ask before the next picture is old enough, this one would never be looked at.
        if due is None or due > self.theatre.empty_until - LONGEST_LAG:
            self._remember()

    def _settle(self) -> None:
        """Let the scheduler see a change at once."""
        while self.simulation.advance(self.simulation.now):
            self.watch.look()

    def _remember(self) -> None:
        if not self._remembers:
            return
        ask, service = self._client.call, {"cluster": CLUSTER}
        listed = ask("ecs", "ListServiceDeployments", {**service, "service": NAME})
        arns = [one["serviceDeploymentArn"] for one in listed["serviceDeployments"]]
        picture = {
            "DescribeServices": ask("ecs", "DescribeServices", {**service, "services": [NAME]}),
            "ListServiceDeployments": listed,
            "DescribeServiceDeployments": ask(
                "ecs", "DescribeServiceDeployments", {"serviceDeploymentArns": arns[:20]}
            ),
            "GetParametersByPath": ask("ssm", "GetParametersByPath", {"Path": PATH}),
            "DescribeScalableTargets": ask(
                "application-autoscaling",
                "DescribeScalableTargets",
                {"ServiceNamespace": "ecs", "ResourceIds": [RESOURCE]},
            ),
        }
        self.past.pictures.append((self.theatre.now, picture))

    def _next(self, moment: float) -> None:
        """Start the next run and those beside it; whoever ends last starts the one after."""
        if not self._waiting:
            return
        moment += self._waiting[0].begins
        self._start(self._waiting.pop(0), moment)
        while self._waiting and self._waiting[0].beside:
            moment += self._waiting[0].begins
            self._start(self._waiting.pop(0), moment)

    def _start(self, run: Run, moment: float) -> None:
        number = len(self.processes) + 1
        process = Process(self, number, run, Random(self.scenario.seed * 101 + number))
        self.processes.append(process)
        body = process.actor.body

        def live() -> None:
            process.at_work()
            try:
                body()
            finally:
                self.watch.ended(process)
                if not self.theatre.over and all(one.actor.ended or one is process for one in self.processes):
                    self._next(self.theatre.now)

        process.actor.body = live
        self.theatre.start(moment, process.actor)

    def _clean_up(self) -> None:
        """In calm weather, after everything, nothing may stay borrowed: half of the plays try `resume` first."""
        if self.scenario.seed % 2:
            self._mend("resume")
        self._mend("deploy")

    def _mend(self, action: Action) -> None:
        if self.watch.wrong or not self.watch.left_behind():
            return
        self._waiting = [Run(begins=400.0, tag="good", machine="janitor", action=action, supersede=True)]
        self._next(self.theatre.now)
        self.theatre.play()
        self.watch.clean(action)

    def _outside(self, what: str, number: int) -> None:
        """Somebody else does something to the service."""
        world, now = self.simulation.world, self.theatre.now
        service = world.services[CLUSTER, NAME]
        self.watch.look()
        self.note("somebody", f"{what} {number}")
        self._remember()
        if what == "zero":
            transitions.set_desired_count(world, service, 0, now)
        elif what == "scale":
            transitions.set_desired_count(world, service, number, now)
        elif what == "update":
            transitions.begin_deployment(world, service, other_revision(world), now)
        elif what == "configuration":
            changed = {"minimumHealthyPercent": 25 * (number - 1)}
            with suppress(AwsError):
                self._client.call(
                    "ecs",
                    "UpdateService",
                    {"cluster": CLUSTER, "service": NAME, "deploymentConfiguration": changed},
                )
        elif what == "suspend" and RESOURCE in world.scalable_targets:
            world.scalable_targets[RESOURCE].suspended["DynamicScalingInSuspended"] = True
        elif what == "visits" and GROUP in world.target_groups:
            self.simulation.visit(BALANCER, GROUP)
        self.watch.outsider(what)
        self.simulation.touch()

    def _played(self) -> Played:
        played = Played(self.scenario.seed, self.watch.wrong, self.history)
        for one in self.processes:
            played.outcomes[outcome_of(one)] += 1
            played.actions[one.run.action] += 1
            played.faults.update(one.faults)
            played.calls += one.calls
            played.crashes += one.dead
            played.presses += one.heard
        played.runs = len(self.processes)
        played.hours = (self.theatre.now - self._begun) / 3600
        return played


def outcome_of(process: Process) -> str:
    """How a process ended, in a word."""
    if process.report is not None:
        return process.report.services[0].outcome.value
    if process.error is not None:
        return "interrupted early" if isinstance(process.error, KeyboardInterrupt) else "refused early"
    return "killed" if process.dead else "never began"
