"""`infra.plan`: what an apply would do to a stack and to what runs, and what that costs a month."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ecs_deployment import report
from ecs_deployment.clock import Clock
from ecs_deployment.commands import whole
from ecs_deployment.describe import head

from ecs_provisioning import cost
from ecs_provisioning import show as words
from ecs_provisioning.calls import Aws
from ecs_provisioning.prepare import Prepared, Wish, forget, prepare


@contextmanager
def planned(aws: Aws, wish: Wish, clock: Clock) -> Iterator[Prepared]:
    """What an apply would do; what had to be made to know it is thrown away at the end, whatever happens."""
    prepared = prepare(aws, wish, clock)
    try:
        yield prepared
    finally:
        forget(aws, prepared)


def show(prepared: Prepared, environment: str) -> None:
    """Print it: replacements in red and in words, changes, what runs, costs."""
    told = [*words.replacements(prepared), *words.rows(prepared)]
    rows = [(label, whole(text, environment, prepared.service.name)) for label, text in told]
    report.facts(words.heading(prepared), rows, bad=(words.REPLACE,))
    report.facts("Estimate in US dollars", cost.rows(cost.estimate(prepared.values)))


def document(prepared: Prepared) -> dict[str, Any]:
    """The same of one service for machines."""
    return {**words.document(prepared), "cost": cost.document(cost.estimate(prepared.values))}


def as_json(environment: str, services: Sequence[dict[str, Any]], spent: tuple[int, float]) -> str:
    """All services as one JSON object. `spent`: API calls and seconds."""
    return json.dumps({**head(environment, "", "planned", 0, spent), "services": list(services)}, indent=2)
