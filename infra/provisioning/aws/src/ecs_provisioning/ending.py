"""What taking a stack away leaves behind."""

from __future__ import annotations

import yaml
from ecs_deployment.journal import journal_path

from ecs_provisioning.calls import Aws, call
from ecs_provisioning.stack import Stack, resources

_RETAINED = ("Retain", "RetainExceptOnCreate")
_WHY = {
    "AWS::ECR::Repository": "with its images, which no later stack could bring back",
    "AWS::ECS::TaskDefinition": "revisions cost nothing, and name what ran",
}


def of(aws: Aws, stack: Stack) -> tuple[list[str], list[str]]:
    """(what stays and why, what goes), as CloudFormation has it in the stack's own template."""
    kept_ids = _kept(aws, stack)
    kept, gone = [], []
    for logical, kind, physical in resources(aws, stack):
        if logical in kept_ids:
            kept.append(
                f"{kind.rsplit('::', 1)[-1]} {physical.rsplit('/', 1)[-1]}, {_WHY.get(kind, 'by its policy')}"
            )
        else:
            gone.append(logical)
    if (prefix := stack.parameters.get("JournalPrefix")) and "ServiceName" in stack.outputs:
        path = journal_path(prefix, stack.outputs["ClusterName"], stack.outputs["ServiceName"])
        kept.append(f"journal of deploys in SSM, {path}, where there was one")
    return kept, gone


def _kept(aws: Aws, stack: Stack) -> set[str]:
    """The logical ids whose DeletionPolicy keeps them, by the stack's own template."""
    text = call(aws.read("cloudformation"), "get_template", StackName=stack.id)["TemplateBody"]
    declared = yaml.load(str(text), _Loader)["Resources"]  # noqa: S506 - a safe loader that skips tags
    return {name for name, one in declared.items() if one.get("DeletionPolicy") in _RETAINED}


class _Loader(yaml.SafeLoader):
    """YAML in which CloudFormation's functions are there and mean nothing."""


_Loader.add_multi_constructor("!", lambda *_: None)
