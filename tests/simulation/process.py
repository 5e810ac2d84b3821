"""One simulated deployer: the real `deploy` with a virtual clock, signals by the script, and its way to the account."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ecs_deployment import events
from ecs_deployment.aws.port import AwsCloud
from ecs_deployment.cloud import Cloud
from ecs_deployment.deploy import deploy
from ecs_deployment.errors import DeployError
from ecs_deployment.known import Request
from ecs_deployment.outcome import Report
from ecs_deployment.rollout_state import Limits
from ecs_deployment.settings import DEFAULT_JOURNAL, Environment, ServiceSettings
from ecs_deployment.survey import Setting, Wishes
from ecs_local.api.errors import AwsError

from tests.simulation import aws_session, seams
from tests.simulation.account import ACCOUNT, CLUSTER, NAME, REGION
from tests.simulation.memory_session import MemorySession
from tests.simulation.scenario import Run, Scenario
from tests.simulation.theatre import Actor, Killed, Theatre
from tests.simulation.wire import Answer, Fate, Past, Trouble, fate, is_read

MOST_CALLS = 4000
_TICK = 1e-6  # seconds; less would be lost in a clock that counts from 1970
HOURS = 3.0  # virtual; whoever takes longer does not end at all


class Stage(Protocol):
    """What a process needs of the play it is in."""

    theatre: Theatre
    scenario: Scenario
    past: Past
    through_aws: bool
    processes: list[Process]

    def ask(self, process: Process, service: str, operation: str, params: dict[str, Any]) -> Answer:
        """The account's answer now."""

    def asked(self, process: Process, operation: str) -> None:
        """A read has arrived."""

    def note(self, who: str, text: Any) -> None:
        """A line of the history."""

    def blame(self, text: str) -> None:
        """Something is wrong: the play ends here."""


@dataclass
class Process:
    """A deployer at work. `result` is what it reported: a report, an error, or nothing where it was killed."""

    stage: Stage
    number: int
    run: Run
    chance: random.Random
    actor: Actor = field(init=False)
    began: float = 0.0
    ended: float | None = None
    calls: int = 0
    pages: int = 0  # of these, how many only turned a page
    pressed: int = 0  # signals that came at a call
    heard: int = 0
    listening: bool = False
    dead: bool = False
    report: Report | None = None
    error: BaseException | None = None
    faults: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.actor = Actor(self.name, self._live)

    @property
    def name(self) -> str:
        return f"{self.run.machine}#{self.number}"

    @property
    def pid(self) -> int:
        return 100 + self.number

    @property
    def machine(self) -> str:
        return self.run.machine

    @property
    def now(self) -> float:
        """The account's clock."""
        return self.stage.theatre.now

    def lives(self, pid: int) -> bool:
        """Whether the process of that number is alive; asked only of the same machine."""
        return any(one.pid == pid and not one.actor.ended and not one.dead for one in self.stage.processes)

    # --- what the deployer is given: clock, signals, transport -------------------------------------------

    def time(self) -> float:
        return self.stage.theatre.now + self.run.skew

    def boottime(self) -> float:
        return self.stage.theatre.now - 1_699_000_000.0

    def sleep(self, seconds: float) -> None:
        self._wait(self.stage.theatre.now + max(_TICK, seconds))
        self._press()

    def __enter__(self) -> Process:
        self.listening = True
        return self

    def __exit__(self, *_: object) -> None:
        self.listening = False

    @property
    def count(self) -> int:
        """Signals so far, while they are counted."""
        return self._signals()

    def wait(self, seconds: float) -> None:
        """Wait, or until the next signal; one that came before ends the next wait."""
        now = self.stage.theatre.now
        if self.heard < self._signals():
            self.heard += 1
            return
        moments = [
            self.began + at for kind, at in self.run.presses if kind == "second" and self.began + at > now
        ]
        until = min([now + max(_TICK, seconds), *moments])
        self._wait(until)
        if self.heard < self._signals():
            self.heard += 1

    def send(self, service: str, operation: str, params: dict[str, Any]) -> Answer:
        """One request on its way to the account and back."""
        stage, run = self.stage, self.run
        theatre = stage.theatre
        self.calls += 1
        self.pages += "nextToken" in params or "NextToken" in params
        if self.calls > MOST_CALLS:
            stage.blame(f"{self.name} makes more than {MOST_CALLS} calls")
        self.pressed += sum(kind == "call" and at == self.calls for kind, at in run.presses)
        self._press()
        if run.dies == self.calls and not run.dies_after:
            self._die(f"killed before {operation}")
        drawn = fate(self.chance, run.weather, operation, theatre.now - self.began, stage.scenario.latency)
        self._wait(theatre.now + drawn.there)
        answer = self._arrive(service, operation, params, drawn)
        self._wait(theatre.now + drawn.back)
        if run.dies == self.calls and run.dies_after:
            self._die(f"killed after {operation}")
        if drawn.kind:
            raise Trouble(drawn.kind, operation)
        return answer

    def _arrive(self, service: str, operation: str, params: dict[str, Any], drawn: Fate) -> Answer:
        stage = self.stage
        if drawn.kind or drawn.lag:
            name = drawn.kind or "stale"
            self.faults[name] = self.faults.get(name, 0) + 1
        if not drawn.arrives:
            stage.note(self.name, (operation, params, drawn.kind))
            # On `fast` a whole deploy would be over by then, and what it borrowed given back.
            if (
                drawn.later
                and "taskDefinition" in params
                and operation == "UpdateService"
                and stage.scenario.pace > 1
            ):
                stage.theatre.at(stage.theatre.now + drawn.later, partial(stage.arrives_late, self, params))
            return {}
        if is_read(operation):
            stage.asked(self, operation)
        if drawn.lag:
            old = stage.past.before(operation, stage.theatre.now - drawn.lag)
            if old is not None and (found := _chosen(operation, params, old)) is not None:
                stage.note(self.name, (operation, params, f"as {drawn.lag:.1f} s ago"))
                return found
        try:
            answer = stage.ask(self, service, operation, params)
        except AwsError as error:
            stage.note(self.name, (operation, params, f"{error.code}: {error.message}"))
            raise
        stage.note(
            self.name, (operation, params, f"{drawn.kind}, but it took effect" if drawn.kind else None)
        )
        return answer

    def _wait(self, until: float) -> None:
        if self.dead:
            raise Killed
        self.stage.theatre.wait(self.actor, until)
        self.at_work()
        if self.stage.theatre.now - self.began > HOURS * 3600:
            self.stage.blame(f"{self.name} does not end")

    def at_work(self) -> None:
        """Whatever asks its machine, or sends a request, is this process from now on."""
        seams.current.process = self
        aws_session.at_work(self)

    def _signals(self) -> int:
        passed = self.stage.theatre.now - self.began
        return self.pressed + sum(kind == "second" and at <= passed for kind, at in self.run.presses)

    def _press(self) -> None:
        """Where signals are not counted yet, the first one ends the command, as Python does."""
        if not self.listening and self._signals() > self.heard:
            self.heard = self._signals()
            self.stage.note(self.name, "Ctrl-C before anything was changed")
            raise KeyboardInterrupt

    def _die(self, how: str) -> None:
        self.dead = True
        self.stage.note(self.name, how)
        raise Killed

    # --- its life -----------------------------------------------------------------------------------------

    def _live(self) -> None:
        stage, run = self.stage, self.run
        self.began = stage.theatre.now
        stage.note(
            self.name, f"inv app.{run.action} --tag {run.tag}{' --supersede' if run.supersede else ''}"
        )
        try:
            self.report = deploy(self._setting(), self._request(), self._wishes())
        except (DeployError, KeyboardInterrupt) as error:
            self.error = error
        except Killed:
            self.dead = True
            raise
        finally:
            self.ended = stage.theatre.now

    def _setting(self) -> Setting:
        scenario = self.stage.scenario
        settings = ServiceSettings(
            "app",
            cluster=CLUSTER,
            service=NAME,
            containers=("app",),
            repository="app",
            idle_minutes=5 if scenario.idle else None,
            overlap=scenario.overlap or self.run.machine == "janitor",
            interruption="accepted" if scenario.accepts_gap else None,
        )
        environment = Environment("staging", "aws", ACCOUNT, REGION, DEFAULT_JOURNAL, (settings,))
        return Setting(self._cloud(), environment, self, self._sink, self)

    def _cloud(self) -> Cloud:
        if self.stage.through_aws:
            return AwsCloud(aws_session.session())
        session = MemorySession(self.send, lambda: self.now, self.sleep, self.chance.random)
        return AwsCloud(session)  # type: ignore[arg-type] # a session in memory: the two methods that the port calls

    def _request(self) -> Request:
        run = self.run
        tag = run.tag if run.action == "deploy" else ""
        leave = not run.roll_back
        return Request("staging", tag, run.supersede, action=run.action, force=run.supersede, leave=leave)

    def _wishes(self) -> Wishes:
        patience = 30 * self.stage.scenario.pace
        limits = Limits(no_progress=patience, at_most=4 * patience, roll_back=self.run.roll_back)
        return Wishes(limits=limits, probe=False, wait_for_lock=self.run.waits)

    def _sink(self, event: events.Event) -> None:
        if isinstance(event, events.Said):
            self.stage.note(self.name, f"says: {event.text}")


def _chosen(operation: str, params: dict[str, Any], old: Answer) -> Answer | None:
    """The part of an earlier answer that this call asks for."""
    if operation == "DescribeServiceDeployments":
        wanted = params["serviceDeploymentArns"]
        return {
            "serviceDeployments": [
                one for one in old["serviceDeployments"] if one["serviceDeploymentArn"] in wanted
            ]
        }
    return old


Body = Callable[[], None]
