"""A call's template and parameters, checked as AWS checks them before anything is done."""

from __future__ import annotations

from urllib.parse import urlsplit

from ecs_local.api.cloudformation.site import Site
from ecs_local.api.cloudformation.table import check_types
from ecs_local.api.errors import AwsError
from ecs_local.cfn_parameters import given_values, of_type
from ecs_local.cfn_records import Stack, Version
from ecs_local.cfn_template import Template, TemplateError, parse
from ecs_local.world import Content

_NAMED = {"AWS::IAM::Role": "RoleName"}
_CAPABLE = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
_LOOKED_UP = (
    ("AWS::EC2::VPC::Id", "DescribeVpcs", "VpcIds", "Vpcs", "VpcId"),
    ("AWS::EC2::Subnet::Id", "DescribeSubnets", "SubnetIds", "Subnets", "SubnetId"),
)
"""(parameter type, call, its member for ids, list of the answer, id in it)."""


def invalid(message: str) -> AwsError:
    """CloudFormation's error for nearly everything."""
    return AwsError("ValidationError", message)


async def version(site: Site, params: Content, stack: Stack | None) -> Version:
    """What a call wants a stack to be. Raises `AwsError`."""
    before = stack.version if stack is not None else None
    try:
        body = _body(params, before)
        template = parse(body)
        check_types(template)
        given = params.get("Parameters", [])
        values = given_values(template, given, before.parameters if before is not None else {})
    except TemplateError as error:
        raise invalid(str(error)) from None
    _check_capabilities(template, params.get("Capabilities", []))
    await _check_network(site, template, values)
    return Version(body, template, values)


def capabilities(template: Template) -> list[str]:
    """What the caller has to acknowledge, the stronger one where a role has a name of its own."""
    roles = [one for one in template.resources.values() if one.type.startswith("AWS::IAM::")]
    if not roles:
        return []
    named = any(_NAMED.get(one.type, "") in one.properties for one in roles)
    return [_CAPABLE[1] if named else _CAPABLE[0]]


def _body(params: Content, before: Version | None) -> str:
    if params.get("UsePreviousTemplate"):
        if before is None:
            raise invalid("No previous template is there to be used.")
        return before.body
    if "TemplateBody" in params:
        return str(params["TemplateBody"])
    if url := params.get("TemplateURL"):
        raise invalid(f"The embedded ECS reads no template from {urlsplit(url).netloc}: give a TemplateBody.")
    raise invalid("Either Template URL or Template Body must be specified.")


def _check_capabilities(template: Template, given: list[str]) -> None:
    wanted = capabilities(template)
    if wanted and not set(given) & set(_CAPABLE[_CAPABLE.index(wanted[0]) :]):
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{wanted[0]}]")


async def _check_network(site: Site, template: Template, values: dict[str, str]) -> None:
    """Networks that are named must be there: AWS looks before it begins."""
    for kind, operation, asked, listed, member in _LOOKED_UP:
        for name, one in of_type(template, values, kind):
            try:
                answer = await site.inside.ask("ec2", operation, {asked: [one]})
                found = [each[member] for each in answer[listed]]
            except AwsError:
                found = []
            if one not in found:
                raise invalid(
                    f"Template validation error: Parameter validation failed: parameter value {one} for "
                    f"parameter name {name} does not exist"
                )
