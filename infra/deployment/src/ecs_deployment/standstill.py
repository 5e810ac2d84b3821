"""`app.verify --wait-for-lock`: the runs that are at work are waited for, and what they leave is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ecs_deployment import observe
from ecs_deployment.clock import Clock
from ecs_deployment.cloud import Cloud
from ecs_deployment.journal import is_held, journal_path, read, unfinished
from ecs_deployment.settings import NO_JOURNAL, Environment
from ecs_deployment.survey import chosen
from ecs_deployment.verify import at_work
from ecs_deployment.when import span

_PAUSE = 2.0  # seconds from one look at a lock to the next


def wait(
    cloud: Cloud,
    environment: Environment,
    services: Sequence[str],
    clock: Clock,
    until: float,
    tell: Callable[[str], None],
) -> None:
    """Return once no living run holds the lock of any of these services, or at `until` by `clock.boottime()`.

    Takes no lock and changes nothing. `tell` hears once of each run that is waited for.
    """
    if clock.boottime() >= until or environment.journal == NO_JOURNAL:
        return
    for settings in chosen(environment, services):
        path = journal_path(environment.journal, *observe.named(settings))
        while (left := until - clock.boottime()) > 0:
            entries = read(cloud, path)
            holder = unfinished(entries)
            if holder is None or not is_held(cloud, path, entries):
                break
            tell(f"{settings.name}: waiting for {at_work(holder)}, at most {span(left)}.")
            while (left := until - clock.boottime()) > 0 and is_held(cloud, path, entries):
                clock.sleep(min(_PAUSE, left))
