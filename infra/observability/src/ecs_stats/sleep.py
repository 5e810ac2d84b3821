"""When the service goes to sleep: the idle alarm's own sum over its last periods, read as the alarm reads it. Pure.

Each period with something above the threshold puts sleep off by all the alarm's periods. The alarm is evaluated once a
minute, so the moment is true to about a minute.
"""

from __future__ import annotations

from ecs_deployment import model

from ecs_stats.source import IdleRule, Series
from ecs_stats.stats import Sleep


def judge(
    service: model.Service,
    scaling: model.Scaling | None,
    rule: IdleRule | None,
    idle: Series | None,
    now: float,
    *,
    known: bool = True,
) -> Sleep:
    """The state in one word and one line. `idle` is what the alarm looks at; None where it could not be read.

    `known` False: whether there is a scaler could not be read.
    """
    if service.desired == 0:
        return Sleep("asleep", None, "asleep" if service.running == 0 else "falling asleep")
    if service.given_up:
        return Sleep("down", None, "down: the rollout failed")
    if service.running == 0:
        return Sleep("waking", None, "waking: no task runs yet")
    if not known:
        return Sleep("unknown", None, "awake, whether it sleeps is not known")
    if rule is None or scaling is None:
        return Sleep("never", None, "never sleeps")
    if scaling.suspended.scale_in:
        return Sleep("suspended", None, "awake, sleep is suspended")
    if not rule.enabled:
        return Sleep("suspended", None, "awake, the idle alarm's actions are off")
    if idle is None:
        return Sleep("unknown", None, "awake, when it sleeps is not known")
    primary = service.primary
    if primary is not None and primary.rollout_state == "IN_PROGRESS":
        return Sleep("awake", None, "awake while a rollout is under way")
    moment = sleeps_at(rule, idle)
    if moment is None or moment <= now:
        return Sleep("awake", now, "sleeps any minute now")
    return Sleep("awake", moment, f"sleeps in {countdown(moment - now)}")


def sleeps_at(rule: IdleRule, idle: Series) -> float | None:
    """When the alarm can fire at the earliest if nobody asks any more; None: nothing holds it off."""
    busy = [at for at, value in idle if value > rule.threshold]
    return max(busy) + (1 + rule.periods) * rule.period if busy else None


def countdown(seconds: float) -> str:
    """3m12s, 45s, 1h05m."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
