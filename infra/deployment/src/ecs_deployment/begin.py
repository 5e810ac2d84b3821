"""How a job begins: with a rollout of its own, in one that an earlier run began, or with nothing but to hand back."""

from __future__ import annotations

from dataclasses import replace

from ecs_deployment import attention, diagnose, events, model, rollout, rollout_follow
from ecs_deployment.finish import finish, hold_from_now
from ecs_deployment.goal import Adopted
from ecs_deployment.job import Job, Loop
from ecs_deployment.launch import launch, raise_what_is_low
from ecs_deployment.outcome import Outcome


def begin(loop: Loop, one: Job) -> None:
    """Launch what the plan says, step into a rollout that goes on already, or only hand back what was left."""
    one.enter("preparing", one.began)
    for line in one.plan.story:
        loop.sink(events.Said(one.plan.name, line))
    if not one.plan.rolls:  # nothing to do but to hand back what an earlier run left
        instead = one.plan.instead
        if instead:
            finish(loop, one, Outcome.REFUSED, diagnose.Cause(instead.what, instead.cure))
        else:
            _leave_as_it_is(loop, one)
        return
    one.lease.renew(loop.clock.boottime())
    if one.plan.adopts:
        _follow(loop, one, one.plan.adopts)
        return
    if loop.interrupts.count:  # it came while another service was begun
        finish(loop, one, Outcome.INTERRUPTED)
        return
    if loop.pace and one.plan.content is not None:
        loop.pace.registered()
    revision, answer, woken, repeated = launch(one.hands, one.plan)
    now = loop.clock.boottime()
    if answer is None:
        finish(loop, one, Outcome.INTERRUPTED)
        return
    asleep = one.plan.was_asleep
    if woken:
        one.plan = rollout.awake(one.plan)
    first = rollout_follow.empty if one.plan.at_zero else rollout.begin
    one.state = replace(first(one.plan, revision, answer, loop.limits, now), repeated=repeated)
    if one.probe and asleep and not one.state.plan.was_asleep:
        one.probe.start(count_from_first_success=True)
    one.plan = one.state.plan
    one.seen = model.Snapshot(answer)
    one.enter("going to sleep" if one.plan.at_zero else "starting", now)
    one.next_look = now
    if one.plan.at_zero:
        # Its deployment is an earlier run's, and so is everything that was told of it until now.
        one.told.update(event.id for event in answer.events)
        return
    for line in raise_what_is_low(one.hands, one.plan, answer):
        loop.sink(events.Said(one.plan.name, line))
    one.next_look += attention.pause(one.state, now)  # what it shows now UpdateService has just answered
    loop.sink(events.Said(one.plan.name, f"Rolling out {revision.rsplit('/', 1)[-1]} as {one.state.newest}."))


def _leave_as_it_is(loop: Loop, one: Job) -> None:
    """Hand back what an earlier run left; one that is awake must not go to sleep for it at once."""
    awake = one.seen is not None and one.seen.service.desired > 0
    if awake and not one.rolls and not one.holds_out:
        hold_from_now(loop, one, Outcome.UNCHANGED)
    else:
        finish(loop, one, Outcome.UNCHANGED)


def _follow(loop: Loop, one: Job, adopts: Adopted) -> None:
    """Step into a rollout that an earlier run began; nothing is sent."""
    assert one.seen is not None
    now = loop.clock.boottime()
    one.state = rollout_follow.follow(one.plan, adopts, one.seen.service, loop.limits, now)
    if adopts.taken_over_by:
        text = f"Another deployment took over: {adopts.taken_over_by}."
        advice = "See who started it with `inv app.status`."
        finish(loop, one, Outcome.SUPERSEDED, diagnose.Cause(text, advice))
        return
    for number in adopts.ours:
        one.held.add_deployment(number)
    # What was told of it until now, and of rollouts before it, is no news of this run.
    one.told.update(event.id for event in one.seen.service.events)
    one.enter("following", now)
    one.next_look = now
