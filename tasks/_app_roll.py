"""The tasks of `app` that change what runs: forwards, back, on with what is left, awake and asleep."""

from __future__ import annotations

from tasks._given import Given
from tasks._options import (
    ENV,
    JSON,
    MAX_ERRORS,
    NO_PROBE,
    OLDER,
    ON_FAILURE,
    SERVICE,
    SUPERSEDE,
    TAKE_OVER,
    TIMEOUT,
    TO,
    WAIT,
    WAIT_FOR_LIVING,
    tag,
)
from tasks._task import task

DEPLOYED = tag("Tag of the image to deploy. Required.", "the tag of an image")


@task(
    ENV,
    DEPLOYED,
    SERVICE,
    MAX_ERRORS,
    TIMEOUT,
    NO_PROBE,
    ON_FAILURE,
    WAIT,
    SUPERSEDE,
    OLDER,
    JSON,
    outcome=True,
)
def deploy(given: Given) -> int:
    """Deploy a tag without dropping a request, and prove it; --dry shows the plan.

    Example: inv app.deploy --env local --tag demo
    """
    from tasks import _rolling

    return _rolling.roll(given, "deploy")


@task(ENV, TO, SERVICE, TIMEOUT, NO_PROBE, ON_FAILURE, WAIT, SUPERSEDE, JSON, outcome=True)
def rollback(given: Given) -> int:
    """Go back to the last proven revision, by the same rollout and proof; --dry shows the plan.

    Example: inv app.rollback --env staging --to v41
    """
    from tasks import _rolling

    return _rolling.roll(given, "rollback")


@task(ENV, SERVICE, TIMEOUT, NO_PROBE, ON_FAILURE, WAIT_FOR_LIVING, JSON, outcome=True)
def resume(given: Given) -> int:
    """Finish an interrupted deploy from any machine: prove it, roll it on or see it back, and hand back.

    Example: inv app.resume --env staging --wait-for-lock 4m
    """
    from tasks import _rolling

    return _rolling.roll(given, "resume")


@task(ENV, SERVICE, TIMEOUT, NO_PROBE, WAIT_FOR_LIVING, TAKE_OVER, JSON, outcome=True)
def abort(given: Given) -> int:
    """Undo an unfinished deploy from any machine: back to the revision before it, proven, and hand back.

    Example: inv app.abort --env staging --service app
    """
    from tasks import _rolling

    return _rolling.roll(given, "abort")


@task(ENV, SERVICE, TIMEOUT, NO_PROBE, WAIT, JSON, outcome=True)
def wake(given: Given) -> int:
    """Bring a sleeping service from 0 to 1 and prove it; its scaler puts it to sleep again.

    Example: inv app.wake --env staging
    """
    from tasks import _rolling

    return _rolling.roll(given, "wake")


@task(ENV, SERVICE, TIMEOUT, WAIT, JSON, outcome=True)
def sleep(given: Given) -> int:
    """Take a service to desired 0 now, and say what wakes it.

    Example: inv app.sleep --env staging
    """
    from tasks import _rolling

    return _rolling.roll(given, "sleep")
