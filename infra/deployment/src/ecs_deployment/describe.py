"""Plans and verifications as rows and documents: what `--dry` and `app.verify` show. Pure; values are masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ecs_deployment import debts, history
from ecs_deployment.borrow import names
from ecs_deployment.debts import Debt
from ecs_deployment.fallback import Fallback
from ecs_deployment.history import History
from ecs_deployment.known import Request
from ecs_deployment.masking import difference, masked_text
from ecs_deployment.plan import Plan
from ecs_deployment.refusals import Refusal
from ecs_deployment.status import Seen, facts
from ecs_deployment.survey import Surveyed
from ecs_deployment.verify import Verified, brief

_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")  # the new one stands above in full
_DESIRED = {None: "left as it is", 0: "to 0", 1: "0 -> 1"}

Rows = list[tuple[str, str]]


def is_refused(one: Surveyed) -> bool:
    """Whether the deploy would not even begin."""
    return isinstance(one.decision, Refusal) or one.decision.instead is not None


def rows(one: Surveyed) -> Rows:
    """Label and text, in the order in which things would happen."""
    if isinstance(one.decision, Refusal):
        return [("refused", one.decision.what), ("do", one.decision.cure)]
    return list(_plan_rows(one, one.decision))


def _plan_rows(one: Surveyed, decision: Plan) -> Iterator[tuple[str, str]]:
    yield "service", f"{decision.service} in cluster {decision.cluster}"
    if decision.tag:
        yield "tag", decision.tag
    if decision.digest or decision.tag:
        yield "digest", decision.digest or "not known"
    yield "runs now", _short(decision.before)
    if decision.instead:
        yield "refused", decision.instead.what
        yield "do", decision.instead.cure
    if not decision.rolls:
        yield "nothing", " ".join(decision.story)
        if one.leftover:
            yield "handed back", names(one.entries[0].debts)
    else:
        changes = _changes(one, decision)
        yield "revision", _revision(decision)
        for line in changes:
            yield "", _DIGEST.sub(r"\1", line)
        yield "desired count", _DESIRED[decision.desired]
        for line in decision.story:
            yield "", line
        for debt in decision.debts:
            yield "borrowed", f"{_borrowed(debt)} for the rollout, and back after"
        if not decision.at_zero:
            yield "if it fails", _fallback(decision.fallback) if decision.goes_back else "left as it is"
    for note in decision.notes:
        yield "note", note


def _fallback(fallback: Fallback) -> str:
    count = f" at desired {fallback.desired}" if fallback.desired is not None else ""
    return f"back to {_short(fallback.revision)}{count} ({'proven' if fallback.proven else 'not proven'})"


def _revision(decision: Plan) -> str:
    if decision.content:
        return "a new one is registered"
    if decision.adopts:
        return f"{_short(decision.expectation.revision)}, followed from where it stands"
    if decision.expectation.revision != decision.before:
        return f"{_short(decision.expectation.revision)}, which exists already"
    return "stays" if decision.at_zero else "stays, with a new deployment"


def _changes(one: Surveyed, decision: Plan) -> tuple[str, ...]:
    if decision.content is None or one.known is None:
        return ()
    return difference(one.known.current.content, decision.content)


_VERIFIED = {0: "verified", 3: "findings", 130: "interrupted"}


def head(environment: str, tag: str, outcome: str, code: int, spent: tuple[int, float]) -> dict[str, Any]:
    """What every JSON object of a task begins with. `spent`: API calls and seconds."""
    calls, seconds = spent
    return {
        "environment": environment,
        "tag": tag or None,
        "outcome": outcome,
        "exit_code": code,
        "api_calls": calls,
        "seconds": round(seconds, 1),
    }


def plan_document(
    request: Request, surveyed: Sequence[Surveyed], code: int, spent: tuple[int, float]
) -> dict[str, Any]:
    """The plans for machines."""
    first = head(request.environment, request.tag, "refused" if code else "planned", code, spent)
    return {**first, "dry": True, "services": [_plan_document(one) for one in surveyed]}


def _plan_document(one: Surveyed) -> dict[str, Any]:
    decision = one.decision
    if isinstance(decision, Refusal):
        return {
            "service": one.settings.name,
            "refused": masked_text(decision.what),
            "advice": masked_text(decision.cure),
        }
    return {
        "service": decision.name,
        "tag": decision.tag or None,
        "refused": masked_text(decision.instead.what) if decision.instead else None,
        "rolls": decision.rolls,
        "digest": decision.digest or None,
        "before": _short(decision.before),
        "revision": _short(decision.expectation.revision) or None,
        "registers": decision.content is not None,
        "changes": list(_changes(one, decision)),
        "desired": decision.desired,
        "was_asleep": decision.was_asleep,
        "borrows": [{"what": d.what, "before": d.before, "taken": d.taken} for d in decision.debts],
        "fallback": _short(decision.fallback.revision),
        "story": [masked_text(line) for line in decision.story],
        "notes": [masked_text(line) for line in decision.notes],
    }


def verified_rows(one: Verified) -> Rows:
    """What was seen of a verified service."""
    asked = one.expected
    other = asked is not None and not (one.digest and one.digest in asked.accepted)
    return [
        ("revision", f"{one.revision}, tag {one.tag}" if one.tag else one.revision),
        ("digest", one.digest or "not pinned"),
        *([("expected", brief(asked.tag, asked.digest))] if asked and other else ()),
        *(("state" if i == 0 else "note", line) for i, line in enumerate(one.story)),
    ]


def verified_document(
    environment: str, tag: str, seen: Sequence[Verified], code: int, spent: tuple[int, float]
) -> dict[str, Any]:
    """A verification for machines."""
    services = [
        {
            "service": one.service,
            "revision": one.revision,
            "tag": one.tag or None,
            "digest": one.digest or None,
            "expected_digest": one.expected.digest if one.expected else None,
            "asleep": one.asleep,
            "findings": [{"code": f.code, "text": masked_text(f.text)} for f in one.findings],
            "story": [masked_text(line) for line in one.story],
        }
        for one in seen
    ]
    return {**head(environment, tag, _VERIFIED.get(code, "not verified"), code, spent), "services": services}


def seen_json(environment: str, seen: Sequence[Seen], spent: tuple[int, float]) -> str:
    """A status as one JSON object."""
    return json.dumps(
        {**head(environment, "", "seen", 0, spent), "services": [facts(s) for s in seen]}, indent=2
    )


def history_json(environment: str, seen: Sequence[History], spent: tuple[int, float]) -> str:
    """A history as one JSON object."""
    services = [history.facts(one) for one in seen]
    return json.dumps({**head(environment, "", "seen", 0, spent), "services": services}, indent=2)


_AWS_WORDS = {
    debts.FLOOR: "minimumHealthyPercent",
    debts.CEILING: "maximumPercent",
    debts.BREAKER: "circuit breaker",
    debts.BREAKER_ROLLBACK: "circuit breaker's rollback",
    debts.ALARM_ROLLBACK: "alarms' rollback",
    debts.EARLY_SUCCESS: "healthy percent of early success",
    debts.SUSPENSION: "scale-in",
}


def _borrowed(debt: Debt) -> str:
    """What is changed, in the words of the AWS console: "minimumHealthyPercent 0 -> 100"."""
    return f"{_AWS_WORDS.get(debt.what, debt.what)} {_value(debt.before)} -> {_value(debt.taken)}"


def _value(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case {"in": flag}:  # scale-in is the one of the three that is changed
            return "suspended" if flag else "active"
        case None:
            return "not set"
        case _:
            return str(value)


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
