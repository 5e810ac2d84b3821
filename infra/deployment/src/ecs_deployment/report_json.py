"""A report as one JSON object: design section 5. What is not known is null."""

from __future__ import annotations

from typing import Any

from ecs_deployment.model import Traffic
from ecs_deployment.outcome import Outcome, Report, Result
from ecs_deployment.report_text import clean


def document(report: Report) -> dict[str, Any]:
    """The whole run."""
    outcome = report.outcome if report.services else Outcome.UNCHANGED
    return {
        "environment": report.environment,
        "tag": report.tag or None,
        "action": report.action,
        "outcome": outcome.value,
        "exit_code": report.exit_code,
        "api_calls": report.api_calls,
        "seconds": round(report.seconds, 1),
        "services": [_service(result) for result in report.services],
    }


def _service(result: Result) -> dict[str, Any]:
    return {
        "service": result.service,
        "tag": result.tag or None,
        "outcome": result.outcome.value,
        "digest": result.digest or None,
        "revision": result.revision or None,
        "before": result.before or None,
        "before_digest": result.before_digest or None,
        "deployment_id": result.deployment_id or None,
        "was_asleep": result.was_asleep,
        "probe": _probe(result.probe),
        "seconds": round(result.seconds, 1),
        "cause": clean(result.cause) or None,
        "advice": clean(result.advice) or None,
        "evidence": [clean(line) for line in result.evidence],
        "handed_back": [clean(debt) for debt in result.handed_back],
        "owed": [clean(debt) for debt in result.owed],
        "summary": clean(result.summary) or None,
        "notes": [clean(note) for note in result.notes],
        "unchecked": list(result.unchecked),
        "stages": [{"name": stage.name, "seconds": round(stage.seconds, 1)} for stage in result.stages],
    }


def _probe(seen: Traffic | None) -> dict[str, int] | None:
    if seen is None or not seen.measured:
        return None
    return {"requests": seen.requests, "failed": seen.failed, "longest_gap_ms": seen.longest_gap_ms}
