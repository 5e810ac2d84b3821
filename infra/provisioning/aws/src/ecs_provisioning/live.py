"""What the service runs now: read before every change of its stack, so that none undoes a deploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ecs_deployment.errors import NotFound
from ecs_deployment.reference import NEVER_DEPLOYED, is_placeholder

from ecs_provisioning.calls import Aws, call

_ANSWERS = (
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt",
    "registeredBy", "deregisteredAt",
)  # fmt: skip
"""Members of an answer that were never registered."""


@dataclass(frozen=True)
class Live:
    """A service as it is. `revision` is an ARN, `image` that of the container behind the load balancer."""

    revision: str
    image: str
    desired: int
    rolling: bool
    content: Mapping[str, Any] = field(default_factory=dict)


def read(aws: Aws, cluster: str, service: str, container: str) -> Live | None:
    """The service as it is; None where there is none."""
    ecs = aws.read("ecs")
    try:
        rows = call(ecs, "describe_services", cluster=cluster, services=[service])["services"]
    except NotFound:
        return None
    row = next((one for one in rows if one["status"] == "ACTIVE"), None)
    if row is None:
        return None
    content = definition(aws, row["taskDefinition"])
    primary: Mapping[str, Any] = next((one for one in row["deployments"] if one["status"] == "PRIMARY"), {})
    return Live(
        revision=row["taskDefinition"],
        image=_image(content, container),
        desired=row["desiredCount"],
        rolling=primary.get("rolloutState") == "IN_PROGRESS" or len(row["deployments"]) > 1,
        content=content,
    )


def definition(aws: Aws, revision: str) -> dict[str, Any]:
    """What was registered as a revision."""
    answer = call(aws.read("ecs"), "describe_task_definition", taskDefinition=revision)["taskDefinition"]
    return {name: value for name, value in answer.items() if name not in _ANSWERS}


def differences(live: Mapping[str, Any], stacks: Mapping[str, Any]) -> list[str]:
    """Where a live revision differs from the one that the stack registered, images apart: what somebody changed
    by other means, as dotted names.
    """
    return sorted(set(_differ(_without_images(live), _without_images(stacks), "")))


def _differ(one: Any, other: Any, path: str) -> list[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = sorted({*one, *other})
        return [d for n in names for d in _differ(one.get(n), other.get(n), f"{path}.{n}" if path else n)]
    return [] if one == other else [path]


def _without_images(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content, containers by name and environment by name, so that an order changes nothing."""
    plain = dict(content)
    plain["containerDefinitions"] = {
        one["name"]: {name: _named(value) for name, value in one.items() if name not in ("image", "name")}
        for one in content.get("containerDefinitions", ())
    }
    return plain


def _named(value: Any) -> Any:
    named = (
        isinstance(value, list) and value and all(isinstance(one, Mapping) and "name" in one for one in value)
    )
    return {one["name"]: one for one in value} if named else value


def _image(content: Mapping[str, Any], container: str) -> str:
    images = {one["name"]: one["image"] for one in content.get("containerDefinitions", ())}
    image: str = images.get(container, NEVER_DEPLOYED)
    return NEVER_DEPLOYED if is_placeholder(image) else image
