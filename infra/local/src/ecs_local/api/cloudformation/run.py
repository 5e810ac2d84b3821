"""Brings a stack from one version to the next, resource by resource, and back again where one fails.

create | update ---- all well ----> clean up (what was replaced or removed goes) -> COMPLETE
     |
     +-- one fails --> what was done is undone -> clean up (what was made goes) -> ROLLBACK_COMPLETE
"""

from __future__ import annotations

import copy
import logging
import uuid
from dataclasses import dataclass, field, replace

from ecs_local.api.cloudformation.kinds import Desk
from ecs_local.api.cloudformation.site import Site, stack_scope, tell, tell_stack
from ecs_local.api.cloudformation.table import KINDS
from ecs_local.api.errors import AwsError
from ecs_local.cfn_changes import ordered, outputs
from ecs_local.cfn_records import GONE, Made, Resource, Stack, Version
from ecs_local.cfn_template import Declared, TemplateError
from ecs_local.cfn_values import Scope, evaluate
from ecs_local.world import Content

_log = logging.getLogger(__name__)
_EXPECTED = (AwsError, TemplateError, KeyError)  # a kind looks for the properties it must have
_REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."


class _Failed(Exception):
    """A resource could not be brought to where it should be; it has said so itself."""

    def __init__(self, logical: str) -> None:
        super().__init__(logical)
        self.logical = logical


@dataclass
class _Done:
    """What an update has done so far, to be undone in reverse order."""

    resources: list[tuple[str, Resource | None]] = field(default_factory=list)  # (logical, as it was)
    replaced: list[Resource] = field(default_factory=list)  # the old ones, which still exist


async def create(site: Site, stack: Stack, to: Version) -> None:
    """Makes everything; where something fails, does what the stack's `on_failure` says."""
    stack.version = to
    tell_stack(site, stack, "CREATE_IN_PROGRESS", "User Initiated")
    try:
        await _bring(site, stack, to, _Done())
    except _Failed as failed:
        reason = f"The following resource(s) failed to create: [{failed.logical}]. "
        if stack.on_failure == "DO_NOTHING":
            tell_stack(site, stack, "CREATE_FAILED", reason)
        elif stack.on_failure == "DELETE":
            await delete(site, stack, reason + "Delete requested by user.", created=True)
        else:
            tell_stack(site, stack, "ROLLBACK_IN_PROGRESS", reason + "Rollback requested by user.")
            left = await _take_away(site, stack, list(stack.resources.values()), created=True)
            tell_stack(site, stack, "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", left)
        return
    tell_stack(site, stack, "CREATE_COMPLETE")


async def update(site: Site, stack: Stack, to: Version) -> None:
    """Brings the stack to another version; where something fails, back to the one it had."""
    before, done = stack.version, _Done()
    assert before is not None
    stack.updated_at = site.inside.now()
    tell_stack(site, stack, "UPDATE_IN_PROGRESS", "User Initiated")
    try:
        after = await _bring(site, stack, to, done)
    except _Failed as failed:
        reason = f"The following resource(s) failed to update: [{failed.logical}]. "
        tell_stack(site, stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
        await _undo(site, stack, done)
        return
    stack.version = to
    gone = [stack.resources.pop(logical) for logical in list(stack.resources) if logical not in after]
    tell_stack(site, stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    await _take_away(site, stack, done.replaced, replaced=True)
    await _take_away(site, stack, gone)
    tell_stack(site, stack, "UPDATE_COMPLETE")


async def delete(site: Site, stack: Stack, reason: str = "User Initiated", *, created: bool = False) -> None:
    """Takes everything away, last made first, but for what is to be retained."""
    tell_stack(site, stack, "DELETE_IN_PROGRESS", reason)
    left = await _take_away(site, stack, list(stack.resources.values()), created=created)
    if left:
        tell_stack(site, stack, "DELETE_FAILED", left)
        return
    stack.deleted_at = site.inside.now()
    tell_stack(site, stack, GONE)


async def _bring(site: Site, stack: Stack, to: Version, done: _Done) -> list[str]:
    """Makes and changes resources in order. Raises `_Failed` at the first that cannot be."""
    scope = stack_scope(site, stack.name, stack.id, to)
    after = list(ordered(to.template, scope))
    for logical in after:
        declared = to.template.resources[logical]
        old = stack.resources.get(logical)
        local = with_resources(scope, stack)
        if old is None:
            done.resources.append((logical, None))
            made = Resource(
                logical, declared.type, Made(""), declared.properties, "", 0.0, None, declared.deletion,
                declared.replacement,
            )  # fmt: skip
            stack.resources[logical] = made
            await _make(site, stack, made, local, "CREATE")
            continue
        properties = await _evaluated(site, stack, old, declared.properties, local)
        if properties == old.properties:
            stack.resources[logical] = _declared(old, declared)
            continue
        done.resources.append((logical, old))
        fresh = _declared(copy.deepcopy(old), declared)
        stack.resources[logical] = fresh
        await _alter(site, stack, old, fresh, properties, done)
    try:
        stack.outputs = outputs(to, with_resources(scope, stack))
    except TemplateError as error:
        raise _Failed(f"Outputs: {error}") from None
    # Taken away in reverse, so what depends on another must stand after it, also where that has changed.
    stack.resources = {name: stack.resources[name] for name in [*after, *stack.resources]}
    return after


def _declared(resource: Resource, declared: Declared) -> Resource:
    """The resource with the policies that the template has for it now."""
    return replace(resource, deletion=declared.deletion, replacement=declared.replacement)


async def _evaluated(site: Site, stack: Stack, old: Resource, declared: Content, scope: Scope) -> Content:
    try:
        properties: Content = evaluate(declared, scope)
    except TemplateError as error:
        tell(site, stack, old, "UPDATE_FAILED", str(error))
        raise _Failed(old.logical) from None
    return properties


async def _make(site: Site, stack: Stack, resource: Resource, scope: Scope, verb: str) -> None:
    """Creates one resource. `resource.made` is set as soon as there is something to take away."""
    tell(site, stack, resource, f"{verb}_IN_PROGRESS")

    def initiated(made: Made) -> None:
        if not resource.made.physical:
            resource.made = made
            tell(site, stack, resource, f"{verb}_IN_PROGRESS", "Resource creation Initiated")

    desk = Desk(site.inside, site.world, stack.name, resource.logical, initiated)
    try:
        resource.properties = evaluate(resource.properties, scope)
        made = await KINDS[resource.type].create(desk, resource.properties)
        initiated(made)
        resource.made = made
    except _EXPECTED as error:
        tell(site, stack, resource, f"{verb}_FAILED", told(error))
        raise _Failed(resource.logical) from None
    tell(site, stack, resource, f"{verb}_COMPLETE")


async def _alter(
    site: Site, stack: Stack, old: Resource, fresh: Resource, properties: Content, done: _Done
) -> None:
    """Changes one resource in place, or makes another in its place."""
    kind = KINDS[old.type]
    names = [
        name for name in {**old.properties, **properties} if old.properties.get(name) != properties.get(name)
    ]
    fresh.properties = properties
    if any(kind.recreates(name) for name in names):
        tell(site, stack, fresh, "UPDATE_IN_PROGRESS", _REPLACING)
        fresh.made = Made("")
        done.replaced.append(old)
        await _make(site, stack, fresh, Scope({}), "UPDATE")
        return
    await _change(site, stack, fresh, old.properties)


async def _change(site: Site, stack: Stack, resource: Resource, before: Content) -> None:
    tell(site, stack, resource, "UPDATE_IN_PROGRESS")
    kind = KINDS[resource.type]
    assert kind.update is not None
    desk = Desk(site.inside, site.world, stack.name, resource.logical, lambda _: None)
    try:
        resource.made = await kind.update(desk, resource.made, before, resource.properties)
    except _EXPECTED as error:
        tell(site, stack, resource, "UPDATE_FAILED", told(error))
        raise _Failed(resource.logical) from None
    tell(site, stack, resource, "UPDATE_COMPLETE")


async def _undo(site: Site, stack: Stack, done: _Done) -> None:
    """Back to how everything was; what was made meanwhile goes last."""
    made: list[Resource] = []
    failed: list[str] = []
    for logical, old in reversed(done.resources):
        fresh = stack.resources[logical]
        if old is None:
            made.append(stack.resources.pop(logical))
            continue
        stack.resources[logical] = old
        if old in done.replaced:
            made.append(fresh)
            tell(site, stack, old, "UPDATE_COMPLETE")
            continue
        try:
            await _change(site, stack, old, fresh.properties)
        except _Failed:
            failed.append(logical)
    if failed:
        reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
        tell_stack(site, stack, "UPDATE_ROLLBACK_FAILED", reason)
        return
    assert stack.version is not None
    scope = stack_scope(site, stack.name, stack.id, stack.version)
    stack.outputs = outputs(stack.version, with_resources(scope, stack))
    tell_stack(site, stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    await _take_away(site, stack, list(reversed(made)), created=True)
    tell_stack(site, stack, "UPDATE_ROLLBACK_COMPLETE")


async def _take_away(
    site: Site, stack: Stack, resources: list[Resource], *, created: bool = False, replaced: bool = False
) -> str | None:
    """Deletes resources, the last first; the reason where some would not go.

    `created`: the very operation that made them is being undone; `replaced`: another is in their place.
    """
    failed = []
    for resource in reversed(resources):
        if resource.status in (GONE, "DELETE_SKIPPED"):
            continue
        policy = resource.replacement if replaced else resource.deletion
        if policy == "Retain" or (policy == "RetainExceptOnCreate" and not created):
            tell(site, stack, resource, "DELETE_SKIPPED")
            continue
        tell(site, stack, resource, "DELETE_IN_PROGRESS")
        try:
            if resource.made.physical:
                desk = Desk(site.inside, site.world, stack.name, resource.logical, lambda _: None)
                await KINDS[resource.type].delete(desk, resource.made, resource.properties)
        except _EXPECTED as error:
            tell(site, stack, resource, "DELETE_FAILED", told(error))
            failed.append(resource.logical)
            continue
        tell(site, stack, resource, GONE)
    return f"The following resource(s) failed to delete: [{', '.join(failed)}]. " if failed else None


def with_resources(scope: Scope, stack: Stack) -> Scope:
    """The scope with what is known of the stack's resources."""
    there = stack.resources
    return replace(
        scope,
        refs={name: one.made.reference for name, one in there.items()},
        attributes={name: one.made.attributes for name, one in there.items()},
    )


def told(error: Exception) -> str:
    """The reason as CloudFormation gives it for a resource that a service has refused."""
    if isinstance(error, KeyError):
        error = AwsError("ValidationException", f"#: required key [{error.args[0]}] not found")
    if not isinstance(error, AwsError):
        return str(error)
    if error.message.startswith("#"):
        return f"Properties validation failed for resource with message: [{error.message}]"
    return (
        f'Resource handler returned message: "{error.message}" '
        f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: {error.code})"
    )
