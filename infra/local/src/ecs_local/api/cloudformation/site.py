"""What work on stacks needs for longer than one call lasts, and the telling of events."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecs_local.api.context import Call, Inside
from ecs_local.cfn_changes import scope_of
from ecs_local.cfn_records import Resource, Stack, Version
from ecs_local.cfn_values import Scope
from ecs_local.world import Content, World

STACK = "AWS::CloudFormation::Stack"
_MOST_EVENTS = 2000


@dataclass(frozen=True)
class Site:
    """The engine as stacks see it."""

    inside: Inside
    world: World


def site_of(call: Call) -> Site:
    """The site of a call."""
    assert call.inside is not None  # the dispatcher always gives it
    return Site(call.inside, call.world)


def stack_scope(site: Site, name: str, arn: str, version: Version) -> Scope:
    """What functions may refer to before any resource is known: parameters and pseudo parameters."""
    world = site.world
    pseudo: Mapping[str, Any] = {
        "AWS::AccountId": world.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": world.region,
        "AWS::StackId": arn,
        "AWS::StackName": name,
        "AWS::URLSuffix": "amazonaws.com",
    }
    zones = tuple(f"{world.region}{letter}" for letter in "abc")
    return scope_of(version, pseudo, zones)


def tell_stack(site: Site, stack: Stack, status: str, reason: str | None = None) -> None:
    """Gives the stack a status, with its event."""
    stack.status, stack.reason = status, reason
    _event(site, stack, stack.name, stack.id, STACK, status, reason, None)


def tell(site: Site, stack: Stack, resource: Resource, status: str, reason: str | None = None) -> None:
    """Gives a resource a status, with its event."""
    resource.status, resource.reason, resource.updated_at = status, reason, site.inside.now()
    _event(
        site,
        stack,
        resource.logical,
        resource.made.physical,
        resource.type,
        status,
        reason,
        resource.properties,
    )


def _event(
    site: Site,
    stack: Stack,
    logical: str,
    physical: str,
    kind: str,
    status: str,
    reason: str | None,
    properties: Content | None,
) -> None:
    event: Content = {
        "StackId": stack.id,
        "StackName": stack.name,
        "EventId": str(uuid.uuid4()),
        "LogicalResourceId": logical,
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "Timestamp": site.inside.now(),
        "ResourceStatus": status,
    }
    if reason is not None:
        event["ResourceStatusReason"] = reason
    if properties is not None:
        event["ResourceProperties"] = json.dumps(properties, default=str)
    stack.events.insert(0, event)
    del stack.events[_MOST_EVENTS:]
