"""Whether a service that should sleep by itself will, and will wake: target, policies and alarms are all in place.

Pure. An alarm without its policy, or with its actions off, is how a service stays awake for months unseen, and how one
that sleeps is never woken.
"""

from __future__ import annotations

from collections.abc import Iterator

from ecs_deployment import model
from ecs_deployment.settings import ServiceSettings
from ecs_deployment.verdict import Finding

_ANEW = "inv infra.apply makes it anew, where the stack is of our template"
_ON = "aws cloudwatch enable-alarm-actions --alarm-names"


def armed(
    settings: ServiceSettings, scaling: model.Scaling | None, idle: model.IdleAlarm | None
) -> Iterator[Finding]:
    """What keeps it from sleeping or waking; nothing for a service that never sleeps, or sleeps by other means."""
    if settings.idle_minutes is None or settings.sleeps_otherwise:
        return
    if scaling is None:
        yield _unarmed(
            f"it should sleep when idle, and has no scalable target: {_ANEW}; where something else puts it to sleep, "
            'say scale_to_zero = { by = "other" }'
        )
        return
    if scaling.min_capacity > 0:
        yield _unarmed(f"it should sleep when idle, and its minimum capacity is {scaling.min_capacity}")
    if scaling.suspended.scale_out:  # by somebody else: a deploy suspends scale-in alone
        yield _unarmed(
            "scale-out is suspended, so nothing wakes it: set DynamicScalingOutSuspended=false with "
            "aws application-autoscaling register-scalable-target"
        )
    if idle is None:
        yield _unarmed(f"it should sleep when idle, and no alarm takes it to 0: {_ANEW}")
        return
    if not idle.enabled:
        yield _unarmed(
            f"the actions of alarm {idle.name} are off, so it will not go to sleep: {_ON} {idle.name}"
        )
    if not idle.wakes_by:
        yield _unarmed(f"no alarm brings it up from 0, so nothing wakes it: {_ANEW}")
    elif not idle.wake_enabled:
        yield _unarmed(
            f"the actions of alarm {idle.wakes_by} are off, so nothing wakes it: {_ON} {idle.wakes_by}"
        )


def _unarmed(text: str) -> Finding:
    return Finding("unarmed", text)
