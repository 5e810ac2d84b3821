"""Every type of resource that stacks can have here."""

from __future__ import annotations

from ecs_local.api.cloudformation import (
    kinds_balancer,
    kinds_ecs,
    kinds_network,
    kinds_records,
    kinds_scaling,
)
from ecs_local.api.cloudformation.kinds import Kind
from ecs_local.cfn_template import Template, TemplateError

KINDS: dict[str, Kind] = (
    kinds_balancer.KINDS | kinds_ecs.KINDS | kinds_network.KINDS | kinds_records.KINDS | kinds_scaling.KINDS
)


def check_types(template: Template) -> None:
    """Refuses types that are not there: what a stack reports complete must exist."""
    unknown = sorted({one.type for one in template.resources.values()} - set(KINDS))
    if unknown:
        raise TemplateError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")


def replaces(kind: str, name: str) -> bool:
    """Whether a change of that property makes a new resource."""
    return KINDS[kind].recreates(name)
