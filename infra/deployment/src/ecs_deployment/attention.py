"""Where to look next, how soon, and what the wait is for: pure, so that the number of API calls can be tested."""

from __future__ import annotations

from collections.abc import Sequence

from ecs_deployment import model
from ecs_deployment.outdated import BEHIND
from ecs_deployment.rollout_state import Observation, Part, Phase, State, deployment_of

EVERYTHING = frozenset(Part)
FOR_THE_PROOF = frozenset({Part.TASKS, Part.TARGETS, Part.DEPLOYMENT})
_SOONEST = 0.25
_LATEST = 3.0  # seconds; the verdict comes at most this late
_LATEST_UNHURRIED = 7.0  # where nothing that is worth a second can happen
_QUICK = 3.0  # an embedded rollout is over by then
_SURE_TAIL = 50.0  # recorded from the last stop to "deployment completed": 78 and 81 s
_ASK_ANYWAY = 60.0
_TARGET = "the new target to be healthy"
_HOOK = "the lifecycle hook "


def needs(
    state: State, service: model.Service, now: float, traffic: model.Traffic | None = None
) -> frozenset[Part]:
    """What to read besides the service, given what it shows now and what the probe measures."""
    newest, before = (
        deployment_of(service, state.newest),
        state.last and deployment_of(state.last, state.newest),
    )
    primary = service.primary
    proof = FOR_THE_PROOF | ({Part.STOPPED} if _one_died(state, service) else set())
    if state.phase is Phase.PROVING:
        return proof
    if state.phase is Phase.EMPTYING:
        return frozenset()
    if state.phase is Phase.RETREATING:
        settled = primary is None or primary.rollout_state != "IN_PROGRESS" or primary.id in state.ours
        if settled:
            return FOR_THE_PROOF | {Part.STOPPED}
        # The earlier revision may not come up either; ECS does not count failures of one that once was well.
        failing = primary is not None and not primary.running and _news(service, state.last)
        return frozenset({Part.STOPPED} if failing else ())
    if primary is None or newest is None or primary.id != state.newest or service.desired == 0:
        return EVERYTHING
    if newest.rollout_state == "COMPLETED":
        return proof
    if newest.rollout_state == "FAILED" or out_of_time(state, now):
        return EVERYTHING
    # Now and then for its own sake: a lifecycle hook that waits for an answer shows nowhere else.
    hooked = state.waiting_for.startswith(_HOOK) and _news(service, state.last)
    wanted = {Part.DEPLOYMENT} if hooked or now - state.asked > _ASK_ANYWAY else set[Part]()
    if newest.failed_tasks > (before.failed_tasks if before else 0) or (
        before and newest.running < before.running
    ):
        wanted |= {Part.STOPPED, Part.DEPLOYMENT, Part.TARGETS}
    # The list may lag behind the count, which then stands for as long as ECS puts off its next try.
    if newest.failed_tasks > state.failures and now - state.asked <= BEHIND + _LATEST_UNHURRIED:
        wanted.add(Part.STOPPED)
    if newest.running and (before is None or newest.running != before.running or _news(service, state.last)):
        wanted.add(Part.TARGETS)
    if traffic is not None and traffic.failed_in_a_row:  # why, if it comes to that
        wanted |= {Part.STOPPED, Part.TARGETS}
    return frozenset(wanted)


def _one_died(state: State, service: model.Service) -> bool:
    """Whether more tasks were started than are wanted: ECS calls a rollout complete in whose pauses they run."""
    newest = deployment_of(service, state.newest)
    begun = [e.message for e in service.events if e.at >= state.created and "has started" in e.message]
    started = sum(message.count("(task ") for message in begun)
    return (newest is not None and newest.failed_tasks > 0) or started > service.desired


def _news(service: model.Service, before: model.Service | None) -> bool:
    newest = service.events[0].id if service.events else ""
    return before is None or newest != (before.events[0].id if before.events else "")


def out_of_time(state: State, now: float) -> bool:
    """Nothing moved for too long, or the phase lasts too long; the way back has a clock of its own.

    Once ECS is done, tasks that come and go are no progress: they are well within that time, or not at all.
    """
    if state.phase is Phase.PROVING and now - state.phase_began > state.limits.no_progress:
        return True
    return now - state.progressed > state.limits.no_progress or now - _since(state) > state.limits.in_all


def _since(state: State) -> float:
    return state.phase_began if state.phase is Phase.RETREATING else state.began


def pause(state: State, now: float) -> float:
    """Seconds until the next look.

    How soon something changes after UpdateService tells how fast this ECS is (0.2 s embedded, 16 to 24 s on Fargate),
    and so does the time gone by: a quick world is watched closely while it is quick, and a slow one costs few calls,
    however soon it showed the first task as pending.
    """
    elapsed = now - _since(state)
    if _nothing_yet(state):
        return _between(_SOONEST, 0.5 * elapsed, _LATEST_UNHURRIED)
    first = 0.0 if state.first_change is None else state.first_change - state.began
    pace = max(0.135 * first, 0.1 * (elapsed - _QUICK))
    if state.phase is Phase.ROLLING and state.last and _unhurried(state, state.last, now):
        return _between(_SOONEST, 2.5 * pace, _LATEST_UNHURRIED)
    return _between(_SOONEST, pace, _LATEST)


def _nothing_yet(state: State) -> bool:
    """Whether no new task has run or failed so far, nor, on the way to 0, an old one stopped."""
    if state.phase is Phase.EMPTYING:
        return state.first_change is None
    newest = deployment_of(state.last, state.newest) if state.last else None
    return state.phase is Phase.ROLLING and (newest is None or not (newest.running or newest.failed_tasks))


def _unhurried(state: State, service: model.Service, now: float) -> bool:
    """While a task starts again, while an old one drains, and in the first half of the tail after that."""
    newest = deployment_of(service, state.newest)
    if newest is None or not newest.running or _drains(state, service):
        return True
    if state.old_gone is None:
        return False
    return now - state.old_gone < min(0.5 * (state.old_gone - state.began), _SURE_TAIL)


def stage(state: State, service: model.Service, targets: Sequence[model.Target] = ()) -> str:
    """The part of the rollout the service is in, as the report names and times it."""
    if state.phase is not Phase.ROLLING:
        return str(state.phase.value)
    newest = deployment_of(service, state.newest)
    if newest is None or newest.running == 0:
        return "starting"
    if _drains(state, service):
        return "draining"
    balanced = bool(service.load_balancers) and not any(target.state == "healthy" for target in targets)
    if _old_running(state, service) or balanced:
        return "becoming healthy"
    return "completing"


def _drains(state: State, service: model.Service) -> bool:
    """Whether an old task was told to go and its connections are being drained."""
    newest = deployment_of(service, state.newest)
    if (
        newest is None or newest.running < service.desired or newest.failed_tasks
    ):  # a failed one drains as well
        return False
    draining = any("begun draining" in e.message for e in service.events if e.at >= state.created)
    return draining and not old_gone(state, service)


def old_gone(state: State, service: model.Service) -> bool:
    """Whether the old tasks were stopped: what is left is ECS's own tail."""
    stopped = any("has stopped" in e.message for e in service.events if e.at >= state.created)
    return stopped and not _old_running(state, service)


def _old_running(state: State, service: model.Service) -> int:
    return sum(d.running for d in service.deployments if d.id not in state.ours)


def _between(least: float, value: float, most: float) -> float:
    return min(max(value, least), most)


def waiting_for(state: State, seen: Observation) -> str:
    """The named reason for the wait, as the user reads it behind "waiting for"."""
    service, deployment = seen.snapshot.service, seen.snapshot.deployment
    newest = deployment_of(service, state.newest)
    if deployment and deployment.waiting_hook:
        return f"{_HOOK}{deployment.waiting_hook} to be answered"
    if Part.DEPLOYMENT not in seen.read and state.waiting_for.startswith(_HOOK):
        return state.waiting_for
    if newest is None or newest.running + newest.pending == 0:
        return "ECS to start the new task"
    if newest.running < service.desired:
        return f"{service.desired - newest.running} of {service.desired} new tasks to run"
    old = sum(d.running for d in service.deployments if d.id not in state.ours)
    if old:
        return f"new tasks to be healthy, {old} old one{'s' if old > 1 else ''} to drain"
    unread = Part.TARGETS not in seen.read
    healthy = any(target.state == "healthy" for target in seen.snapshot.targets)
    if service.load_balancers and (state.waiting_for == _TARGET if unread else not healthy):
        return _TARGET
    return "ECS to complete the deployment"
