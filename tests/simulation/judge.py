"""Is what a deployer reported true? Its outcome against the world, as it is when the deployer has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ecs_deployment.outcome import Outcome, Result
from ecs_deployment.rollout import RAISES_AT_MOST
from ecs_local.world import Deployment

from tests.simulation.account import digest_of
from tests.simulation.scenario import FINE, Scenario

if TYPE_CHECKING:
    from tests.simulation.play import Play
    from tests.simulation.process import Process
    from tests.simulation.watch import Watch


def problems(play: Play, watch: Watch, process: Process) -> Iterator[str]:
    """Every way in which what it reported, or did, is not true."""
    ours = watch.started.get(process.number, [])
    report = process.report
    if report is None:
        if ours:
            yield f"it began {ours[-1]} and ended with an error: {process.error!r}"
        return
    result = report.services[0]
    yield from _truth(play, watch, process, result, ours)
    yield from _left(play, watch, process, result)
    yield from _alone(play, watch, process, result)
    seconds = play.theatre.now - process.began
    if process.calls - process.pages > 200 + seconds * (3 if play.scenario.pace > 1 else 12):
        yield f"{process.calls} calls in {seconds:.0f} s"


def _truth(play: Play, watch: Watch, process: Process, result: Result, ours: list[str]) -> Iterator[str]:
    watch.look()
    service = watch.service
    primary = service.deployments[0]
    outcome = result.outcome
    goes_on = process.run.action in ("resume", "abort")
    launched = watch.launched_at.get(process.number, 0.1 if goes_on else play.theatre.now)
    if outcome is Outcome.UNEXPECTED:
        yield f"unexpected: {result.cause} {result.evidence}"
    if outcome in (Outcome.REFUSED, Outcome.UNCHANGED) and ours:
        yield f"{outcome.value}, but it began {ours}"
    if outcome is Outcome.UNCHANGED and process.run.action == "deploy" and process.run.weather.calm:
        looked = watch.looked_at.get(
            process.number, play.theatre.now
        )  # then it may still wait for the idle alarm
        since = looked - watch.well_at.get(primary.task_definition, 0.0)
        woken = watch.books.awake_since(play.theatre.now) < 5  # since it was found asleep
        if service.desired_count and since > 5 and not woken and primary.created_at < process.began:
            yield f"unchanged and well, but the service has not been well for {since:.0f} s"
    if outcome is Outcome.INTERRUPTED and not process.heard and not process.count:
        yield "interrupted, but nobody pressed anything"
    if outcome is Outcome.DEPLOYED:
        if result.deployment_id not in ours and not goes_on:
            yield f"deployed as {result.deployment_id}, but it began {ours}"
            return
        rollout = next(
            one for one in service.service_deployments if one.deployment_id == result.deployment_id
        )
        if rollout.status != "SUCCESSFUL":
            yield f"deployed, but {result.deployment_id} is {rollout.status}"
        revision = _revision(play, result.revision)
        if watch.well_at.get(revision, 0.0) < launched:
            yield f"deployed, but the service was never well on {result.revision}"
        if process.run.action == "deploy" and result.digest != digest_of(process.run.tag):
            yield f"deployed {result.digest}"
    if outcome is Outcome.ROLLED_BACK:
        if primary.id in ours and primary.task_definition == _revision(play, result.revision):
            deployment = [watch.deployers.get(each) for each in ours]
            yield f"rolled back, but {primary.id} of {result.revision} is in place ({len(deployment)})"
        elif watch.well_at.get(primary.task_definition, 0.0) < launched and not _strange(
            watch, process, primary, launched
        ):
            yield f"rolled back, but the service was not well on {primary.task_definition} since"
    mine = watch.numbers.get(process.number, 0)
    newer = watch.books.first_seen(mine + 1) < float("inf")
    if outcome is Outcome.ASLEEP and service.desired_count and not play.scenario.outside and not newer:
        yield f"asleep, but the service is at {service.desired_count}"
    nobody = not newer and not watch.strangers and not _others(watch, process)
    if outcome is Outcome.SUPERSEDED and primary.id in ours and nobody:
        yield "superseded, but nobody did"


def _left(play: Play, watch: Watch, process: Process, result: Result) -> Iterator[str]:
    """What it leaves behind it says."""
    alive = [one for one in play.processes if one is not process and not one.actor.ended]
    # What a later run left behind, that one has told.
    newer = watch.books.first_seen(watch.numbers.get(process.number, 0) + 1) < float("inf")
    if alive or newer or result.outcome in (Outcome.REFUSED, Outcome.SUPERSEDED):
        return
    owed = {debt.what for debt in watch.books.owed()}
    told = result.owed or (result.notes and not watch.books.borrowed())
    if (watch.books.borrowed() or owed) and not told and process.number in watch.asleep_at_launch:
        yield f"{', '.join(sorted(owed) or watch.books.borrowed())} left behind without a word"
    if watch.books.borrowed() and not owed:
        yield f"{', '.join(watch.books.borrowed())} left behind, and not in the journal"


def _alone(play: Play, watch: Watch, process: Process, result: Result) -> Iterator[str]:
    """Where nothing disturbs a deploy, its outcome follows from the image alone."""
    scenario, run = play.scenario, process.run
    alone = len(play.processes) == 1 and run.action == "deploy" and run.weather.calm
    if not alone or process.heard or process.count or not _is_gentle(scenario):
        return
    kind, outcome = scenario.tags[run.tag], result.outcome
    awake = not watch.asleep_at_launch.get(process.number, False)
    if kind == "sick" and not (scenario.balanced or scenario.checked):
        kind = FINE  # nobody asks it how it is
    room = (
        not scenario.desired
        or scenario.desired * scenario.ceiling // 100 > scenario.desired
        or scenario.overlap
    )
    if outcome is Outcome.REFUSED:
        gap = -(-scenario.desired * scenario.floor // 100) < scenario.desired
        if room or (scenario.accepts_gap and gap):
            yield f"refused without a reason: {result.cause}"
    elif kind in (FINE, "slow"):
        if outcome is not Outcome.DEPLOYED and not _sleeps(scenario.idle):
            yield f"{outcome.value} with an image that is {kind}: {result.cause}"
    elif kind.endswith("later") or scenario.outside:
        return
    elif outcome is Outcome.DEPLOYED:
        yield f"deployed with an image that is {kind}"
    elif (
        outcome is not Outcome.ROLLED_BACK
        and run.roll_back
        and (awake or (scenario.proven and scenario.was_up))
    ):
        yield f"{outcome.value} with an image that is {kind}: {result.cause}"


def _is_gentle(scenario: Scenario) -> bool:
    """Whether a deploy has to cope with whatever others do: at most three times to 0, which it raises again."""
    what = [each for _, each, _ in scenario.outside if each != "visits"]
    lifted = scenario.scaling is not None and scenario.scaling[0] > 0 and scenario.ceiling < 200
    if what and lifted:  # from 0 autoscaling lifts it to one task, which such a ceiling cannot roll
        return False
    return len(what) <= RAISES_AT_MOST and set(what) <= {"zero"}


def _sleeps(idle: str) -> bool:
    return bool(idle)


def _strange(watch: Watch, process: Process, primary: Deployment, launched: float) -> bool:
    """Whether somebody else began that deployment after ours."""
    who = watch.deployers.get(primary.id)
    return who is not process if who else primary.created_at > launched


def _others(watch: Watch, process: Process) -> set[str]:
    return {each for each, who in watch.deployers.items() if who is not process}


def _revision(play: Play, short: str) -> str:
    found = (arn for arn in play.simulation.world.task_definitions if arn.endswith(f"/{short}"))
    return next(found, short)
