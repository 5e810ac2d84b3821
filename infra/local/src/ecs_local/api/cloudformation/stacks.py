"""Stacks: create, update and delete. Each call is checked and answered at once; the work goes on by itself."""

from __future__ import annotations

import re

from ecs_local import ids
from ecs_local.api.cloudformation import at_work, run
from ecs_local.api.cloudformation.site import Site, site_of, stack_scope
from ecs_local.api.cloudformation.table import replaces
from ecs_local.api.cloudformation.versions import invalid, version
from ecs_local.api.context import Call
from ecs_local.api.errors import AwsError
from ecs_local.cfn_changes import changes, ordered, outputs
from ecs_local.cfn_records import REVIEWED, Change, Stack, Version, living
from ecs_local.cfn_template import TemplateError
from ecs_local.world import Content

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_AT_REST = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")


async def create_stack(call: Call, params: Content) -> Content:
    """Begins to make a stack."""
    site, name = site_of(call), params["StackName"]
    there = living(site.world.stacks, name)
    if there is not None:
        if params.get("ClientRequestToken") and there.token == params["ClientRequestToken"]:
            return {"StackId": there.id}
        raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
    to = await version(site, params, None)
    stack = new_stack(site, name)
    check_order(site, stack, to)
    stack.on_failure = on_failure(params, "OnFailure")
    stack.token = params.get("ClientRequestToken")
    stack.capabilities, stack.tags = params.get("Capabilities", []), params.get("Tags", [])
    site.world.stacks[stack.id] = stack
    stack.status = "CREATE_IN_PROGRESS"
    at_work.start(stack, run.create(site, stack, to))
    return {"StackId": stack.id}


async def update_stack(call: Call, params: Content) -> Content:
    """Begins to change a stack. Where nothing would change AWS refuses, and so do we."""
    site = site_of(call)
    stack = changeable(site, params["StackName"])
    to = await version(site, params, stack)
    if not difference(site, stack, to):
        raise invalid("No updates are to be performed.")
    begin_update(site, stack, to)
    return {"StackId": stack.id}


def delete_stack(call: Call, params: Content) -> Content:
    """Begins to take a stack away. One that is not there is as good (AWS answers without an error)."""
    site = site_of(call)
    stack = living(site.world.stacks, params["StackName"])
    if stack is None or stack.status == "DELETE_IN_PROGRESS":
        return {}
    if stack.busy and stack.status != "CREATE_IN_PROGRESS":
        raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
    for resource in stack.resources.values():
        if resource.logical in params.get("RetainResources", []):
            resource.deletion = "Retain"
    stack.status = "DELETE_IN_PROGRESS"
    at_work.start(stack, run.delete(site, stack))
    return {}


def new_stack(site: Site, name: str) -> Stack:
    """A stack that is not yet anywhere. Raises `AwsError` for a name that AWS does not take."""
    if not _NAME.fullmatch(name):
        raise invalid(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    world = site.world
    arn = f"arn:aws:cloudformation:{world.region}:{world.account}:stack/{name}/{ids.event_id(world)}"
    return Stack(arn, name, site.inside.now(), REVIEWED)


def changeable(site: Site, name: str) -> Stack:
    """The stack, if it can be updated as it stands."""
    stack = living(site.world.stacks, name)
    if stack is None:
        raise invalid(f"Stack [{name}] does not exist")
    if stack.status not in _AT_REST:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    return stack


def begin_update(site: Site, stack: Stack, to: Version) -> None:
    """Begins the update; the status is there when the call is answered."""
    stack.status = "UPDATE_IN_PROGRESS"
    at_work.start(stack, run.update(site, stack, to))


def difference(site: Site, stack: Stack, to: Version) -> list[Change] | bool:
    """What would be done; True where only outputs would change, nothing where nothing would."""
    try:
        scope = stack_scope(site, stack.name, stack.id, to)
        found = changes(stack, to, scope, replaces)
        if found or stack.version is None:
            return found
        known = run.with_resources(scope, stack)
        return outputs(to, known) != stack.outputs
    except TemplateError as error:
        raise invalid(str(error)) from None


def check_order(site: Site, stack: Stack, to: Version) -> None:
    """Refuses references to nothing and circles before anything is begun."""
    try:
        ordered(to.template, stack_scope(site, stack.name, stack.id, to))
    except TemplateError as error:
        raise invalid(str(error)) from None


def on_failure(params: Content, member: str) -> str:
    """ROLLBACK, DO_NOTHING or DELETE, from either way to say it."""
    if params.get("DisableRollback"):
        return "DO_NOTHING"
    return str(params.get(member, "ROLLBACK"))
