"""Change sets: what would be done is told before it is done, and nothing else is done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ecs_local import client

from tests.engine import Aws
from tests.local.stacks import Stack, body, given, group, log_groups

SIZED = {"Days": {"Type": "Number", "Default": 7}, "Name": {"Type": "String"}}


def text(**resources: Any) -> str:
    sized = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": {"Ref": "Name"}, "RetentionInDays": {"Ref": "Days"}},
    }
    return body({"G": sized, **resources}, Parameters=SIZED)


@pytest.fixture
def stack(aws: Aws, name: str) -> Stack:
    """A stack that is not there yet."""
    return Stack(aws, name)


def change_set(stack: Stack, template: str, kind: str = "UPDATE", **values: str) -> dict[str, Any]:
    cloudformation = stack.aws("cloudformation")
    made = cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName=f"set-{kind.lower()}",
        ChangeSetType=kind,
        TemplateBody=template,
        Parameters=given(values),
    )
    found: dict[str, Any] = cloudformation.describe_change_set(
        ChangeSetName=made["Id"], IncludePropertyValues=True
    )
    return found


def test_a_new_stack_waits_for_its_review_and_is_then_made(aws: Aws, stack: Stack) -> None:
    made = change_set(stack, text(), "CREATE", Name=f"/{stack.name}")
    assert (made["Status"], made["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [one["ResourceChange"]["Action"] for one in made["Changes"]] == ["Add"]
    assert stack.described()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert log_groups(aws, f"/{stack.name}") == {}
    aws("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert stack.rest() == "CREATE_COMPLETE"
    assert log_groups(aws, f"/{stack.name}") == {f"/{stack.name}": 7}


def test_changes_name_property_values_cause_and_whether_they_replace(stack: Stack) -> None:
    stack.create(text(H=group(f"/{stack.name}/h")), Parameters=given({"Name": f"/{stack.name}"}))
    made = change_set(stack, text(I=group(f"/{stack.name}/i")), Name=f"/{stack.name}/new", Days="30")
    changes = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in made["Changes"]}
    assert {name: one["Action"] for name, one in changes.items()} == {
        "G": "Modify",
        "I": "Add",
        "H": "Remove",
    }
    assert changes["G"]["Replacement"] == "True"
    details = {one["Target"]["Name"]: one for one in changes["G"]["Details"]}
    retention, named = details["RetentionInDays"], details["LogGroupName"]
    assert (retention["Target"]["BeforeValue"], retention["Target"]["AfterValue"]) == ("7", "30")
    assert retention["Target"]["RequiresRecreation"] == "Never"
    assert named["Target"]["RequiresRecreation"] == "Always"
    assert (named["ChangeSource"], named["CausingEntity"]) == ("ParameterReference", "Name")


def test_what_depends_on_a_replaced_resource_is_known_after(stack: Stack) -> None:
    leaning = group("x") | {"Properties": {"LogGroupName": {"Fn::Sub": "${G}/leaning"}}}
    stack.create(text(L=leaning), Parameters=given({"Name": f"/{stack.name}"}))
    made = change_set(stack, text(L=leaning), Name=f"/{stack.name}/new")
    change = {one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in made["Changes"]}[
        "L"
    ]
    (detail,) = change["Details"]
    assert (detail["Evaluation"], detail["ChangeSource"]) == ("Dynamic", "ResourceReference")
    assert detail["CausingEntity"] == "G"


def test_a_set_without_changes_has_failed_and_cannot_be_executed(stack: Stack) -> None:
    stack.create(text(), Parameters=given({"Name": f"/{stack.name}"}))
    made = change_set(stack, text(), Name=f"/{stack.name}")
    assert (made["Status"], made["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "didn't contain changes" in made["StatusReason"]
    with pytest.raises(ClientError) as refused:
        stack.aws("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert refused.value.response["Error"]["Code"] == "InvalidChangeSetStatus"


def test_one_executed_change_set_voids_the_others(stack: Stack) -> None:
    cloudformation = stack.aws("cloudformation")
    stack.create(text(), Parameters=given({"Name": f"/{stack.name}"}))
    first = change_set(stack, text(), Name=f"/{stack.name}", Days="14")
    cloudformation.create_change_set(
        StackName=stack.name,
        ChangeSetName="other",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Name", "UsePreviousValue": True}, *given({"Days": "30"})],
    )
    cloudformation.execute_change_set(ChangeSetName=first["ChangeSetId"])
    assert stack.rest() == "UPDATE_COMPLETE"
    rows = cloudformation.list_change_sets(StackName=stack.name)["Summaries"]
    assert [(one["ChangeSetName"], one["ExecutionStatus"]) for one in rows] == [
        ("set-update", "EXECUTE_COMPLETE")
    ]


def test_sets_for_stacks_in_the_wrong_state_are_refused(stack: Stack) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        change_set(stack, text(), Name="/x")
    stack.create(text(), Parameters=given({"Name": f"/{stack.name}"}))
    with pytest.raises(ClientError, match="already exists and cannot be created again"):
        change_set(stack, text(), "CREATE", Name="/x")


def test_a_reviewed_stack_that_nobody_wants_goes_with_its_set(stack: Stack) -> None:
    made = change_set(stack, text(), "CREATE", Name=f"/{stack.name}")
    stack.aws("cloudformation").delete_change_set(ChangeSetName=made["ChangeSetId"])
    assert stack.delete() == "DELETE_COMPLETE"


def test_the_unmodified_aws_cli_brings_a_template(aws: Aws, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(text())
    command = [
        sys.executable, "-m", "awscli", "cloudformation", "deploy", "--stack-name", stack.name,
        "--template-file", str(file), "--parameter-overrides", f"Name=/{stack.name}", "Days=14",
        "--no-execute-changeset",  # to execute is to wait at least thirty seconds: the CLI's own pace
    ]  # fmt: skip
    environ = {**os.environ, **client.environment(aws.engine), "AWS_CONFIG_FILE": os.devnull}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    (made,) = aws("cloudformation").list_change_sets(StackName=stack.name)["Summaries"]
    aws("cloudformation").execute_change_set(ChangeSetName=made["ChangeSetId"])
    assert stack.rest() == "CREATE_COMPLETE"
    assert log_groups(aws, f"/{stack.name}") == {f"/{stack.name}": 14}


def test_the_template_comes_back_as_it_was_given(stack: Stack) -> None:
    given_text = text()
    stack.create(given_text, Parameters=given({"Name": f"/{stack.name}"}))
    answer = stack.aws("cloudformation").get_template(StackName=stack.name)
    found = answer["TemplateBody"]
    assert (found if isinstance(found, dict) else json.loads(found)) == json.loads(given_text)
    checked = stack.aws("cloudformation").validate_template(TemplateBody=given_text)
    assert [(one["ParameterKey"], one.get("DefaultValue")) for one in checked["Parameters"]] == [
        ("Days", "7"),
        ("Name", None),
    ]
