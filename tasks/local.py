"""The embedded ECS: the whole job on this machine, without an AWS account."""

from __future__ import annotations

import sys

from tasks import _given as options
from tasks._engine import running
from tasks._given import Given
from tasks._local_fault import fault
from tasks._parse import UsageError
from tasks._place import engine_home
from tasks._task import task

__all__ = ["down", "env", "fault", "reset", "status", "up"]

PROFILES = ("fast", "adverse", "fargate")

PORT = options.whole("port", "Port on 127.0.0.1. Default: a free one.", 0, most=65535)
PROFILE = options.choice(
    "profile",
    "How long things take: fast (seconds), adverse (fast, with a balancer that lags 3 s) or fargate "
    "(as recorded on AWS). Default: fast.",
    PROFILES,
    "",
)
SPEED = options.number(
    "speed", "Divides the times of the profile, 0.1 to 1000. Default: 1.", None, least=0.1, most=1000
)
JSON = options.switch("json", "Print one JSON object on stdout. Default: a table.")


@task(PORT, PROFILE, SPEED)
def up(given: Given) -> None:
    """Start the embedded ECS with what the local environments need, or say where it runs already.

    Example: inv local.up --profile fargate --speed 10
    """
    profile, speed = given[PROFILE] or PROFILES[0], given[SPEED] or 1.0
    if given.dry:
        print(f"Would start the embedded ECS of {engine_home()} ({profile}, speed {speed:g}).")
        return
    from ecs_local import client

    from tasks._furnish import furnish_all

    engine = client.up(engine_home(), port=given[PORT], profile=profile, speed=speed)
    if not engine.started and given[PROFILE] and client.status(engine)["profile"] != profile:
        raise UsageError(
            f"The embedded ECS runs already, and not with the profile {profile}.",
            "Stop it first with: inv local.down",
        )
    if not engine.started and given[SPEED]:
        print("It keeps the speed it was started with.", file=sys.stderr)
    print(f"The embedded ECS {'is up' if engine.started else 'was up already'}: {engine.url}")
    print(f"pid {engine.pid}, port {engine.port}. Stop it with: inv local.down")
    furnish_all(print)


@task()
def down(given: Given) -> None:
    """Stop the embedded ECS and every task it runs; its state is gone then.

    Example: inv local.down
    """
    from ecs_local import client

    if given.dry:
        print(f"Would stop the embedded ECS of {engine_home()}.")
        return
    print("The embedded ECS is down." if client.down(engine_home()) else "The embedded ECS was not running.")


@task(JSON, default=True)
def status(given: Given) -> None:
    """Show the embedded ECS: where it listens, which tags are published, which faults are planted.

    Example: inv local.status --json
    """
    from ecs_local import client, facts_text

    facts = client.status(running())
    print(facts_text.as_json(facts) if given[JSON] else "\n".join(facts_text.table(facts)))


@task()
def reset(given: Given) -> None:
    """Stop every task of the embedded ECS and forget everything, as if it had just been started.

    Example: inv local.reset
    """
    from ecs_local import client

    engine = running()
    if given.dry:
        print(f"Would reset the embedded ECS at {engine.url}.")
        return
    client.reset(engine)
    print("The embedded ECS is as new.")


@task()
def env(given: Given) -> None:
    """Print the exports that point any AWS client at the embedded ECS.

    Example: eval "$(inv local.env)" && aws ecs list-clusters
    """
    from ecs_local import client

    del given
    print("\n".join(client.exports(running())))
