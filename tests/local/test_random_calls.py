"""Random legal sequences of API calls: every answer fits botocore's shapes, the world's rules hold throughout.

ECS_LOCAL_SEQUENCES=1000 pytest tests/local/test_random_calls.py     more of them
"""

from __future__ import annotations

import os
from typing import Any

from ecs_local.api import ecs
from ecs_local.world import World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.random_calls import Account
from tests.local.worlds import GROUP

SEQUENCES = int(os.environ.get("ECS_LOCAL_SEQUENCES", "40"))
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
BALANCERS = [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}]

ASKED = {"RegisterTaskDefinition"}  # the operations of ECS that the steps are made of

Step = tuple[str, str, dict[str, Any]]

clusters = st.sampled_from(["main"] * 11 + ["other"])
names = st.sampled_from(["app"] * 4 + ["shop"])
families = st.sampled_from(["app"] * 4 + ["job"])
images = st.sampled_from(["app:1", "app:1", "app:2", "app:crash", "app:missing", "app:sick"])
counts = st.sampled_from([0, 1, 1, 2, 3, 7])
indices = st.integers(0, 5)
tags = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from("abc"), "value": st.sampled_from("xy")}),
    max_size=2,
    unique_by=lambda tag: tag["key"],
)
envelopes = st.sampled_from([(100, 200), (0, 200), (50, 200), (0, 100), (50, 150)])
breakers = st.fixed_dictionaries(
    {"enable": st.booleans(), "rollback": st.booleans()},
    optional={
        "resetOnHealthyTask": st.booleans(),
        "thresholdConfiguration": st.sampled_from(
            [{"type": "COUNT", "value": 1}, {"type": "BOUNDED_PERCENT", "value": 50}]
        ),
    },
)
configurations = st.builds(
    lambda envelope, breaker: {
        "minimumHealthyPercent": envelope[0],
        "maximumPercent": envelope[1],
        "deploymentCircuitBreaker": breaker,
    },
    envelopes,
    breakers,
)


class Ref:
    """Something that is known only when the step is taken: the nth task, revision, deployment or resource."""

    def __init__(self, kind: str, index: int) -> None:
        self.kind, self.index = kind, index

    def __repr__(self) -> str:
        return f"{self.kind}[{self.index}]"

    def __call__(self, world: World) -> str:
        known = {
            "task": list(world.tasks),
            "definition": list(world.task_definitions),
            "deployment": [d.arn for one in world.services.values() for d in one.service_deployments],
            "revision": [
                d.target_revision for one in world.services.values() for d in one.service_deployments
            ],
            "resource": [one.arn for one in (*world.clusters.values(), *world.services.values())],
        }[self.kind]
        nowhere = f"arn:aws:ecs:{world.region}:{world.account}:{self.kind}/none/none/0"
        return known[-1 - self.index % len(known)] if known else nowhere


def refs(kind: str) -> st.SearchStrategy[Ref]:
    return st.builds(Ref, st.just(kind), indices)


def op(operation: str, optional: dict[str, Any] | None = None, **required: Any) -> st.SearchStrategy[Step]:
    """A call to ECS with these strategies for its input."""
    ASKED.add(operation)
    given = st.fixed_dictionaries(required, optional=optional or {})
    return st.tuples(st.just("ecs"), st.just(operation), given)


def listed(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(*strategies), min_size=1, max_size=2)


PAGE = {"maxResults": st.integers(1, 3)}
definitions = st.one_of(families, refs("definition"))
registered = st.tuples(
    st.just("ecs"),
    st.just("RegisterTaskDefinition"),
    st.builds(lambda *given: revision(*given), images, families),
)
created = op(
    "CreateService",
    {
        "deploymentConfiguration": configurations,
        "loadBalancers": st.just(BALANCERS),
        "healthCheckGracePeriodSeconds": st.just(20),
        "clientToken": st.sampled_from(["t1", "t2"]),
        "tags": tags,
    },
    cluster=clusters,
    serviceName=names,
    taskDefinition=definitions,
    desiredCount=counts,
    launchType=st.just("FARGATE"),
    networkConfiguration=st.just(NETWORK),
)
updated = op(
    "UpdateService",
    {
        "taskDefinition": refs("definition"),
        "desiredCount": counts,
        "forceNewDeployment": st.booleans(),
        "deploymentConfiguration": configurations,
        "healthCheckGracePeriodSeconds": st.sampled_from([0, 20]),
    },
    cluster=clusters,
    service=names,
)
writes = [
    op("CreateCluster", {"tags": tags}, clusterName=clusters),
    op("DeleteCluster", cluster=clusters),
    op(
        "UpdateClusterSettings",
        cluster=clusters,
        settings=st.just([{"name": "containerInsights", "value": "enhanced"}]),
    ),
    registered,
    op("DeregisterTaskDefinition", taskDefinition=refs("definition")),
    created,
    updated,
    op("DeleteService", {"force": st.booleans()}, cluster=clusters, service=names),
    op(
        "RunTask",
        {"count": st.integers(1, 3), "startedBy": st.just("me"), "tags": tags},
        cluster=clusters,
        taskDefinition=definitions,
        launchType=st.just("FARGATE"),
        networkConfiguration=st.just(NETWORK),
    ),
    op("StopTask", {"reason": st.just("why not")}, cluster=clusters, task=refs("task")),
    op("StopServiceDeployment", {"stopType": st.just("ROLLBACK")}, serviceDeploymentArn=refs("deployment")),
    op("TagResource", resourceArn=refs("resource"), tags=tags),
    op("UntagResource", resourceArn=refs("resource"), tagKeys=st.just(["a"])),
    st.tuples(
        st.just("application-autoscaling"),
        st.just("RegisterScalableTarget"),
        st.fixed_dictionaries(
            {
                "ServiceNamespace": st.just("ecs"),
                "ResourceId": st.just("service/main/app"),
                "ScalableDimension": st.just("ecs:service:DesiredCount"),
                "MinCapacity": st.integers(0, 1),
                "MaxCapacity": st.integers(1, 4),
            },
            optional={
                "SuspendedState": st.just({"DynamicScalingInSuspended": True}),
            },
        ),
    ),
]
INCLUDE = {"include": st.just(["TAGS"])}
reads = [
    op("DescribeClusters", {"include": st.just(["TAGS", "SETTINGS"])}, clusters=listed(clusters)),
    op("DescribeServiceDeployments", serviceDeploymentArns=listed(refs("deployment"))),
    op("DescribeServiceRevisions", serviceRevisionArns=listed(refs("revision"))),
    op("DescribeServices", INCLUDE, cluster=clusters, services=listed(names)),
    op("DescribeTaskDefinition", INCLUDE, taskDefinition=definitions),
    op("DescribeTasks", INCLUDE, cluster=clusters, tasks=listed(refs("task"))),
    op("ListClusters", PAGE),
    op("ListServiceDeployments", PAGE, cluster=clusters, service=names),
    op("ListServices", PAGE, cluster=clusters),
    op("ListTagsForResource", resourceArn=refs("resource")),
    op("ListTaskDefinitionFamilies", PAGE),
    op("ListTaskDefinitions", PAGE | {"sort": st.sampled_from(["ASC", "DESC"])}),
    op("ListTasks", PAGE | {"desiredStatus": st.sampled_from(["RUNNING", "STOPPED"])}, cluster=clusters),
    st.tuples(
        st.just("application-autoscaling"),
        st.sampled_from(["DescribeScalableTargets", "DescribeScalingActivities", "DescribeScalingPolicies"]),
        st.just({"ServiceNamespace": "ecs"}),
    ),
    st.tuples(st.just("elbv2"), st.just("DescribeTargetHealth"), st.just({"TargetGroupArn": GROUP})),
]
waits = st.tuples(
    st.just("wait"),
    st.just(""),
    st.fixed_dictionaries({"seconds": st.sampled_from([0.05, 0.3, 1.0, 4.0, 30.0, 30.0])}),
)
rollouts = st.one_of(updated, updated, registered, waits, waits)
steps = st.lists(st.one_of(rollouts, rollouts, st.one_of(writes), st.one_of(reads)), min_size=8, max_size=30)


def resolved(value: Any, world: World) -> Any:
    """The input with every reference replaced by what it means now."""
    if isinstance(value, Ref):
        return value(world)
    if isinstance(value, dict):
        return {name: resolved(one, world) for name, one in value.items()}
    return [resolved(one, world) for one in value] if isinstance(value, list) else value


def begin(seed: int) -> Account:
    """An account with one service at work, and a bad revision and a good one at hand."""
    account = Account(seed)
    account.read("CreateCluster", clusterName="main")
    for image in ("app:1", "app:crash", "app:2"):
        account.read("RegisterTaskDefinition", **revision(image))
    account.read(
        "CreateService",
        cluster="main",
        serviceName="app",
        taskDefinition="app:1",
        desiredCount=1,
        launchType="FARGATE",
        loadBalancers=BALANCERS,
        networkConfiguration=NETWORK,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": True}},
    )
    account.wait(5.0)
    return account


def revision(image: str, family: str = "app") -> dict[str, Any]:
    """The input of RegisterTaskDefinition for one container of that image."""
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 8080}]}],
    }


def play(account: Account, script: list[Step]) -> None:
    """Takes the steps, then compares what the account says of itself."""
    for service, operation, params in script:
        if service == "wait":
            account.wait(params["seconds"])
        else:
            account.ask(service, operation, resolved(params, account.world))
            account.wait(0.0)
    agree(account)
    account.wait(60.0)
    agree(account)


def agree(account: Account) -> None:
    """Services, their deployments and their tasks tell the same story; pages together are the whole list."""
    for cluster in account.read("ListClusters")["clusterArns"]:
        services = paged(account, "ListServices", "serviceArns", cluster=cluster)
        tasks = paged(account, "ListTasks", "taskArns", cluster=cluster)
        assert tasks == account.read("ListTasks", cluster=cluster)["taskArns"]
        shown = account.read("DescribeTasks", cluster=cluster, tasks=tasks)["tasks"] if tasks else []
        for reference in services:
            [service] = account.read("DescribeServices", cluster=cluster, services=[reference])["services"]
            mine = [one for one in shown if one["group"] == f"service:{service['serviceName']}"]
            for deployment in service["deployments"]:
                running = [
                    one
                    for one in mine
                    if one["startedBy"] == deployment["id"] and one["lastStatus"] == "RUNNING"
                ]
                assert len(running) <= deployment["runningCount"]  # those ordered to stop are not listed
            for count in ("runningCount", "pendingCount"):
                assert service[count] == sum(one[count] for one in service["deployments"])
            revisions = {one["arn"].rpartition("/")[2] for one in service["currentServiceRevisions"]}
            assert revisions == {one["id"].rpartition("/")[2] for one in service["deployments"]}


def paged(account: Account, operation: str, member: str, **params: Any) -> list[str]:
    """A whole list, one item a page."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = account.read(operation, maxResults=1, **params, **token)
        found += answer[member]
        if "nextToken" not in answer:
            assert len(set(found)) == len(found)
            return found
        token = {"nextToken": answer["nextToken"]}


@settings(max_examples=SEQUENCES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps, st.integers(0, 2**32))
def test_random_calls_are_answered_as_the_model_says_and_break_no_rule(script: list[Step], seed: int) -> None:
    play(begin(seed), script)


@settings(max_examples=max(SEQUENCES // 10, 5), deadline=None)
@given(steps, st.integers(0, 2**32))
def test_the_same_calls_give_the_same_world(script: list[Step], seed: int) -> None:
    first, second = begin(seed), begin(seed)
    play(first, script)
    play(second, script)
    assert first.world == second.world


def test_every_operation_of_ecs_is_among_the_calls() -> None:
    refused = {"GetTaskProtection", "UpdateTaskProtection"}
    assert set(ecs.OPERATIONS) - ASKED - refused == set(), "add them to `writes` or `reads` above"
