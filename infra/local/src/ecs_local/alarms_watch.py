"""The alarms on the clock: each is evaluated once a CloudWatch minute, and its actions are carried out.

`watch` looks at what is due, `next_look` says when something is due again. "For Auto Scaling actions, the alarm
continues to invoke the action once per minute that the alarm remains in the new state"; other actions happen on the
change of state only (CloudWatch user guide, alarm actions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import blake2b
from math import inf

from ecs_local import alarms, autoscaler_act
from ecs_local.alarms import Verdict
from ecs_local.alarms_model import Alarm, AlarmState, ScalingPolicy
from ecs_local.metrics import MetricKey, key_in, minute_at
from ecs_local.scheduler_view import primary_of
from ecs_local.world import Content, World

_MOST_HISTORY = 5000
_ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_SOON = 2 / 60  # of a minute, until an alarm that was set by hand shows its actual state again


def watch(world: World, now: float) -> None:
    """Evaluates the alarms that are due, and gives held policies their turn once a rollout is over."""
    for alarm in list(world.alarms.values()):
        if alarm.next_at <= now:
            alarm.next_at = next_evaluation(world, alarm.name, now)
            _evaluate(world, alarm, now)
    for policy in world.scaling_policies.values():
        if policy.held and now >= _free_at(world, policy):
            invoke_standing(world, policy, now)


def next_look(world: World) -> Iterator[float]:
    """The moments at which `watch` has something to do."""
    for alarm in world.alarms.values():
        yield alarm.next_at
    for policy in world.scaling_policies.values():
        if policy.held and (moment := _free_at(world, policy)) < inf:
            yield moment


def next_evaluation(world: World, name: str, now: float) -> float:
    """The first moment after `now` at which that alarm is evaluated: always the same second of the minute."""
    minute = world.profile.minute
    drawn = blake2b(f"{world.seed} {name}".encode(), digest_size=4).digest()
    share = int.from_bytes(drawn) / 2**32
    moment = (minute_at(now, minute) + share) * minute
    return moment if moment > now else moment + minute


def set_by_hand(world: World, alarm: Alarm, verdict: Verdict, now: float) -> None:
    """SetAlarmState: the actions of the state are invoked, and its actual state is soon back."""
    alarm.next_at = min(alarm.next_at, now + _SOON * world.profile.minute)
    _accept(world, alarm, verdict, now)


def invoke_standing(world: World, policy: ScalingPolicy, now: float) -> None:
    """Evaluates a policy at once for its alarms that stand in a state it acts on."""
    policy.held = False
    for alarm in world.alarms.values():
        actions = alarm.content.get(_ACTIONS[alarm.state], ())
        if policy.arn in actions and alarm.content.get("ActionsEnabled", True):
            autoscaler_act.invoke(world, policy, alarm, now)


def remember(
    world: World, alarm: Alarm, kind: str, summary: str, now: float, data: Content | None = None
) -> None:
    """Writes an entry of DescribeAlarmHistory; `kind` is a HistoryItemType."""
    entry = {
        "AlarmName": alarm.name,
        "AlarmType": "MetricAlarm",
        "Timestamp": now,
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps({"version": "1.0"} | (data or {})),
    }
    world.alarm_history.appendleft(entry)
    while len(world.alarm_history) > _MOST_HISTORY:
        world.alarm_history.pop()


def _free_at(world: World, policy: ScalingPolicy) -> float:
    """When a policy that a rollout holds is looked at again: a CloudWatch second after the rollout has ended."""
    service = autoscaler_act.service_of(world, policy.resource_id)
    if service is None or autoscaler_act.is_rolling(service):
        return inf
    primary = primary_of(service)
    return (primary.updated_at if primary is not None else 0.0) + world.profile.minute / 60


def point_was_put(world: World, key: MetricKey, now: float) -> None:
    """On `fast` nobody waits for the clock: an alarm on a metric that was put by hand is evaluated at once."""
    if world.profile.prompt_alarms:
        for alarm in world.alarms.values():
            if key in keys_of(alarm):
                alarm.next_at = min(alarm.next_at, now)


def keys_of(alarm: Alarm) -> list[MetricKey]:
    """The metrics that an alarm looks at."""
    stats = [query["MetricStat"] for query in alarms.queries_of(alarm.content) if "MetricStat" in query]
    return [key_in(stat["Metric"]) for stat in stats]


def _judged_until(world: World, alarm: Alarm, now: float) -> int:
    """The number of the minute before which an alarm's points count; the running one counts on `fast` if it has any."""
    running = minute_at(now, world.profile.minute)
    if not world.profile.prompt_alarms:
        return running
    known = any(running in world.metrics.series.get(key, {}) for key in keys_of(alarm))
    return running + 1 if known else running


def _evaluate(world: World, alarm: Alarm, now: float) -> None:
    minute = world.profile.minute
    until = _judged_until(world, alarm, now)
    verdict = alarms.evaluate(world.metrics, alarm.content, alarm.state, minute, until, now)
    if verdict.state != alarm.state:
        _accept(world, alarm, verdict, now)
        return
    alarm.value = verdict.value
    alarm.reason_data = alarm.reason_data or verdict.reason_data
    if alarm.content.get("ActionsEnabled", True):
        _scale(world, alarm, now)


def _accept(world: World, alarm: Alarm, verdict: Verdict, now: float) -> None:
    before: AlarmState = alarm.state
    old = {"stateValue": before, "stateReason": alarm.reason}
    alarm.state, alarm.reason, alarm.reason_data = verdict.state, verdict.reason, verdict.reason_data
    alarm.value, alarm.updated_at = verdict.value, now
    if before == verdict.state:
        return
    alarm.transitioned_at = now
    new = {"stateValue": verdict.state, "stateReason": verdict.reason}
    summary = f"Alarm updated from {before} to {verdict.state}"
    remember(world, alarm, "StateUpdate", summary, now, {"oldState": old, "newState": new})
    if not alarm.content.get("ActionsEnabled", True):
        return
    for action in alarm.content.get(_ACTIONS[alarm.state], ()):
        told = {"actionState": "Succeeded", "notificationResource": action}
        remember(world, alarm, "Action", f"Successfully executed action {action}", now, told)
    _scale(world, alarm, now)


def _scale(world: World, alarm: Alarm, now: float) -> None:
    """Invokes the scaling policies among the actions of the alarm's state.

    A state set by hand drives them only with StateReasonData (botocore, SetAlarmState).
    """
    if not alarm.reason_data:
        return
    actions = alarm.content.get(_ACTIONS[alarm.state], ())
    for policy in list(world.scaling_policies.values()):
        if policy.arn in actions:
            autoscaler_act.invoke(world, policy, alarm, now)
