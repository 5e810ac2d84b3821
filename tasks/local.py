"""The embedded ECS: the whole job on this machine, without an AWS account."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from invoke.context import Context

from tasks._options import (
    UsageError,
    choice,
    dry,
    engine_home,
    environments_file,
    number,
    required,
    whole_number,
)
from tasks._task import task

if TYPE_CHECKING:
    from ecs_local.client import Engine

PROFILES = ("fast", "adverse", "fargate")


@task(
    help={
        "port": "Port on 127.0.0.1. Default: a free one.",
        "profile": "How long things take: fast (seconds), adverse (fast, with a balancer that lags 3 s) or fargate "
        "(as recorded on AWS). Default: fast.",
        "speed": "Divides the times of the profile, 0.1 to 1000. Default: 1.",
    }
)
def up(c: Context, *, port: str = "", profile: str = "", speed: str = "") -> None:
    """Start the embedded ECS with what the local environments need, or say where it runs already.

    Example: inv local.up --profile fargate --speed 10
    """
    chosen_port = whole_number("port", port, 0, most=65535)
    chosen_profile = choice("profile", profile, PROFILES, "fast")
    chosen_speed = number("speed", speed, 1.0, least=0.1, most=1000)
    if dry(c):
        print(f"Would start the embedded ECS of {engine_home()} ({chosen_profile}, speed {chosen_speed:g}).")
        return
    from ecs_local import client

    engine = client.up(engine_home(), port=chosen_port, profile=chosen_profile, speed=chosen_speed)
    if not engine.started and profile and client.status(engine)["profile"] != chosen_profile:
        raise UsageError(
            f"The embedded ECS runs already, and not with the profile {chosen_profile}.",
            "Stop it first with: inv local.down",
        )
    if not engine.started and speed:
        print("It keeps the speed it was started with.", file=sys.stderr)
    print(f"The embedded ECS {'is up' if engine.started else 'was up already'}: {engine.url}")
    print(f"pid {engine.pid}, port {engine.port}. Stop it with: inv local.down")
    _furnish()


@task
def down(c: Context) -> None:
    """Stop the embedded ECS and every task it runs; its state is gone then.

    Example: inv local.down
    """
    from ecs_local import client

    if dry(c):
        print(f"Would stop the embedded ECS of {engine_home()}.")
        return
    print("The embedded ECS is down." if client.down(engine_home()) else "The embedded ECS was not running.")


@task(help={"json": "Print one JSON object on stdout. Default: a table."}, default=True)
def status(c: Context, *, json: bool = False) -> None:
    """Show the embedded ECS: where it listens, which tags are published, which faults are planted.

    Example: inv local.status --json
    """
    from ecs_local import client

    facts = client.status(_running())
    if json:
        import json as encoder

        print(encoder.dumps({"outcome": "running", "exit_code": 0, **facts}, indent=2, default=str))
        return
    print("\n".join(_table(facts)))


@task(
    help={
        "kind": "What goes wrong. For tasks started from now on: crash-at-start, crash-after, failing-health, "
        "slow-health, out-of-memory, unpullable-image, missing-secret, no-capacity, start-throttling. For calls of "
        "the API: throttling, published-limits, too-many-revisions, access-denied, expired-credentials, "
        "server-error, drop-before, drop-after, slow-answers, stale-reads. For services: scaler-to-zero.",
        "service": "Only tasks, or calls that name, this service. Default: all.",
        "operation": "Only calls of this operation, such as UpdateService. Default: all.",
        "count": "How often it happens. Default: until it is cleared.",
        "seconds": "crash-after: when (5). out-of-memory: when (1). failing-health: well before (0). "
        "slow-health: until well (3). slow-answers: how late (5). stale-reads: how old (5). "
        "scaler-to-zero: between two looks (5).",
        "clear": "Take every planted fault away. Default: no.",
    }
)
def fault(
    c: Context,
    *,
    kind: str = "",
    service: str = "",
    operation: str = "",
    count: str = "",
    seconds: str = "",
    clear: bool = False,
) -> None:
    """Plant a fault in the embedded ECS, to see what a deploy makes of it.

    Example: inv local.fault --kind crash-at-start --service app --count 2
    """
    if clear and (kind or service or operation or count or seconds):
        raise UsageError("--clear takes every fault away and goes with no other option.", "Give one of them.")
    wanted = "" if clear else required("kind", kind, "what is to go wrong (inv --help local.fault)")
    times = whole_number("count", count, 1, least=1) if count else None
    duration = number("seconds", seconds, 0.0, least=0.0, most=86_400.0) if seconds else None
    engine = _running()
    if dry(c):
        print("Would take every fault away." if clear else f"Would plant the fault {wanted}.")
        return
    from ecs_local import client

    if clear:
        print(f"Faults taken away: {client.clear_faults(engine)}.")
        return
    planted = client.fault(
        engine,
        wanted,
        service=service or None,
        operation=operation or None,
        count=times,
        seconds=duration,
    )
    print(f"Planted: {_words(planted)}. Take it away with: inv local.fault --clear")


@task
def reset(c: Context) -> None:
    """Stop every task of the embedded ECS and forget everything, as if it had just been started.

    Example: inv local.reset
    """
    from ecs_local import client

    engine = _running()
    if dry(c):
        print(f"Would reset the embedded ECS at {engine.url}.")
        return
    client.reset(engine)
    print("The embedded ECS is as new.")


@task
def env(c: Context) -> None:
    """Print the exports that point any AWS client at the embedded ECS.

    Example: eval "$(inv local.env)" && aws ecs list-clusters
    """
    import shlex

    from ecs_local import client

    for name, value in client.environment(_running()).items():
        print(f"export {name}={shlex.quote(value)}")


def _furnish() -> None:
    """Create the services of every local environment, with the sample published, where they are missing."""
    from ecs_deployment import settings

    from tasks._connect import connect

    known = settings.load(environments_file()).environments
    for name in [one.name for one in known.values() if one.provider == "local"]:
        connect(name, tell=print)


def _running() -> Engine:
    from ecs_local import client

    engine = client.running(engine_home())
    if engine is None:
        raise UsageError("The embedded ECS is not running.", "Start it with: inv local.up")
    return engine


def _table(facts: Mapping[str, object]) -> Iterator[str]:
    """Name and value in two columns, a line for each item of a list; what is not known is left out."""
    width = max((len(name) for name in facts), default=0)
    for name, value in facts.items():
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items or ["none"]):
            if item is not None:
                shown = name if index == 0 else ""
                yield f"{shown:<{width}}  {_words(item)}"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(inner)}" for name, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return " ".join(_words(inner) for inner in value)
    return str(value)
