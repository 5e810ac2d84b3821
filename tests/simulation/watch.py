"""The invariants: what must hold at every step of a play, and at every end of a deployer. It sees the world itself.

* While a deploy is under way the service serves with no fewer tasks than before, unless the new revision is to blame.
* Whatever is not as it was found stands in the journal, with the value that was found, and never another.
* One holder: a change of the service is fenced, and never comes from somebody whose lock another one has.
* An outcome is what the world says. Nothing is left behind without a word, and the next deploy mends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecs_deployment.journal import Entry, name_of
from ecs_deployment.known import Action
from ecs_deployment.outcome import Outcome
from ecs_local.scheduler_view import is_healthy

from tests.simulation.account import CLUSTER, NAME, PATH, digest_of
from tests.simulation.books import Books
from tests.simulation.judge import problems
from tests.simulation.scenario import LATE

if TYPE_CHECKING:
    from tests.simulation.play import Play
    from tests.simulation.process import Process

_CHANGES = ("UpdateService", "StopServiceDeployment", "RegisterScalableTarget")
_RESUMED = (Outcome.DEPLOYED, Outcome.ROLLED_BACK, Outcome.UNCHANGED, Outcome.ASLEEP)
_RENEWED = 100.0
_LEASE = 150.0  # seconds; a little less than the lease itself
_NOTICED = 100.0  # seconds; so long CloudWatch needs at least until a point counts for an alarm
_BEHIND = 30.0  # seconds; a stale answer that was slow on its way
_FENCE = 110.0  # seconds: a minute, and what a slow call may take on its way


class Watch:
    """Looks on. `wrong` is what did not hold."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self.wrong: list[str] = []
        self.books = Books(play.simulation.world, PATH)
        self.service = play.simulation.world.services[CLUSTER, NAME]
        self._well_on = ""  # the task definition on which it was well at the last look
        self.well_at: dict[str, float] = {}  # task definition -> when the service was last well on it
        self.looked_at: dict[int, float] = {}  # process -> when it last saw the service
        self.deployers: dict[str, Process] = {}  # deployment id -> who began it
        self.started: dict[int, list[str]] = {}  # process -> its deployments
        self.launched_at: dict[int, float] = {}
        self.asleep_at_launch: dict[int, bool] = {}
        self.numbers: dict[int, int] = {}  # process -> its entry
        self.strangers = 0  # deployments that somebody else began
        self._foreign: set[str] = set()  # their ids
        self._stays_awake = float("-inf")
        self._proofs: set[int] = set()  # entries whose proof was looked at
        self._last: dict[int, dict[str, Any]] = {}  # process -> its last UpdateService
        self._fenced: dict[int, float] = {}
        self._last_holder = 0
        self._baseline: int | None = None
        self._checked = play.scenario.balanced or play.scenario.checked
        self._guards = not play.scenario.accepts_gap

    def blame(self, text: str) -> None:
        """Something does not hold: the play is over."""
        self.wrong.append(text)
        self._play.note("WRONG", text)
        self._play.theatre.over = True

    # --- at every step ---------------------------------------------------------------------------------------

    def look(self) -> None:
        """After anything happened in the world."""
        world, service = self._play.simulation.world, self.service
        now, serving = self._play.simulation.now, 0
        if self._well_on:  # until now nothing has happened since the look before
            self.well_at[self._well_on] = now
        healthy: dict[str, int] = {}
        for task in service.live_tasks.values():
            if task.desired_status != "RUNNING" or task.last_status != "RUNNING":
                continue
            well = is_healthy(world, service, task, now)
            serving += well
            # Without any check to pass nobody can ask for more than that it runs.
            if well or not self._checked:
                healthy[task.task_definition] = healthy.get(task.task_definition, 0) + 1
        primary = service.deployments[0]
        desired = service.desired_count
        if not desired:
            self.books.slept(now)
            self._baseline = self._baseline and 0
        self._well_on = ""
        if desired and healthy.get(primary.task_definition, 0) >= desired:
            self._well_on = primary.task_definition
            self.well_at[self._well_on] = now
        if not desired and now < self._stays_awake:
            self._asleep_too_soon()
        if self._baseline is None or not self._guards:
            return
        self._baseline = min(self._baseline, desired)
        if serving < self._baseline:
            self.blame(f"only {serving} tasks serve, {self._baseline} did when the deploy began")

    def _asleep_too_soon(self) -> None:
        newest = next(iter(self._play.simulation.world.scaling_activities), {})
        hurried = any(process.count for process in self._play.processes)  # Ctrl-C ends the wait for the alarm
        if newest.get("StartTime") == self._play.simulation.now and not hurried:
            self.blame("the idle alarm takes the service down that was only just deployed")

    def asked(self, process: Process, operation: str) -> None:
        """A process gets an answer, an old one perhaps: its lease must be younger than two renewals."""
        if operation == "DescribeServices":
            self.looked_at[process.number] = self._play.theatre.now
            self._last.pop(process.number, None)
        number = self.numbers.get(process.number)
        if number is None or not process.run.weather.calm or self.books.closed(number):
            return
        if (silent := self._play.theatre.now - self.books.written_at(number)) > _RENEWED:
            self.blame(f"{process.name} has not renewed its lease for {silent:.0f} s")

    def outsider(self, what: str) -> None:
        """Somebody else has just changed something."""
        if what in ("update", "configuration"):
            self._guards = False
        if what == "update":
            self.strangers += 1
            self._foreign.add(self.service.deployments[0].id)
        self.books.learn()

    # --- at every change by a deployer -------------------------------------------------------------------------

    def fence_read(self, process: Process, params: dict[str, Any]) -> None:
        """A process looks whether the entry after its own exists."""
        mine = self.numbers.get(process.number)
        if mine is not None and params["Name"] == name_of(PATH, mine + 1):
            self._fenced[process.number] = self._play.theatre.now

    def before(self, process: Process, operation: str, params: dict[str, Any]) -> None:
        """A change is about to take effect."""
        if operation not in _CHANGES:
            return
        self.look()
        now, number = self._play.theatre.now, self.numbers.get(process.number)
        # What it goes by it has read a moment before; somebody may have woken the service since.
        self.asleep_at_launch.setdefault(process.number, self.books.awake_since(now) < 10)
        if number is None:
            self.blame(f"{process.name} changes the service without a lock")
            return
        fenced = self._fenced.pop(process.number, None)
        if fenced is None:
            self.blame(f"{process.name} sends {operation} without looking at its lock first")
            return
        if self.books.first_seen(number + 1) < fenced:
            self.blame(f"{process.name} sends {operation} although it saw entry {number + 1}")
        if number < self._last_holder:
            self.blame(f"{process.name} changes the service after entry {self._last_holder} did")
        self._last_holder = number
        if now - self.books.written_at(number) > _FENCE:
            self.blame(
                f"{process.name} sends {operation} {now - self.books.written_at(number):.0f} s after its renewal"
            )
        if operation == "UpdateService":
            self._before_update(process, params)

    def _before_update(self, process: Process, params: dict[str, Any]) -> None:
        """Rules of the one call that matters."""
        service = self.service
        desired = params.get("desiredCount")
        self._not_twice(process, params)
        self._spares_strangers(process, params)
        if desired and self.books.awake_since(self._play.theatre.now) > 30 and service.desired_count >= 1:
            self.blame(
                f"{process.name} sends desiredCount {desired} to a service that is at {service.desired_count}"
            )
        wanted = process.run.action in ("sleep", "abort", "resume")
        if desired == 0 and not wanted and not self.asleep_at_launch[process.number]:
            self.blame(f"{process.name} puts a service to sleep that was awake")
        lower = params.get("deploymentConfiguration", {}).get("minimumHealthyPercent", 100)
        primary = service.deployments[0]
        sinks = lower < service.configuration["minimumHealthyPercent"]
        age = self._play.theatre.now - primary.updated_at
        if sinks and primary.rollout_state == "IN_PROGRESS" and service.desired_count and age > 20:
            self.blame(f"{process.name} hands the floor back while {primary.id} rolls")

    def _not_twice(self, process: Process, params: dict[str, Any]) -> None:
        """Nobody repeats a call that took effect without having looked."""
        last, self._last[process.number] = self._last.get(process.number), params
        if "taskDefinition" in params and params == last:
            self.blame(f"{process.name} repeats its UpdateService blindly")

    def _spares_strangers(self, process: Process, params: dict[str, Any]) -> None:
        """Whoever has begun its rollout never rolls over what somebody else began after it, once it has looked."""
        primary = self.service.deployments[0]
        began = self.launched_at.get(process.number, float("inf"))
        theirs = primary.id in self._foreign and primary.created_at > began
        behind = 2 * self._play.scenario.latency if process.run.weather.calm else _BEHIND
        saw = self.looked_at.get(process.number, 0.0) - behind > primary.created_at
        if theirs and saw and "taskDefinition" in params:
            self.blame(f"{process.name} rolls over {primary.id}, which somebody began after it")

    def after(self, process: Process, operation: str, params: dict[str, Any]) -> None:
        """A change has taken effect."""
        if operation in ("PutParameter", "DeleteParameter"):
            self._after_note(process, params)
        if operation == "UpdateService":
            self._after_update(process)
        if operation in _CHANGES or operation == "DeleteParameter":
            self._nothing_lost(process)

    def arrived_late(self, process: Process) -> None:
        """A change that was given up has taken effect: it is that process's, and no fence held it back."""
        self.asleep_at_launch.setdefault(process.number, self.books.awake_since(self._play.theatre.now) < 10)
        self._after_update(process)

    def _after_note(self, process: Process, params: dict[str, Any]) -> None:
        entry = self.books.read(params["Name"])
        if entry is None:
            return
        if not entry.readable:
            self.blame(f"{process.name} writes an entry that cannot be read")
        if not params.get("Overwrite"):
            self._not_taken_away(process, entry.number - 1)
            self.numbers[process.number] = entry.number
        elif self.numbers.get(process.number, entry.number) != entry.number:
            self.blame(f"{process.name} overwrites entry {entry.number}, which is not its own")
        self._found_values(process, entry)
        proof = entry.proven and entry.outcome in ("", "deployed") and entry.revision
        if proof and entry.number not in self._proofs:  # a renewal only carries it
            self._proofs.add(entry.number)
            self._proof(process, entry)
        self._nothing_lost(process)

    def _not_taken_away(self, process: Process, before: int) -> None:
        """Only who says so takes the lock of a living holder whose lease runs."""
        holders = [one for one in self._play.processes if self.numbers.get(one.number) == before]
        lives = [one.name for one in holders if not one.dead and one.ended is None]
        fresh = self._play.theatre.now - self.books.written_at(before) < _LEASE
        if lives and fresh and not process.run.supersede and not self.books.closed(before):
            self.blame(f"{process.name} takes the lock of {lives[0]}, which is at work")

    def _found_values(self, process: Process, entry: Entry) -> None:
        for debt in entry.debts:
            if not self.books.was_found(debt.what, debt.before):
                self.blame(
                    f"{process.name} records {debt.what} = {debt.before!r} as found; nobody but us put it there"
                )

    def _proof(self, process: Process, entry: Entry) -> None:
        self.look()
        now, calm = self._play.theatre.now, process.run.weather.calm
        since = now - self.well_at.get(entry.revision, 0.0)
        if not entry.outcome and since > (5.0 + 2 * self._play.scenario.pace if calm else 400.0):
            self.blame(
                f"{process.name} writes down a proof of {_short(entry.revision)}, "
                f"which was not well since {since:.0f} s"
            )
        leased = self._play.scenario.idle == "leased" and self._lease_counts(process)
        if not entry.outcome and self._is_undisturbed(process) and leased:
            self._stays_awake = (
                now + 200.0
            )  # the template's idle minutes, counted from the lease's last point
        image = self._image(entry.revision)
        if entry.tag and not image.endswith(digest_of(entry.tag)):
            self.blame(f"{process.name} proves {image} as tag {entry.tag}")

    def _lease_counts(self, process: Process) -> bool:
        """Not where a run of a minute, as a `resume` is, finds the alarm OK by what an earlier one had put: nobody
        can see that this runs out before CloudWatch has counted the new points."""
        alarm = self._play.simulation.world.alarms["idle"]
        return alarm.state != "OK" or self._play.theatre.now - process.began > _NOTICED

    def _is_undisturbed(self, process: Process) -> bool:
        return not self._play.scenario.outside and process.run.weather.calm and not process.count

    def _image(self, revision: str) -> str:
        content = self._play.simulation.world.task_definitions[revision].content
        return str(content["containerDefinitions"][0]["image"])

    def _after_update(self, process: Process) -> None:
        primary = self.service.deployments[0]
        if primary.id in self.deployers or primary.created_at < self._play.theatre.now:
            return
        self.deployers[primary.id] = process
        self.started.setdefault(process.number, []).append(primary.id)
        self.launched_at.setdefault(process.number, self._play.theatre.now)
        image = self._image(primary.task_definition)
        if any(
            kind in LATE and image.endswith(digest_of(tag)) for tag, kind in self._play.scenario.tags.items()
        ):
            self._guards = False
        read_zero = bool(
            self._last.get(process.number, {}).get("desiredCount")
        )  # `_before_update` says how long ago
        if self._baseline is None and (read_zero or self.asleep_at_launch[process.number]):
            self._baseline = 0  # who wakes the service in that very moment cannot be seen
        if self._baseline is None:
            self._baseline = sum(
                task.desired_status == "RUNNING"
                and is_healthy(self._play.simulation.world, self.service, task, self._play.simulation.now)
                for task in self.service.live_tasks.values()
            )

    def _nothing_lost(self, process: Process) -> None:
        """Whatever differs from what was found must be owed in the journal."""
        owed = {debt.what for debt in self.books.owed()}
        for what in self.books.borrowed():
            if what not in owed:
                self.blame(
                    f"{what} is {self.books.live(what)!r} and nobody owes it, after a call of {process.name}"
                )

    # --- at the end --------------------------------------------------------------------------------------------

    def ended(self, process: Process) -> None:
        """A deployer has ended, or was killed."""
        if self._play.theatre.over or process.dead:
            return
        self.look()
        for problem in problems(self._play, self, process):
            self.blame(f"{process.name}: {problem}")

    def left_behind(self) -> bool:
        """Whether the next deploy has something to hand back."""
        return bool(self.books.borrowed() or self.books.owed())

    def clean(self, action: Action) -> None:
        """After a run in calm weather nothing is borrowed any more, and nothing owed."""
        janitor = self._play.processes[-1].report
        result = janitor.services[0] if janitor is not None else None
        outcome = result.outcome if result else None
        # Where ECS itself gets no further (no task is well, and the ceiling is full), what is borrowed is rightly kept.
        stuck = outcome is Outcome.UNDECIDED and self.service.deployments[0].rollout_state == "IN_PROGRESS"
        if action == "resume":
            # Somebody else's rollout, one that does not end, or a failed one that is only held out against.
            only_a_deploy = any("or the next deploy" in line for line in (result.owed if result else ()))
            stuck |= outcome not in _RESUMED or only_a_deploy
        if self.wrong or stuck:
            return
        for what in self.books.borrowed():
            self.blame(f"{what} is still {self.books.live(what)!r} after another {action}")
        if owed := self.books.owed():
            self.blame(f"still owed after another {action}: {', '.join(debt.what for debt in owed)}")


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
