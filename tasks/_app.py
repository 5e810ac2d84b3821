"""What the tasks of `app` have in common: connect, call one function of a member, show what it says."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tasks import _options as options
from tasks._options import ROOT

if TYPE_CHECKING:
    from ecs_deployment import events
    from ecs_deployment.interrupts import Signals
    from ecs_deployment.known import Request
    from ecs_deployment.outcome import Report
    from ecs_deployment.survey import Setting, Wishes

    from tasks._connect import Connection

FOUND_SOMETHING = 3


def wishes(
    service: str,
    *,
    timeout: str = "",
    max_errors: str = "",
    on_failure: str = "",
    no_probe: bool = False,
    wait_for_lock: str = "",
) -> Wishes:
    """What the options say that every task which rolls has, or some of them."""
    from ecs_deployment.rollout_state import Limits
    from ecs_deployment.survey import Wishes

    back = options.choice("on-failure", on_failure, ("rollback", "leave"), "rollback") == "rollback"
    return Wishes(
        services=options.names("service", service),
        limits=Limits(
            no_progress=options.seconds("timeout", timeout, 600.0),
            max_errors=options.whole_number("max-errors", max_errors, -1) if max_errors else None,
            roll_back=back,
        ),
        probe=not no_probe,
        wait_for_lock=options.seconds("wait-for-lock", wait_for_lock, 0.0),
    )


def roll(request: Request, wishes: Wishes, *, dry: bool, as_json: bool) -> int:
    """Do it, live on the terminal; the exit code is the outcome's. `dry`: only show what would be done."""
    if dry:
        return _preview(request, wishes, as_json=as_json)
    from ecs_deployment import deploy as job
    from ecs_deployment import report
    from ecs_deployment.errors import DeployError, Interrupted
    from ecs_deployment.interrupts import Signals

    from tasks._connect import connect

    with Signals().attended() as signals:
        try:
            connection = connect(request.environment)
            with report.reporter(request.environment, request.tag or request.to, json=as_json) as sink:
                setting = _setting(connection, sink, signals)
                result = job.deploy(setting, request, _limited(wishes, connection))
        except KeyboardInterrupt:  # in job.deploy it has a result: this one came while connecting
            error = Interrupted(
                f"Interrupted while connecting to {request.environment}: nothing was changed.",
                "Repeat the command to go on.",
            )
            report.stopped(error)
            raise error from None
        except DeployError as error:
            report.stopped(error)
            raise
        report.final(result, json=as_json)
        return result.exit_code


def _preview(request: Request, wishes: Wishes, *, as_json: bool) -> int:
    """Show the plan of each service and change nothing; exit 2 where one would be refused."""
    from ecs_deployment import describe, events, report, survey

    from tasks._connect import connect

    began = time.monotonic()
    connection = connect(request.environment)
    surveyed = survey.survey(_setting(connection, events.silent), request, wishes)
    code = 2 if any(describe.is_refused(one) for one in surveyed) else 0
    if as_json:
        print(describe.as_json(request, surveyed, code, _spent(connection, began)))
    else:
        for one in surveyed:
            report.facts(f"{one.settings.name}: what would be done", describe.rows(one))
    return code


def verify(name: str, tag: str, wishes: Wishes, *, wake: bool, as_json: bool) -> int:
    """Judge each service, with `wake` after those that sleep were woken; exit 3 where something was found."""
    from ecs_deployment import describe, outcome, report, verify
    from ecs_deployment.survey import check_account, chosen
    from ecs_deployment.wake import told

    from tasks._connect import connect

    began = time.monotonic()
    connection = connect(name)
    check_account(connection.cloud, connection.environment)
    environment = connection.environment
    woken = _woken(connection, wishes, as_json=as_json) if wake else None
    seen = [
        told(
            verify.look(connection.cloud, settings, environment.journal, tag, send=wishes.probe),
            woken.services if woken else (),
        )
        for settings in chosen(environment, wishes.services)
    ]
    found = FOUND_SOMETHING if any(one.findings for one in seen) else 0
    code = outcome.worst([found, woken.exit_code if woken else 0])
    report.annotated([(f"{one.service} on {name}", f.text) for one in seen for f in one.findings])
    if as_json:
        print(describe.verified_json(name, tag, seen, code, _spent(connection, began)))
        return code
    for one in seen:
        report.facts(
            f"{one.service} in {name}: {'not as it should be' if one.findings else 'as it should be'}", []
        )
        report.facts("", describe.verified_rows(one))
        if one.findings:
            report.findings([(one.service, finding.text, "") for finding in one.findings])
    return code


def _woken(connection: Connection, wishes: Wishes, *, as_json: bool) -> Report:
    """Wake what sleeps, live on the terminal."""
    from ecs_deployment import report, wake
    from ecs_deployment.interrupts import Signals

    with (
        Signals().attended() as signals,
        report.reporter(connection.environment.name, "", json=as_json) as sink,
    ):
        return wake.sleepers(_setting(connection, sink, signals), wishes)


def status(name: str, services: tuple[str, ...], *, as_json: bool) -> int:
    """Show what is there."""
    from ecs_deployment import describe, report, status
    from ecs_deployment.survey import chosen

    from tasks._connect import look_at

    began = time.monotonic()
    connection = look_at(name)
    environment = connection.environment
    seen = [
        status.look(connection.cloud, s, environment.journal, time.time())
        for s in chosen(environment, services)
    ]
    if as_json:
        print(describe.seen_json(name, seen, _spent(connection, began)))
        return 0
    for one in seen:
        report.facts(f"{one.settings.name} in {name}", status.rows(one))
    return 0


def history(name: str, services: tuple[str, ...], limit: int, *, as_json: bool) -> int:
    """Show what was done."""
    from ecs_deployment import describe, history, report
    from ecs_deployment.survey import chosen

    from tasks._connect import look_at

    began = time.monotonic()
    connection = look_at(name)
    environment = connection.environment
    seen = [
        history.look(connection.cloud, s, environment.journal, limit) for s in chosen(environment, services)
    ]
    if as_json:
        print(describe.history_json(name, seen, _spent(connection, began)))
        return 0
    for one in seen:
        report.facts(history.title(one, name), history.rows(one))
    return 0


def build(name: str, tag: str, services: tuple[str, ...], *, dry: bool) -> int:
    """Build and publish; for the embedded ECS an image is a snapshot of the build context."""
    from ecs_deployment import image
    from ecs_deployment.commits import Git
    from ecs_deployment.survey import chosen

    from tasks._connect import connect

    connection = connect(name)
    for settings in chosen(connection.environment, services):
        plan = image.plan(settings, tag, ROOT, local=connection.engine is not None, commit=Git(ROOT).head())
        print(plan.sentence if not dry else f"Would: {plan.sentence}", file=sys.stderr)
        if dry:
            continue
        digest = (
            _publish_locally(connection, plan) if connection.engine else image.buildx(connection.cloud, plan)
        )
        print(f"{plan.repository}:{tag} is {digest}")
    return 0


def _publish_locally(connection: Connection, plan: object) -> str:
    from ecs_deployment import image
    from ecs_local import images_build, images_publish

    assert isinstance(plan, image.BuildPlan)
    assert connection.engine is not None
    built = images_build.build(plan.context, plan.command, architecture=plan.architecture)
    return images_publish.publish(
        built,
        repository=plan.repository,
        tag=plan.tag,
        endpoint=connection.engine.url,
        ecr=connection.clients("ecr"),
    )


def _setting(connection: Connection, sink: events.Sink, signals: Signals | None = None) -> Setting:
    from ecs_deployment.clock import RealClock
    from ecs_deployment.commits import Git
    from ecs_deployment.interrupts import Signals
    from ecs_deployment.survey import Setting

    return Setting(
        connection.cloud,
        connection.environment,
        RealClock(),
        sink,
        signals or Signals(),
        blind_patience=connection.blind_patience,
        commits=Git(ROOT),
    )


def _spent(connection: Connection, began: float) -> tuple[int, float]:
    return connection.cloud.calls, time.monotonic() - began


def _limited(wishes: Wishes, connection: Connection) -> Wishes:
    """On the embedded ECS a lost request is a failure unless said otherwise; on AWS it is reported."""
    if connection.engine is None or wishes.limits.max_errors is not None:
        return wishes
    return replace(wishes, limits=replace(wishes.limits, max_errors=0))
