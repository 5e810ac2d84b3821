"""Small stacks for tests: a template as a dict, and the walk to a stack that is at rest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.engine import Aws, wait_for

CAPABLE = ["CAPABILITY_NAMED_IAM"]


def body(resources: dict[str, Any], **sections: Any) -> str:
    """A template's text."""
    return json.dumps({"Resources": resources, **sections})


def group(name: str, days: int = 7, **members: Any) -> dict[str, Any]:
    """A log group: the resource that costs least."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": name, "RetentionInDays": days},
        **members,
    }


def given(values: dict[str, str]) -> list[dict[str, str]]:
    """Parameters as a call takes them."""
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


@dataclass(frozen=True)
class Stack:
    """A stack of one engine, by name."""

    aws: Aws
    name: str

    def create(self, text: str, **params: Any) -> str:
        """Create it and wait; the status it comes to rest in."""
        made = self.aws("cloudformation").create_stack(
            StackName=self.name, TemplateBody=text, Capabilities=CAPABLE, **params
        )
        return self.rest(made["StackId"])

    def update(self, text: str, **params: Any) -> str:
        """Update it and wait; the status it comes to rest in."""
        self.aws("cloudformation").update_stack(
            StackName=self.name, TemplateBody=text, Capabilities=CAPABLE, **params
        )
        return self.rest()

    def delete(self, **params: Any) -> str:
        """Delete it and wait; the status it comes to rest in."""
        identity = self.described()["StackId"]
        self.aws("cloudformation").delete_stack(StackName=self.name, **params)
        return self.rest(identity)

    def described(self, identity: str = "") -> dict[str, Any]:
        """The stack as DescribeStacks shows it."""
        answer = self.aws("cloudformation").describe_stacks(StackName=identity or self.name)
        stack: dict[str, Any] = answer["Stacks"][0]
        return stack

    def rest(self, identity: str = "") -> str:
        """The status when nothing goes on any more."""

        def at_rest() -> str:
            status = str(self.described(identity)["StackStatus"])
            return "" if status.endswith("_IN_PROGRESS") else status

        return str(wait_for(at_rest, f"stack {self.name} at rest"))

    def events(self, identity: str = "") -> list[tuple[str, str]]:
        """(logical id, status) of everything that happened, oldest first."""
        rows = self.aws("cloudformation").describe_stack_events(StackName=identity or self.name)
        return [(row["LogicalResourceId"], row["ResourceStatus"]) for row in reversed(rows["StackEvents"])]

    def reasons(self) -> dict[str, str]:
        """The reason of each failure, by logical id."""
        rows = self.aws("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        return {
            row["LogicalResourceId"]: row["ResourceStatusReason"]
            for row in rows
            if row["ResourceStatus"].endswith("_FAILED") and row["LogicalResourceId"] != self.name
        }

    def outputs(self) -> dict[str, str]:
        """The outputs by key."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.described().get("Outputs", [])}


def log_groups(aws: Aws, prefix: str) -> dict[str, int | None]:
    """The retention of every log group below a prefix, by name, as CloudWatch Logs itself has it."""
    rows = aws("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {row["logGroupName"]: row.get("retentionInDays") for row in rows}
