"""The run of every task of `app` that changes what runs: connect, do it live on the terminal, show how it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tasks import _options as options
from tasks._given import Given
from tasks._setting import setting, wishes

if TYPE_CHECKING:
    from ecs_deployment.events import Sink
    from ecs_deployment.known import Action, Request
    from ecs_deployment.outcome import Report
    from ecs_deployment.survey import Wishes

    from tasks._connection import Connection


def roll(given: Given, action: Action) -> int:
    """Do it; the exit code is the outcome's. With `--dry` only show what would be done."""
    try:
        from ecs_deployment.known import Request

        request = Request(
            given[options.ENV],
            given[options.TAG],
            supersede=given[options.SUPERSEDE],
            action=action,
            to=given[options.TO],
            force=given[options.OLDER],
            leave=given[options.ON_FAILURE] == "leave",
        )
        return _preview(given, request) if given.dry else _run(given, request)
    except KeyboardInterrupt:  # in deploy.deploy it has a result: this one came before
        from ecs_deployment.errors import Interrupted

        raise Interrupted(
            f"Interrupted while connecting to {given[options.ENV]}: nothing was changed.",
            "Repeat the command to go on.",
        ) from None


def _run(given: Given, request: Request) -> int:
    from ecs_deployment import commands_told, deploy, report
    from ecs_deployment.interrupts import Signals

    from tasks._connect import connect

    with Signals().attended() as signals:
        connection = connect(request.environment, anew=request.action == "deploy")
        with report.reporter(
            request.environment, request.tag or request.to, json=given[options.JSON]
        ) as sink:
            wanted = wishes(given, connection, probe=request.action != "sleep")
            _stacks_at_rest(connection, request, wanted, sink)
            result = deploy.deploy(setting(connection, sink, signals), request, wanted)
            result = commands_told.report(replace(result, chosen=given[options.SERVICE], to=request.to))
        report.final(result, json=given[options.JSON])
        return result.exit_code


def _stacks_at_rest(connection: Connection, request: Request, wanted: Wishes, sink: Sink) -> None:
    """No revision is begun on a stack that CloudFormation is at work on."""
    from ecs_deployment import events
    from ecs_deployment.clock import RealClock
    from ecs_deployment.survey import chosen
    from ecs_provisioning.condition import at_rest

    if request.action in ("deploy", "rollback", "wake"):
        services = [one.name for one in chosen(connection.environment, wanted.services)]

        def tell(text: str) -> None:
            sink(events.Said(services[0], text))

        at_rest(connection.aws, request.environment, services, RealClock(), tell, wanted.wait_for_lock)


def _preview(given: Given, request: Request) -> int:
    """Show the plan of each service and change nothing; exit 2 where one would be refused."""
    from ecs_deployment import commands_told, events, survey

    from tasks import _seen
    from tasks._connect import connect

    connection = connect(request.environment)
    found = survey.survey(setting(connection, events.silent), request, wishes(given, connection))
    surveyed = [commands_told.surveyed(one, request.environment) for one in found]
    return _seen.planned(request, surveyed, connection.spent(), json=given[options.JSON])


def woken(given: Given, connection: Connection) -> Report:
    """Wake what sleeps, live on the terminal."""
    from ecs_deployment import report, wake
    from ecs_deployment.interrupts import Signals

    name = connection.environment.name
    with Signals().attended() as signals, report.reporter(name, "", json=given[options.JSON]) as sink:
        return wake.sleepers(setting(connection, sink, signals), wishes(given, connection))
