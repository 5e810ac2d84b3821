"""Stacks, their resources and events as CloudFormation describes them."""

from __future__ import annotations

from collections.abc import Mapping

from ecs_local.api.cloudformation.versions import capabilities, invalid
from ecs_local.api.context import Call, without_none
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.cfn_parameters import shown as shown_parameters
from ecs_local.cfn_records import Resource, Stack, living
from ecs_local.cfn_template import TemplateError, parse
from ecs_local.cfn_values import text_of
from ecs_local.world import Content

_PAGE = 100


def find(stacks: Mapping[str, Stack], name: str) -> Stack:
    """The stack of that name, or of that id also where it has been deleted. Raises `AwsError`."""
    stack = living(stacks, name) or stacks.get(name)
    if stack is None:
        raise invalid(f"Stack with id {name} does not exist")
    return stack


def describe_stacks(call: Call, params: Content) -> Content:
    """One stack, or every one that has not been deleted."""
    stacks = call.world.stacks
    if "StackName" in params:
        return {"Stacks": [_stack(find(stacks, params["StackName"]))]}
    living = [one for one in stacks.values() if one.deleted_at is None]
    shown, token = _page(living, params)
    return {"Stacks": [_stack(one) for one in shown]} | token


def list_stacks(call: Call, params: Content) -> Content:
    """Every stack, those deleted too, by status."""
    wanted = params.get("StackStatusFilter")
    found = [one for one in call.world.stacks.values() if not wanted or one.status in wanted]
    shown, token = _page(found, params)
    summaries = [
        without_none(
            StackId=one.id,
            StackName=one.name,
            CreationTime=one.created_at,
            LastUpdatedTime=one.updated_at,
            DeletionTime=one.deleted_at,
            StackStatus=one.status,
            StackStatusReason=one.reason,
        )
        for one in shown
    ]
    return {"StackSummaries": summaries} | token


def describe_stack_events(call: Call, params: Content) -> Content:
    """What happened, newest first."""
    events = find(call.world.stacks, params["StackName"]).events
    places = {event["EventId"]: f"{place:09d}" for place, event in enumerate(events)}
    shown, token = page(
        events, params.get("NextToken"), _PAGE, lambda one: places[one["EventId"]], invalid("Invalid token.")
    )
    return {"StackEvents": shown} | ({"NextToken": token} if token else {})


def describe_stack_resources(call: Call, params: Content) -> Content:
    """Up to a hundred resources of a stack, or the stack that a physical id belongs to."""
    stacks = call.world.stacks
    if "StackName" in params:
        stack = find(stacks, params["StackName"])
    else:
        stack = _owner(stacks, params.get("PhysicalResourceId", ""))
    wanted = params.get("LogicalResourceId")
    found = [one for one in stack.resources.values() if wanted in (None, one.logical)]
    return {
        "StackResources": [_resource(stack, one) | {"Timestamp": one.updated_at} for one in found[:_PAGE]]
    }


def describe_stack_resource(call: Call, params: Content) -> Content:
    """One resource of a stack."""
    stack = find(call.world.stacks, params["StackName"])
    logical = params["LogicalResourceId"]
    if logical not in stack.resources:
        raise invalid(f"Resource {logical} does not exist for stack {stack.name}")
    one = stack.resources[logical]
    return {"StackResourceDetail": _resource(stack, one) | {"LastUpdatedTimestamp": one.updated_at}}


def list_stack_resources(call: Call, params: Content) -> Content:
    """The resources of a stack, by page."""
    stack = find(call.world.stacks, params["StackName"])
    found = list(stack.resources.values())
    places = {one.logical: f"{place:09d}" for place, one in enumerate(found)}
    shown, token = page(
        found, params.get("NextToken"), _PAGE, lambda one: places[one.logical], invalid("Invalid token.")
    )
    summaries = [
        {name: value for name, value in _resource(stack, one).items() if name not in ("StackId", "StackName")}
        | {"LastUpdatedTimestamp": one.updated_at}
        for one in shown
    ]
    return {"StackResourceSummaries": summaries} | ({"NextToken": token} if token else {})


def get_template(call: Call, params: Content) -> Content:
    """The template of a stack as it was given, or that of a change set."""
    stack = find(call.world.stacks, params.get("StackName", ""))
    version = stack.version
    if "ChangeSetName" in params:
        named = params["ChangeSetName"]
        found = [one for one in stack.change_sets.values() if named in (one.name, one.id)]
        if not found:
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{named}] does not exist", 404)
        version = found[0].version
    if version is None:
        raise invalid(f"Stack [{stack.name}] has no template yet.")
    return {"TemplateBody": version.body, "StagesAvailable": ["Original", "Processed"]}


def validate_template(_: Call, params: Content) -> Content:
    """What a template asks for. Raises `AwsError` where it cannot be read."""
    if "TemplateBody" not in params:
        raise invalid("Either Template URL or Template Body must be specified.")
    try:
        template = parse(params["TemplateBody"])
    except TemplateError as error:
        raise invalid(str(error)) from None
    needed = capabilities(template)
    answer: Content = {
        "Description": template.description,
        "Parameters": [
            without_none(
                ParameterKey=name,
                DefaultValue=text_of(spec["Default"]) if "Default" in spec else None,
                NoEcho=text_of(spec.get("NoEcho", False)) == "true",
                Description=spec.get("Description"),
            )
            for name, spec in template.parameters.items()
        ],
    }
    if needed:
        kinds = sorted({one.type for one in template.resources.values() if one.type.startswith("AWS::IAM::")})
        reason = f"The following resource(s) require capabilities: [{', '.join(kinds)}]"
        answer |= {"Capabilities": needed, "CapabilitiesReason": reason}
    return answer


def _page(stacks: list[Stack], params: Content) -> tuple[list[Stack], Content]:
    places = {one.id: f"{place:09d}" for place, one in enumerate(stacks)}
    shown, token = page(
        stacks, params.get("NextToken"), _PAGE, lambda one: places[one.id], invalid("Invalid token.")
    )
    return shown, {"NextToken": token} if token else {}


def _stack(stack: Stack) -> Content:
    version = stack.version
    return without_none(
        StackId=stack.id,
        StackName=stack.name,
        Description=(version.template.description or None) if version else None,
        Parameters=shown_parameters(version.template, version.parameters) if version else [],
        CreationTime=stack.created_at,
        LastUpdatedTime=stack.updated_at,
        DeletionTime=stack.deleted_at,
        StackStatus=stack.status,
        StackStatusReason=stack.reason,
        DisableRollback=stack.on_failure == "DO_NOTHING",
        NotificationARNs=[],
        RollbackConfiguration={},
        Capabilities=stack.capabilities,
        Outputs=stack.outputs,
        Tags=stack.tags,
        EnableTerminationProtection=False,
        DriftInformation={"StackDriftStatus": "NOT_CHECKED"},
    )


def _resource(stack: Stack, resource: Resource) -> Content:
    return without_none(
        StackId=stack.id,
        StackName=stack.name,
        LogicalResourceId=resource.logical,
        PhysicalResourceId=resource.made.physical or None,
        ResourceType=resource.type,
        ResourceStatus=resource.status,
        ResourceStatusReason=resource.reason,
        DriftInformation={"StackResourceDriftStatus": "NOT_CHECKED"},
    )


def _owner(stacks: Mapping[str, Stack], physical: str) -> Stack:
    for stack in stacks.values():
        if any(one.made.physical == physical for one in stack.resources.values()):
            return stack
    raise invalid(f"Stack for {physical} does not exist")
