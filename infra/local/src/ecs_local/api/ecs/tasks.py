"""Tasks: list, describe, run, stop."""

from __future__ import annotations

from collections.abc import Callable

from ecs_local import transitions
from ecs_local.api.context import Call
from ecs_local.api.ecs.configuration import check_launch
from ecs_local.api.ecs.names import (
    arn,
    find_cluster,
    invalid,
    last,
    lookup_service,
    lookup_task,
    usable_task_definition,
)
from ecs_local.api.ecs.show_task import shown
from ecs_local.api.ecs.tags import merged
from ecs_local.api.errors import AwsError
from ecs_local.api.paging import page
from ecs_local.world import Content, Task

_MOST = 100  # tasks of one DescribeTasks call: botocore, ecs
_MOST_RUN = 10  # tasks of one RunTask call: botocore, ecs
_ALONE = ("family", "serviceName", "containerInstance", "launchType", "desiredStatus", "daemonName")


def list_tasks(call: Call, params: Content) -> Content:
    """ARNs of tasks by their desired status (RUNNING by default); stopped ones stay an hour.

    `startedBy` "must be the only filter that you use" (botocore, ecs ListTasks): others beside it are refused.
    """
    cluster = find_cluster(call.world, params.get("cluster"))
    tests: list[Callable[[Task], bool]] = []
    if "startedBy" in params:
        if others := [name for name in _ALONE if name in params]:
            raise invalid(f"startedBy must be the only filter: leave out {', '.join(others)}.")
        tests.append(lambda task: task.started_by == params["startedBy"])
    if "serviceName" in params:
        service = lookup_service(call.world, cluster, params["serviceName"])
        if service is None:
            raise AwsError("ServiceNotFoundException", "Service not found.")
        tests.append(lambda task: task.group == f"service:{service.name}")
    if "family" in params:
        tests.append(lambda task: last(task.task_definition).split(":")[0] == params["family"])
    if "launchType" in params:
        tests.append(lambda task: shown(call, task, tags=False).get("launchType") == params["launchType"])
    if "containerInstance" in params or "daemonName" in params:
        return {"taskArns": []}  # neither exists here
    status = params.get("desiredStatus", "RUNNING")
    chosen = sorted(
        task.arn
        for task in call.world.tasks.values()
        if task.cluster in (cluster.name, cluster.arn)
        and task.desired_status == status
        and all(test(task) for test in tests)
    )
    arns, token = page(
        chosen, params.get("nextToken"), params.get("maxResults", 100), str, invalid("Invalid token.")
    )
    return {"taskArns": arns} | ({"nextToken": token} if token else {})


def describe_tasks(call: Call, params: Content) -> Content:
    """Up to 100 tasks; unknown ones are failures with reason MISSING."""
    cluster = find_cluster(call.world, params.get("cluster"))
    references = params["tasks"]
    if not references:
        raise invalid("Tasks cannot be empty.")
    if len(references) > _MOST:
        raise invalid(f"Tasks length should be at most {_MOST}.")
    found, failures = [], []
    for reference in references:
        task = lookup_task(call.world, cluster, reference)
        if task is None:
            missing = (
                reference
                if reference.startswith("arn:")
                else arn(call.world, f"task/{cluster.name}/{reference}")
            )
            failures.append({"arn": missing, "reason": "MISSING"})
        else:
            found.append(shown(call, task, tags="TAGS" in params.get("include", [])))
    return {"tasks": found, "failures": failures}


def run_task(call: Call, params: Content) -> Content:
    """Starts up to ten tasks outside of any service."""
    cluster = find_cluster(call.world, params.get("cluster"))
    if "taskDefinition" not in params:
        raise invalid("TaskDefinition can not be blank.")
    if _overrides(params.get("overrides", {})):
        raise AwsError("UnsupportedFeatureException", "The embedded ECS runs tasks without overrides.")
    count = params.get("count", 1)
    if not 1 <= count <= _MOST_RUN:
        raise invalid(f"Count must be between 1 and {_MOST_RUN}.")
    task_definition = usable_task_definition(call.world, params["taskDefinition"])
    check_launch(task_definition, params)
    tasks = [_run(call, cluster.name, task_definition.arn, params) for _ in range(count)]
    return {"tasks": [shown(call, task, tags=True) for task in tasks], "failures": []}


def stop_task(call: Call, params: Content) -> Content:
    """Stops a task at once, without draining its target first, as ECS does (containers-roadmap#708)."""
    cluster = find_cluster(call.world, params.get("cluster"))
    task = lookup_task(call.world, cluster, params["task"])
    if task is None:
        raise invalid("The referenced task was not found.")
    reason = params.get("reason", "Task stopped by user")
    if task.desired_status != "STOPPED":
        transitions.stop_task(call.world, task, reason, "UserInitiated", call.now)
    return {"task": shown(call, task, tags=False)}


def _overrides(given: Content) -> bool:
    """Whether anything is overridden: clients send an empty list, or a container's name alone, as well."""
    containers = given.get("containerOverrides", [])
    return any(one.keys() - {"name"} for one in containers) or any(
        value for member, value in given.items() if member != "containerOverrides"
    )


def _run(call: Call, cluster: str, task_definition: str, params: Content) -> Task:
    tags = list(params.get("tags", []))
    if params.get("propagateTags") == "TASK_DEFINITION":
        tags = merged(call.world.task_definitions[task_definition].tags, tags)
    return transitions.run_task(
        call.world,
        cluster,
        task_definition,
        call.now,
        started_by=params.get("startedBy", ""),
        group=params.get("group"),
        tags=tags,
    )


def refuse_protection(call: Call, params: Content) -> Content:
    """Refuses task protection: this scheduler would stop a protected task all the same, and must not pretend."""
    del call, params
    raise AwsError(
        "UnsupportedFeatureException", "The embedded ECS has no task protection; test it on a real cluster."
    )
