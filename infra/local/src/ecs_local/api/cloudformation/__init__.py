"""AWS CloudFormation so far as stacks of services need it: an interpreter of our own over the engine's other APIs."""

from __future__ import annotations

from ecs_local.api.cloudformation import change_sets, show, stacks
from ecs_local.api.context import Handler

OPERATIONS: dict[str, Handler] = {
    "CreateChangeSet": change_sets.create_change_set,
    "CreateStack": stacks.create_stack,
    "DeleteChangeSet": change_sets.delete_change_set,
    "DeleteStack": stacks.delete_stack,
    "DescribeChangeSet": change_sets.describe_change_set,
    "DescribeStackEvents": show.describe_stack_events,
    "DescribeStackResource": show.describe_stack_resource,
    "DescribeStackResources": show.describe_stack_resources,
    "DescribeStacks": show.describe_stacks,
    "ExecuteChangeSet": change_sets.execute_change_set,
    "GetTemplate": show.get_template,
    "ListChangeSets": change_sets.list_change_sets,
    "ListStackResources": show.list_stack_resources,
    "ListStacks": show.list_stacks,
    "UpdateStack": stacks.update_stack,
    "ValidateTemplate": show.validate_template,
}
