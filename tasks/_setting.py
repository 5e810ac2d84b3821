"""What a run starts from: the options as wishes, and where it takes place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks import _options as options
from tasks._given import Given
from tasks._place import ROOT

if TYPE_CHECKING:
    from ecs_deployment.events import Sink
    from ecs_deployment.interrupts import Signals
    from ecs_deployment.survey import Setting, Wishes

    from tasks._connection import Connection


def wishes(given: Given, connection: Connection, *, probe: bool = True) -> Wishes:
    """What the options say. On the embedded ECS a lost request is a failure unless said otherwise; AWS reports it."""
    from ecs_deployment.rollout_state import Limits
    from ecs_deployment.survey import Wishes

    most = given[options.MAX_ERRORS]
    return Wishes(
        services=given[options.SERVICE],
        limits=Limits(
            no_progress=given[options.TIMEOUT],
            max_errors=0 if most is None and connection.engine is not None else most,
            roll_back=given[options.ON_FAILURE] == "rollback",
        ),
        probe=probe and not given[options.NO_PROBE],
        wait_for_lock=given[options.WAIT],
    )


def setting(connection: Connection, sink: Sink, signals: Signals | None = None) -> Setting:
    """Where a run takes place. Without `signals` they unwind as anywhere."""
    from ecs_deployment import commands_told
    from ecs_deployment.clock import RealClock
    from ecs_deployment.commits import Git
    from ecs_deployment.events import Said
    from ecs_deployment.interrupts import Signals
    from ecs_deployment.survey import Setting
    from ecs_deployment.together import at_once

    told = commands_told.sink(sink, connection.environment.name)
    heard = signals or Signals()
    heard.announce(lambda text: told(Said("", text, "warning")))
    return Setting(
        connection.cloud,
        connection.environment,
        RealClock(),
        told,
        heard,
        blind_patience=connection.blind_patience,
        commits=Git(ROOT),
        together=at_once,
    )
