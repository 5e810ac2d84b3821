"""Change sets: what an update would do, told before it is done."""

from __future__ import annotations

from ecs_local import ids
from ecs_local.api.cloudformation import at_work, run
from ecs_local.api.cloudformation.show import find
from ecs_local.api.cloudformation.site import Site, site_of, tell_stack
from ecs_local.api.cloudformation.stacks import (
    begin_update,
    changeable,
    check_order,
    difference,
    new_stack,
    on_failure,
)
from ecs_local.api.cloudformation.versions import invalid, version
from ecs_local.api.context import Call, without_none
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.cfn_parameters import shown as shown_parameters
from ecs_local.cfn_records import REVIEWED, Change, ChangeSet, Stack, living
from ecs_local.world import Content

_NOTHING = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_PAGE = 100


async def create_change_set(call: Call, params: Content) -> Content:
    """Works out what would be done. A set without changes is there all the same, as FAILED."""
    site, name = site_of(call), params["StackName"]
    kind = params.get("ChangeSetType", "UPDATE")
    if kind not in ("CREATE", "UPDATE"):
        raise invalid(f"The embedded ECS has no change sets of type {kind}.")
    stack, fresh = _stack_for(site, name, kind, params["ChangeSetName"])
    if any(one.name == params["ChangeSetName"] for one in stack.change_sets.values()):
        raise AwsError("AlreadyExistsException", f"ChangeSet [{params['ChangeSetName']}] already exists")
    to = await version(site, params, None if kind == "CREATE" else stack)
    check_order(site, stack, to)
    found = difference(site, stack, to)
    world = site.world
    tail = f"changeSet/{params['ChangeSetName']}/{ids.event_id(world)}"
    made = ChangeSet(
        id=f"arn:aws:cloudformation:{world.region}:{world.account}:{tail}",
        name=params["ChangeSetName"],
        kind=kind,
        version=to,
        created_at=site.inside.now(),
        changes=tuple(found) if isinstance(found, list) else (),
        on_failure=on_failure(params, "OnStackFailure"),
        capabilities=params.get("Capabilities", []),
        tags=params.get("Tags", []),
        description=params.get("Description"),
    )
    if not found:
        made.status, made.execution, made.reason = "FAILED", "UNAVAILABLE", _NOTHING
    if fresh:
        site.world.stacks[stack.id] = stack
        tell_stack(site, stack, REVIEWED, "User Initiated")
    stack.change_sets[made.id] = made
    return {"Id": made.id, "StackId": stack.id}


def describe_change_set(call: Call, params: Content) -> Content:
    """A change set with its changes; before and after values only where they are asked for."""
    stack, made = _find(call, params)
    values = params.get("IncludePropertyValues", False)
    places = {one.logical: f"{place:09d}" for place, one in enumerate(made.changes)}
    shown, token = page(
        made.changes,
        params.get("NextToken"),
        _PAGE,
        lambda one: places[one.logical],
        invalid("Invalid token."),
    )
    return without_none(
        ChangeSetName=made.name,
        ChangeSetId=made.id,
        StackId=stack.id,
        StackName=stack.name,
        Description=made.description,
        Parameters=shown_parameters(made.version.template, made.version.parameters),
        CreationTime=made.created_at,
        ExecutionStatus=made.execution,
        Status=made.status,
        StatusReason=made.reason,
        NotificationARNs=[],
        RollbackConfiguration={},
        Capabilities=made.capabilities,
        Tags=made.tags,
        Changes=[{"Type": "Resource", "ResourceChange": _change(one, values)} for one in shown],
        NextToken=token,
        IncludeNestedStacks=False,
        OnStackFailure=made.on_failure,
    )


def execute_change_set(call: Call, params: Content) -> Content:
    """Begins what the change set says. Every other one of the stack is void then, as on AWS."""
    site = site_of(call)
    stack, made = _find(call, params)
    if made.execution != "AVAILABLE":
        raise AwsError(
            "InvalidChangeSetStatus",
            f"ChangeSet [{made.id}] cannot be executed in its current status of [{made.status}]",
        )
    if made.kind == "UPDATE":
        changeable(site, stack.id)
    elif stack.status != REVIEWED:
        raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
    stack.change_sets = {made.id: made}
    made.execution = "EXECUTE_COMPLETE"
    stack.capabilities, stack.tags = made.capabilities, made.tags
    if made.kind == "UPDATE":
        begin_update(site, stack, made.version)
        return {}
    stack.on_failure, stack.status = made.on_failure, "CREATE_IN_PROGRESS"
    at_work.start(stack, run.create(site, stack, made.version))
    return {}


def list_change_sets(call: Call, params: Content) -> Content:
    """The change sets of a stack, newest last."""
    stack = find(call.world.stacks, params["StackName"])
    summaries = [
        without_none(
            StackId=stack.id,
            StackName=stack.name,
            ChangeSetId=one.id,
            ChangeSetName=one.name,
            ExecutionStatus=one.execution,
            Status=one.status,
            StatusReason=one.reason,
            CreationTime=one.created_at,
            Description=one.description,
        )
        for one in stack.change_sets.values()
    ]
    return {"Summaries": summaries}


def delete_change_set(call: Call, params: Content) -> Content:
    """Forgets a change set; one that is not there is as good."""
    try:
        stack, made = _find(call, params)
    except AwsError as error:
        if error.code == "ChangeSetNotFound" and "StackName" not in params:
            return {}
        raise
    del stack.change_sets[made.id]
    return {}


def _stack_for(site: Site, name: str, kind: str, set_name: str) -> tuple[Stack, bool]:
    """The stack that a set is for, and whether it has to be made."""
    if kind == "UPDATE":
        return changeable(site, name), False
    there = living(site.world.stacks, name)
    if there is None:
        return new_stack(site, name), True
    if there.status != REVIEWED:
        raise invalid(
            f"Stack [{name}] already exists and cannot be created again with the changeSet [{set_name}]."
        )
    return there, False


def _find(call: Call, params: Content) -> tuple[Stack, ChangeSet]:
    wanted = params["ChangeSetName"]
    known = call.world.stacks
    stacks = [find(known, params["StackName"])] if "StackName" in params else list(known.values())
    for stack in stacks:
        for one in stack.change_sets.values():
            if wanted == one.id or ("StackName" in params and wanted == one.name):
                return stack, one
    raise AwsError("ChangeSetNotFound", f"ChangeSet [{wanted}] does not exist", 404)


def _change(change: Change, values: bool) -> Content:
    hidden = () if values else ("Path", "BeforeValue", "AfterValue", "AttributeChangeType")
    details = [
        one | {"Target": {name: item for name, item in one["Target"].items() if name not in hidden}}
        for one in change.details
    ]
    return without_none(
        PolicyAction=change.policy if change.policy in ("Delete", "Retain", "Snapshot") else None,
        Action=change.action,
        LogicalResourceId=change.logical,
        PhysicalResourceId=change.physical or None,
        ResourceType=change.type,
        Replacement=change.replacement or None,
        Scope=list(change.scope),
        Details=details,
    )
