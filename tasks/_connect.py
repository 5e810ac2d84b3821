"""Environment name -> a ready connection. For `provider = "local"` it starts the embedded ECS where none runs.

Names that the settings leave out are those of the stack; on the embedded ECS `_furnish` makes the stacks first.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks._connection import Connection
from tasks._place import engine_home, environments_file

if TYPE_CHECKING:
    from ecs_deployment.aws import Session
    from ecs_deployment.settings import Environment
    from ecs_local.client import Engine

_PATIENCE_LOCAL = 5.0  # seconds: an engine on this machine that does not answer is gone
_PATIENCE_AWS = 120.0

Tell = Callable[[str], None]


def connect(name: str, *, anew: bool = False, tell: Tell | None = None) -> Connection:
    """Connect to the environment of that name. `tell` hears what is being started; stderr by default.

    On the embedded ECS a stack that was never made is made; with `anew` one that was taken away as well.
    """
    from ecs_deployment import masking

    say = tell or _stderr
    found = attach(name, tell=say)
    if found.engine is None:
        from ecs_provisioning.names import named_by_stacks

        named = named_by_stacks(found.aws, found.environment)
    else:
        from tasks._furnish import furnished

        named, made = furnished(found, found.engine, say, anew=anew)
        if made:  # what was made beforehand is no call of the deploy
            found = replace(_local(found.environment, say), began=found.began)
    masking.spare(named.public_names)
    return replace(found, environment=named)


def look_at(name: str) -> Connection:
    """The same for whoever only looks: another account may have services of the very same names."""
    from ecs_deployment.survey import check_account

    found = connect(name)
    if found.environment.account:
        check_account(found.cloud, found.environment)
    return found


def attach(name: str, *, tell: Tell | None = None) -> Connection:
    """The same, but nothing is made and no name is looked up: for whoever makes the stacks."""
    from ecs_deployment import settings

    began = time.monotonic()
    found = settings.environment(settings.load(environments_file()), name)
    ready = _local(found, tell or _stderr) if found.provider == "local" else _aws(found)
    return replace(ready, began=began)


def _stderr(text: str) -> None:
    print(text, file=sys.stderr)


def _aws(environment: Environment) -> Connection:
    from ecs_deployment import aws
    from ecs_deployment.errors import SettingsError

    if environment.region is None:
        raise SettingsError(
            f"{environments_file()}: environments.{environment.name} has no region.",
            'Add for example region = "eu-west-3".',
        )
    return _over(environment, aws.Session(environment.region), _PATIENCE_AWS)


def _local(environment: Environment, tell: Tell) -> Connection:
    from ecs_deployment import aws
    from ecs_local import client

    engine = client.up(engine_home())
    if engine.started:
        tell(f"Started the embedded ECS: {engine.url}, pid {engine.pid}. Stop it with: inv local.down")
    return _over(environment, aws.local_session(client.environment(engine)), _PATIENCE_LOCAL, engine)


def _over(
    environment: Environment, session: Session, patience: float, engine: Engine | None = None
) -> Connection:
    from ecs_deployment import aws

    return Connection(environment, aws.AwsCloud(session), session.read, session.change, patience, engine)
