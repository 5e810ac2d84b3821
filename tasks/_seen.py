"""Shows what was looked at, or would be done: a screen a service, or one JSON object. The value: the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    if json:
        print(describe.as_json(request, surveyed, code, spent))
        return code
    for one in surveyed:
        report.facts(f"{one.settings.name}: what would be done", describe.rows(one))
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
    if json:
        print(describe.verified_json(environment, tag, seen, code, spent))
        return code
    for one in seen:
        verdict = "not as it should be" if one.findings else "as it should be"
        report.facts(f"{one.service} in {environment}: {verdict}", [])
        report.facts("", describe.verified_rows(one))
        if one.findings:
            report.findings([(one.service, finding.text, "") for finding in one.findings])
    return code


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
