"""Tags of clusters, services, tasks and task definitions."""

from __future__ import annotations

from typing import Protocol

from ecs_local.api.context import Call
from ecs_local.api.ecs.names import invalid
from ecs_local.api.errors import AwsError
from ecs_local.world import Content, World

_MOST = 50  # tags of one resource: botocore, ecs TagResource


class _Tagged(Protocol):
    tags: list[Content]


def tag_resource(call: Call, params: Content) -> Content:
    """Adds tags; a key that is there takes the new value."""
    resource = _find(call.world, params["resourceArn"])
    resource.tags = merged(resource.tags, params["tags"])
    return {}


def untag_resource(call: Call, params: Content) -> Content:
    """Takes tags away by key; keys that are not there do not matter."""
    resource = _find(call.world, params["resourceArn"])
    resource.tags = [tag for tag in resource.tags if tag["key"] not in params["tagKeys"]]
    return {}


def list_tags_for_resource(call: Call, params: Content) -> Content:
    """The tags of one resource."""
    return {"tags": _find(call.world, params["resourceArn"]).tags}


def merged(tags: list[Content], more: list[Content]) -> list[Content]:
    """Both lists as one; refuses keys that AWS keeps for itself, and more than 50."""
    if any(tag.get("key", "").lower().startswith("aws:") for tag in more):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    by_key = {tag["key"]: tag for tag in [*tags, *more]}
    if len(by_key) > _MOST:
        raise invalid("The number of tags exceeds the limit of 50.")
    return list(by_key.values())


def _find(world: World, arn: str) -> _Tagged:
    places: list[dict[str, _Tagged]] = [
        {one.arn: one for one in world.clusters.values()},
        {one.arn: one for one in world.services.values()},
        {one.arn: one for one in world.task_definitions.values()},
        {one.arn: one for one in world.tasks.values()},
    ]
    if not arn.startswith("arn:"):
        raise invalid("The specified resource ARN is not valid.")
    for place in places:
        if arn in place:
            return place[arn]
    raise AwsError("ResourceNotFoundException", "The specified resource could not be found.")
