"""Shows what was looked at, or would be done: a screen a service, or one JSON object. The value: the exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecs_deployment.history import History
    from ecs_deployment.known import Request
    from ecs_deployment.outcome import Report
    from ecs_deployment.status import Seen
    from ecs_deployment.survey import Surveyed
    from ecs_deployment.verify import Verified

Spent = tuple[int, float]  # API calls and seconds


def planned(request: Request, surveyed: Sequence[Surveyed], spent: Spent, *, json: bool) -> int:
    """The plan of each service; exit 2 where one would be refused."""
    from ecs_deployment import describe, report

    code = 2 if any(describe.is_refused(one) for one in surveyed) else 0
    shown = describe.plan_document(request, surveyed, code, spent)
    told = [(one, f"{one.settings.name}: what would be done", describe.rows(one)) for one in surveyed]
    report.looked(shown, [(not describe.is_refused(one), title, (), rows) for one, title, rows in told])
    if json:
        print(_dumped(shown))
        return code
    for _, title, rows in told:
        report.facts(title, rows)
    return code


def verified(
    environment: str,
    tag: str,
    seen: Sequence[Verified],
    spent: Spent,
    woken: Report | None = None,
    *,
    json: bool,
) -> int:
    """What `app.verify` found; exit 3 where it found something, or worse where waking went worse."""
    from ecs_deployment import describe, report, wake

    code = wake.exit_code(seen, woken)
    report.annotated([(f"{one.service} on {environment}", f.text) for one in seen for f in one.findings])
    shown = describe.verified_document(environment, tag, seen, code, spent)
    told = [(one, _verdict(one, environment), describe.verified_rows(one)) for one in seen]
    report.looked(
        shown, [(not one.findings, title, [f.text for f in one.findings], rows) for one, title, rows in told]
    )
    if json:
        print(_dumped(shown))
        return code
    for one, title, rows in told:
        report.facts(title, [])
        report.facts("", rows)
        if one.findings:
            report.findings([(one.service, finding.text, "") for finding in one.findings])
    return code


def _verdict(one: Verified, environment: str) -> str:
    return f"{one.service} in {environment}: {'not ' if one.findings else ''}as it should be"


def _dumped(shown: Mapping[str, Any]) -> str:
    from json import dumps

    return dumps(shown, indent=2)


def status(environment: str, seen: Sequence[Seen], spent: Spent, *, json: bool) -> int:
    """What is there."""
    from ecs_deployment import describe, report
    from ecs_deployment import status as room
    from ecs_deployment.commands import whole

    if json:
        print(describe.seen_json(environment, seen, spent))
        return 0
    for one in seen:
        name = one.settings.name
        rows = [(label, whole(text, environment, name)) for label, text in room.rows(one)]
        report.facts(f"{name} in {environment}", rows)
    return 0


def history(environment: str, seen: Sequence[History], spent: Spent, *, json: bool) -> int:
    """What was done."""
    from ecs_deployment import describe, report
    from ecs_deployment import history as room

    if json:
        print(describe.history_json(environment, seen, spent))
        return 0
    for one in seen:
        report.facts(room.title(one, environment), room.rows(one))
    return 0
