"""Stacks over the API: created, changed, replaced, rolled back and deleted; each time read back where it is."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.engine import Aws
from tests.local.stacks import Stack, body, given, group, log_groups

BROKEN = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "no spaces allowed, at all"}}


@pytest.fixture
def stack(aws: Aws, name: str) -> Stack:
    """A stack that is not there yet."""
    return Stack(aws, name)


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


def test_resources_come_in_the_order_of_their_needs_and_go_in_the_other(aws: Aws, stack: Stack) -> None:
    prefix = f"/{stack.name}"
    text = body(
        {
            "Last": group(f"{prefix}/last", DependsOn="Middle"),
            "Middle": group("unused") | {"Properties": {"LogGroupName": {"Fn::Sub": "${First}/middle"}}},
            "First": group(f"{prefix}/first"),
        },
        Outputs={"Middle": {"Value": {"Fn::GetAtt": ["Middle", "Arn"]}}},
    )
    assert stack.create(text) == "CREATE_COMPLETE"
    made = [logical for logical, status in stack.events() if status == "CREATE_COMPLETE"]
    assert made == ["First", "Middle", "Last", stack.name]
    assert set(log_groups(aws, prefix)) == {f"{prefix}/first", f"{prefix}/first/middle", f"{prefix}/last"}
    assert stack.outputs()["Middle"].endswith(f":log-group:{prefix}/first/middle:*")
    identity = stack.described()["StackId"]
    assert stack.delete() == "DELETE_COMPLETE"
    gone = [logical for logical, status in stack.events(identity) if status == "DELETE_COMPLETE"]
    assert gone == ["Last", "Middle", "First", stack.name]
    assert log_groups(aws, prefix) == {}


def test_each_resource_tells_when_it_begins_is_there_and_is_done(stack: Stack) -> None:
    stack.create(body({"G": group(f"/{stack.name}")}))
    rows = stack.aws("cloudformation").describe_stack_events(StackName=stack.name)["StackEvents"]
    told = [(row["ResourceStatus"], row.get("ResourceStatusReason")) for row in rows[::-1][1:4]]
    assert told == [
        ("CREATE_IN_PROGRESS", None),
        ("CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("CREATE_COMPLETE", None),
    ]


def test_what_can_be_changed_is_changed_in_place(aws: Aws, stack: Stack) -> None:
    stack.create(body({"G": group(f"/{stack.name}", 7)}))
    assert stack.update(body({"G": group(f"/{stack.name}", 30)})) == "UPDATE_COMPLETE"
    assert log_groups(aws, f"/{stack.name}") == {f"/{stack.name}": 30}
    assert ("G", "DELETE_COMPLETE") not in stack.events()


def test_what_cannot_be_changed_is_made_anew_and_the_old_one_goes_last(aws: Aws, stack: Stack) -> None:
    prefix = f"/{stack.name}"
    stack.create(body({"G": group(f"{prefix}/old"), "H": group(f"{prefix}/h", DependsOn="G")}))
    stack.update(body({"G": group(f"{prefix}/new"), "H": group(f"{prefix}/h", 30, DependsOn="G")}))
    assert log_groups(aws, prefix) == {f"{prefix}/new": 7, f"{prefix}/h": 30}
    done = [one for one in stack.events() if one[1] in ("UPDATE_COMPLETE", "DELETE_COMPLETE")]
    assert done == [
        ("G", "UPDATE_COMPLETE"),
        ("H", "UPDATE_COMPLETE"),
        ("G", "DELETE_COMPLETE"),
        (stack.name, "UPDATE_COMPLETE"),
    ]


def test_what_is_no_longer_in_the_template_goes(aws: Aws, stack: Stack) -> None:
    prefix = f"/{stack.name}"
    stack.create(body({"G": group(f"{prefix}/g"), "H": group(f"{prefix}/h")}))
    stack.update(body({"G": group(f"{prefix}/g")}))
    assert set(log_groups(aws, prefix)) == {f"{prefix}/g"}
    resources = aws("cloudformation").list_stack_resources(StackName=stack.name)
    assert [one["LogicalResourceId"] for one in resources["StackResourceSummaries"]] == ["G"]


@pytest.mark.parametrize("way", ["delete", "remove", "replace"])
def test_what_is_retained_stays(aws: Aws, stack: Stack, way: str) -> None:
    prefix = f"/{stack.name}"
    policies = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    stack.create(body({"G": group(f"{prefix}/g", **policies), "H": group(f"{prefix}/h")}))
    identity = stack.described()["StackId"]
    if way == "delete":
        stack.delete()
    else:
        changed = {"G": group(f"{prefix}/other", **policies)} if way == "replace" else {}
        stack.update(body({"H": group(f"{prefix}/h"), **changed}))
    assert f"{prefix}/g" in log_groups(aws, prefix)
    assert ("G", "DELETE_SKIPPED") in stack.events(identity)


def test_a_failed_creation_is_undone_and_says_why(aws: Aws, stack: Stack) -> None:
    prefix = f"/{stack.name}"
    text = body({"G": group(f"{prefix}/g"), "Bad": BROKEN | {"DependsOn": "G"}})
    assert stack.create(text) == "ROLLBACK_COMPLETE"
    assert log_groups(aws, prefix) == {}
    assert "logGroupName" in stack.reasons()["Bad"]
    rollback = [one for one in stack.events() if one[0] == stack.name]
    assert [status for _, status in rollback] == [
        "CREATE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
    ]
    code, message = refused(aws("cloudformation").update_stack, StackName=stack.name, TemplateBody=text)
    assert code == "ValidationError"
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in message
    assert stack.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("params", "status", "left"),
    [
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", 1),
        ({"DisableRollback": True}, "CREATE_FAILED", 1),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0),
    ],
)
def test_what_becomes_of_a_failed_creation_can_be_chosen(
    aws: Aws, stack: Stack, params: dict[str, Any], status: str, left: int
) -> None:
    text = body({"G": group(f"/{stack.name}"), "Bad": BROKEN | {"DependsOn": "G"}})
    assert stack.create(text, **params) == status
    assert len(log_groups(aws, f"/{stack.name}")) == left


def test_a_failed_update_brings_everything_back(aws: Aws, stack: Stack) -> None:
    prefix = f"/{stack.name}"
    stack.create(
        body({"G": group(f"{prefix}/g", 7), "R": group(f"{prefix}/r")}, Outputs={"O": {"Value": "before"}})
    )
    worse = {
        "G": group(f"{prefix}/g", 30),
        "R": group(f"{prefix}/replaced"),
        "New": group(f"{prefix}/new"),
        "Bad": BROKEN | {"DependsOn": ["G", "R", "New"]},
    }
    assert stack.update(body(worse, Outputs={"O": {"Value": "after"}})) == "UPDATE_ROLLBACK_COMPLETE"
    assert log_groups(aws, prefix) == {f"{prefix}/g": 7, f"{prefix}/r": 7}
    assert stack.outputs() == {"O": "before"}
    # It can be changed again from there.
    assert stack.update(body({"G": group(f"{prefix}/g", 14)})) == "UPDATE_COMPLETE"
    assert log_groups(aws, prefix) == {f"{prefix}/g": 14}


def test_what_will_not_go_is_named(aws: Aws, stack: Stack) -> None:
    repository = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": stack.name}}
    stack.create(body({"R": repository, "G": group(f"/{stack.name}")}))
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}'
    aws("ecr").put_image(repositoryName=stack.name, imageTag="a", imageManifest=manifest)
    assert stack.delete() == "DELETE_FAILED"
    assert stack.described()["StackStatusReason"] == "The following resource(s) failed to delete: [R]. "
    assert stack.delete(RetainResources=["R"]) == "DELETE_COMPLETE"


def test_conditions_leave_resources_and_outputs_out(aws: Aws, stack: Stack) -> None:
    text = body(
        {"G": group(f"/{stack.name}"), "H": group(f"/{stack.name}/h", Condition="Big")},
        Parameters={"Size": {"Type": "String", "Default": "small"}},
        Conditions={"Big": {"Fn::Equals": [{"Ref": "Size"}, "big"]}},
        Outputs={"H": {"Condition": "Big", "Value": {"Ref": "H"}}},
    )
    stack.create(text)
    assert (len(log_groups(aws, f"/{stack.name}")), stack.outputs()) == (1, {})
    stack.update(text, Parameters=given({"Size": "big"}))
    assert (len(log_groups(aws, f"/{stack.name}")), stack.outputs()) == (2, {"H": f"/{stack.name}/h"})
    stack.update(text, Parameters=given({"Size": "small"}))
    assert (len(log_groups(aws, f"/{stack.name}")), stack.outputs()) == (1, {})


def test_an_update_that_changes_nothing_is_refused_and_outputs_count(stack: Stack) -> None:
    text = body({"G": group(f"/{stack.name}")})
    stack.create(text)
    update = stack.aws("cloudformation").update_stack
    assert refused(update, StackName=stack.name, TemplateBody=text) == (
        "ValidationError",
        "No updates are to be performed.",
    )
    told = {"O": {"Value": "x"}}
    assert stack.update(body({"G": group(f"/{stack.name}")}, Outputs=told)) == "UPDATE_COMPLETE"
    assert stack.outputs() == {"O": "x"}


ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        (body({"X": {"Type": "AWS::S3::Bucket"}}), "ValidationError", "Unrecognized resource types: [AWS::S3::Bucket]"),
        (body({"R": ROLE}), "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        (
            body({"R": ROLE | {"Properties": {"RoleName": "r"}}}),
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        (
            body({"G": group("g", DependsOn="Nobody")}),
            "ValidationError",
            "Unresolved resource dependencies [Nobody]",
        ),
        (
            body({"G": group("g", DependsOn="H"), "H": group("h", DependsOn="G")}),
            "ValidationError",
            "Circular dependency between resources: [G, H]",
        ),
        (
            body({"G": group("g")}, Outputs={"O": {"Value": {"Ref": "Nobody"}}}),
            "ValidationError",
            "Unresolved resource dependencies [Nobody]",
        ),
        (
            body({"G": group("g")}, Parameters={"V": {"Type": "AWS::EC2::VPC::Id", "Default": "vpc-0"}}),
            "ValidationError",
            "parameter value vpc-0 for parameter name V does not exist",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_before_anything_is_made(stack: Stack, text: str, code: str, message: str) -> None:
    found = refused(stack.aws("cloudformation").create_stack, StackName=stack.name, TemplateBody=text)
    assert found[0] == code
    assert message in found[1]
    assert "does not exist" in refused(stack.aws("cloudformation").describe_stacks, StackName=stack.name)[1]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"LogGroupNam": "x"}, "extraneous key [LogGroupNam] is not permitted"),
        ({"LogGroupName": ["x"]}, "expected type: String"),
    ],
)
def test_properties_that_the_type_has_not_fail_the_resource(
    stack: Stack, properties: dict[str, Any], message: str
) -> None:
    text = body({"G": {"Type": "AWS::Logs::LogGroup", "Properties": properties}})
    assert stack.create(text) == "ROLLBACK_COMPLETE"
    assert message in stack.reasons()["G"]


def test_a_property_that_must_be_there_is_named(stack: Stack) -> None:
    assert stack.create(body({"S": {"Type": "AWS::EC2::SecurityGroup"}})) == "ROLLBACK_COMPLETE"
    assert "required key [GroupDescription] not found" in stack.reasons()["S"]


def test_a_name_that_is_taken_fails_the_resource(aws: Aws, stack: Stack, cluster: str) -> None:
    text = body({"C": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": cluster}}})
    assert Stack(aws, f"{stack.name}-other").create(text) == "ROLLBACK_COMPLETE"
    assert f"'{cluster}' already exists" in Stack(aws, f"{stack.name}-other").reasons()["C"]
    assert aws("ecs").describe_clusters(clusters=[cluster])["clusters"][0]["status"] == "ACTIVE"


def test_a_stack_is_there_once(stack: Stack) -> None:
    create = stack.aws("cloudformation").create_stack
    params = {"StackName": stack.name, "TemplateBody": body({"G": group(f"/{stack.name}")})}
    first = create(**params, ClientRequestToken="t")
    assert create(**params, ClientRequestToken="t")["StackId"] == first["StackId"]
    assert refused(create, **params)[0] == "AlreadyExistsException"
    stack.rest()
    stack.delete()
    again = create(**params)
    stack.rest()
    assert again["StackId"] != first["StackId"]
    stacks = stack.aws("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])
    assert first["StackId"] in [one["StackId"] for one in stacks["StackSummaries"]]
